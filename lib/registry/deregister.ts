import { NO_DOWNSCALE_POLICY } from "../guards/names.ts";
import { finishDeletions } from "../hub/place.ts";
import type { KubernetesClient } from "../kubernetes/client.ts";
import { isApiError } from "../kubernetes/errors.ts";
import { describeKey, type WorkKey } from "../work/keys.ts";
import { LeaseLostError } from "../work/verdict.ts";
import { coversNamespace } from "./capabilities.ts";
import { describeCleaningFailure } from "./cleaning-failure.ts";
import { tombstone } from "./decide.ts";
import { DiscoveryState } from "./discover-plan.ts";
import { discoveryKey, isDiscovery } from "./discovery-key.ts";
import { keepPreparedPods } from "./keep-prepared-pods.ts";
import type { DeregisterPorts } from "./ports.ts";
import type { Registration } from "./registration.ts";
import { tellDeregistered } from "./tell-deregistered.ts";

export type Deregistration = { done: true } | { done: false; reason: string; message: string };

/**
 * Brings a `Deregistering` cluster to its tombstone: waits for workers to let go, takes back what must not outlive us, then
 * forgets its work. Safe to be cut off anywhere and to be run twice; whoever is not done tries again later.
 * @param options.force skips the cluster: for one that is gone.
 * @param options.holdsDiscovery the caller is the discovery pass itself, whose own lease does not count.
 */
export async function runDeregistration(
  ports: DeregisterPorts,
  registration: Registration,
  options: { force: boolean; holdsDiscovery: boolean },
): Promise<Deregistration> {
  const { name } = registration;
  const all = await ports.work.listCluster(name);
  const rows = all.map(({ row }) => row).filter(({ key }) => !(options.holdsDiscovery && isDiscovery(key)));
  const held = rows.find((row) => row.leaseUntil > ports.clock.now());
  if (held !== undefined && !options.force) {
    return {
      done: false,
      reason: "WorkerActive",
      message: `${describeKey(held.key)} is still held by a worker, which stops before its next batch`,
    };
  }
  if (!options.force) {
    const cleaned = await clean(ports, registration, all);
    if (!cleaned.done) return cleaned;
  }
  // Before the tombstone: nothing is placed in a cluster that leaves, and nobody would look here again.
  for (const spec of (await ports.hub.loadPlaced(name)).specs) await ports.hub.removeSpec(spec);
  const marked = (await ports.hub.listFleet()).filter(({ deleting }) => deleting);
  await finishDeletions(ports, marked);
  const stone = { ...tombstone(registration, ports.clock.now()), untold: { forced: options.force } };
  if (!(await ports.registry.save(stone, registration))) {
    return { done: false, reason: "Changed", message: `cluster ${name} was written meanwhile` };
  }
  // While there is work: whoever takes it finds the tombstone, and tells what was not told.
  await tellDeregistered(ports, stone);
  for (const { key, fence, ticket } of rows) {
    try {
      await ports.work.forget(key, fence, { ticket });
    } catch (error) {
      // A worker took it meanwhile: it finds the tombstone and lets go by itself.
      if (!(error instanceof LeaseLostError)) throw error;
    }
  }
  // Forced, nobody has looked: what may be left in a cluster that still exists.
  const left = options.force ? { mayBeLeft: `ValidatingAdmissionPolicy ${NO_DOWNSCALE_POLICY}` } : {};
  ports.log("info", "Cluster deregistered", { cluster: name, forced: options.force, ...left });
  return { done: true };
}

/** The guard goes first: without us nobody would know why StatefulSets cannot be scaled down. */
async function clean(ports: DeregisterPorts, registration: Registration, all: Rows): Promise<Deregistration> {
  const { name: cluster } = registration;
  const { state } = all.find(({ row }) => isDiscovery(row.key))?.state ?? {};
  let what = "the guard";
  try {
    const client = await ports.connect(registration);
    await ports.leaveGuard(client, { hubId: ports.hubId, cluster }, DiscoveryState.safeParse(state).data?.guard);
    what = "what was prepared";
    const resources = all.filter(({ row }) => row.key.kind !== discoveryKey(cluster).kind);
    await takeBackAll(ports, client, registration, resources);
    what = "claims";
    await releaseAll(ports, client, registration, resources);
    return { done: true };
  } catch (error) {
    return {
      done: false,
      reason: "CleaningFailed",
      message:
        `${what} in cluster ${cluster} could not be taken back: ${describeCleaningFailure(error)}. This is tried again until it works; ` +
        "if the cluster is gone, send Cluster Deregistered with `force: true`",
    };
  }
}

type Rows = Awaited<ReturnType<DeregisterPorts["work"]["listCluster"]>>;

/** Pods that do not answer keep no cluster from being left, however many resources have prepared some, milliseconds. */
const TELLING_MS = 20_000;

/** While their claims are there: nobody would tell those pods afterwards that they stay. */
async function takeBackAll(
  ports: DeregisterPorts,
  client: KubernetesClient,
  registration: Registration,
  resources: Rows,
): Promise<void> {
  const { hubId, clock, log } = ports;
  const begunAt = clock.now();
  const lease = { mayWrite: () => clock.now() - begunAt < TELLING_MS };
  const within = { client, hubId, registration, now: () => clock.now(), lease, log };
  for (const { row, state } of resources) {
    const { key } = row;
    await withinReach(ports, registration, key, () => keepPreparedPods(ports, within, { key, saved: state }));
  }
}

/**
 * The claims in the registered namespaces, and those of resources that were worked on before the registration was narrowed.
 * Only resources that are known have claims: without any, the rule to look for them may never have been there.
 */
async function releaseAll(
  ports: DeregisterPorts,
  client: KubernetesClient,
  registration: Registration,
  resources: Rows,
): Promise<void> {
  const { releaseClaims, hubId } = ports;
  const { name: cluster, namespaces } = registration;
  try {
    await releaseClaims(client, hubId, { cluster, namespaces });
  } catch (error) {
    if (resources.length > 0 || !isApiError(error, 403)) throw error;
  }
  for (const { row } of resources) {
    const { key } = row;
    const { namespace, name } = key;
    if (coversNamespace(registration, namespace)) continue;
    await withinReach(ports, registration, key, async () => {
      await releaseClaims(client, hubId, { cluster, resource: { namespace, name } });
    });
  }
}

/** The rules for a namespace may have gone with it: then what is left there stays, and the log says so. */
async function withinReach(
  { log }: DeregisterPorts,
  registration: Registration,
  key: WorkKey,
  act: () => Promise<void>,
): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (coversNamespace(registration, key.namespace) || !isApiError(error, 403)) throw error;
    log("warn", "Claims may be left in a namespace that the registration lost", { key, cause: error.message });
  }
}
