import type { KubernetesClient, ResourceType, WatchEvent, WatchOptions } from "../kubernetes/client.ts";
import { ApiError } from "../kubernetes/errors.ts";
import { MULTI_AZ_ROLLOUTS } from "../kubernetes/types.ts";
import type { WorkKey } from "../work/keys.ts";
import type { Interruption, Session } from "../work/reconciler.ts";
import type { MultiAZRollout } from "./observation.ts";

/** A resource as the hub keeps it. */
export interface HubResource {
  uid: string;
  generation: number;
  spec: unknown;
  /** As last saved; undefined before the first pass. */
  status: unknown;
}

/** What the homes of a resource tell. */
export interface Homes {
  /** A resource whose home is the hub; undefined when it is gone or on its way out. */
  loadResource(key: WorkKey): Promise<HubResource | undefined>;
  /** Whether a resource of the same kind, namespace and name has the other home of this cluster. */
  livesElsewhere(key: WorkKey): Promise<boolean>;
}

/** A hub without resources of its own. */
export const NO_HUB_HOME: Homes = { loadResource: async () => undefined, livesElsewhere: async () => false };

/** How often a running pass looks whether its resource has changed in the hub, milliseconds. */
const LOOK_MS = 2_000;

/** @returns why a resource that has two homes in one cluster is refused; undefined when it has one. */
export function homeConflict(
  { cluster, home, kind, namespace, name }: WorkKey,
  livesElsewhere: boolean,
): { reason: "HomeConflict"; message: string } | undefined {
  if (!livesElsewhere) return undefined;
  const [here, there] = home === "hub" ? ["the hub", `cluster ${cluster}`] : [`cluster ${cluster}`, "the hub"];
  const message =
    `${kind} ${namespace}/${name} is in ${here} and in ${there}, and both are about the same StatefulSets, so neither is acted upon; ` +
    `delete one of them: in the hub with \`outrigger delete ${kind}/${name} -n ${namespace}\` (\`--cluster ${cluster}\` when it was applied to this cluster alone), ` +
    `in the cluster with \`kubectl delete ${kind.toLowerCase()} ${name} -n ${namespace}\`.`;
  return { reason: "HomeConflict", message };
}

/**
 * The session of a pass, whatever the home of its resource. For one that lives in the hub the spec is read from the hub and
 * the status goes with pencil and ink; everything else about the cluster stays as it is.
 */
export function openHome(session: Session, homes: Homes): Session {
  const { key } = session;
  if (key.home === "cluster") return session;
  let seen: MultiAZRollout | undefined;
  let status: unknown;
  const load = async (): Promise<MultiAZRollout | undefined> => objectOf(key, await homes.loadResource(key));
  return {
    ...session,
    pencil: (intent) => session.pencil(status === undefined ? intent : { ...intent, status }),
    async interruption(): Promise<Interruption | undefined> {
      const [interruption, current] = await Promise.all([session.interruption(), load()]);
      if (interruption !== undefined && interruption.reason !== "Superseded") return interruption;
      if (versionOf(current) === versionOf(seen)) return interruption;
      return { reason: "ResourceChanged", message: `${key.kind} ${key.namespace}/${key.name} has changed in the hub.` };
    },
    client: hubClient(session, {
      async look() {
        seen = await load();
        return seen;
      },
      seen: () => seen,
      save(next) {
        status = next;
      },
    }),
  };
}

interface Table {
  /** Reads the resource; what comes back is what the pass goes on with. */
  look(): Promise<MultiAZRollout | undefined>;
  /** As last looked at. */
  seen(): MultiAZRollout | undefined;
  save(status: unknown): void;
}

/** The cluster's client, except that the resource itself comes from the hub and its status goes there. */
function hubClient(session: Session, table: Table): KubernetesClient {
  const { client } = session;
  const isOurs = ({ kind }: ResourceType): boolean => kind === MULTI_AZ_ROLLOUTS.kind;
  const of = <T>(value: unknown): T => value as T;
  return {
    async get(type, name, options) {
      if (!isOurs(type)) return client.get(type, name, options);
      const found = await table.look();
      if (found !== undefined) return of(found);
      const request = `GET ${name.namespace ?? ""}/${name.name} of the hub`;
      throw new ApiError({ status: 404, reason: "NotFound", message: "it is not there", request });
    },
    async list(type, options) {
      if (!isOurs(type)) return client.list(type, options);
      const found = await table.look();
      const observedAt = new Date(session.now()).toISOString();
      return { items: found === undefined ? [] : [of(found)], resourceVersion: versionOf(found), observedAt };
    },
    watch: (type, options) => (isOurs(type) ? of(watchTable(session, table, options)) : client.watch(type, options)),
    async patch(type, name, patch, options) {
      if (!isOurs(type)) return client.patch(type, name, patch, options);
      const { status } = patch as { status: Record<string, unknown> };
      table.save(Object.fromEntries(Object.entries(status).filter(([, value]) => value !== null)));
      return of({ metadata: name, status });
    },
    create: (type, object, options) => client.create(type, object, options),
    replace: (type, object, options) => client.replace(type, object, options),
    delete: (type, name, options) => client.delete(type, name, options),
    raw: (method, path, options) => client.raw(method, path, options),
    close: () => client.close(),
  };
}

/** Looks at once, so that nothing between the list and the watch is missed, and then again and again. */
async function* watchTable(
  session: Session,
  table: Table,
  { signal, resourceVersion }: WatchOptions,
): AsyncIterable<WatchEvent<MultiAZRollout>> {
  let version = resourceVersion;
  for (;;) {
    const last = table.seen();
    const next = await table.look();
    if (next === undefined) {
      if (last !== undefined) yield { type: "DELETED", object: last };
      return;
    }
    if (versionOf(next) !== version) yield { type: "MODIFIED", object: next };
    version = versionOf(next);
    await session.sleep(LOOK_MS, signal);
    if (signal?.aborted === true) return;
  }
}

const versionOf = (resource: MultiAZRollout | undefined): string =>
  resource === undefined ? "" : `${resource.metadata.uid}/${resource.metadata.generation}`;

function objectOf({ namespace, name }: WorkKey, resource: HubResource | undefined): MultiAZRollout | undefined {
  if (resource === undefined) return undefined;
  const { uid, generation, spec, status } = resource;
  return {
    apiVersion: MULTI_AZ_ROLLOUTS.apiVersion,
    kind: MULTI_AZ_ROLLOUTS.kind,
    metadata: { name, namespace, uid, generation },
    spec,
    ...(typeof status === "object" && status !== null ? { status: status as Record<string, unknown> } : {}),
  };
}
