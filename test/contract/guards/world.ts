import { expect, vi } from "vitest";
import { type GuardFacts, keepGuard } from "../../../lib/guards/keep.ts";
import { NO_DOWNSCALE_POLICY } from "../../../lib/guards/names.ts";
import { type GuardScope, noDownscaleGuard } from "../../../lib/guards/no-downscale.ts";
import type { KubernetesClient } from "../../../lib/kubernetes/client.ts";
import { isApiError } from "../../../lib/kubernetes/errors.ts";
import { resourcePath } from "../../../lib/kubernetes/requests.ts";
import { createKubernetesClient } from "../../../lib/kubernetes/transport.ts";
import { STATEFUL_SETS, VALIDATING_ADMISSION_POLICIES } from "../../../lib/kubernetes/types.ts";
import { clusterRole, type PolicyRule, type RbacObject } from "../../../lib/registry/rbac.ts";
import { applyAccess } from "../../../local/control-plane/access.ts";
import { AdminRequestError } from "../../../local/control-plane/admin-client.ts";
import type { ControlPlane } from "../../../local/control-plane/start.ts";
import { statefulSet } from "../kubernetes/objects.ts";
import { testToken } from "../kubernetes/test-tokens.ts";

const ACCESS_REVIEWS = {
  apiVersion: "authorization.k8s.io/v1",
  kind: "SelfSubjectAccessReview",
  plural: "selfsubjectaccessreviews",
  namespaced: false,
};
const LABEL = "grafana.com/no-downscale";
const SETS = "/apis/apps/v1/namespaces/default/statefulsets";
const MERGE = "application/merge-patch+json";
const WAIT = { timeout: 20_000, interval: 50 };
const WRITES = ["create", "replace", "patch", "delete"];

/** The process ends here: no answer, and nothing after it. */
export class KilledError extends Error {}

/** A cluster with the shipped role `guards`, and the discovery passes of one registration as far as its guard goes. */
export async function openGuardWorld(cluster: ControlPlane) {
  const { admin, server, caPem } = cluster;
  const hub = createKubernetesClient({ server, caPem, token: async () => testToken("outrigger", ["outrigger"]) });
  const requests: string[] = [];
  /** Writes until the process is killed. */
  let writesLeft = Number.POSITIVE_INFINITY;
  const client = new Proxy(hub, {
    get(target, name: Extract<keyof KubernetesClient, string>) {
      return async (type: { plural: string }, ...rest: unknown[]): Promise<unknown> => {
        requests.push(`${name} ${type.plural}`);
        if (WRITES.includes(name) && (writesLeft -= 1) < 0) throw new KilledError();
        return await (target[name] as (...all: unknown[]) => Promise<unknown>).call(target, type, ...rest);
      };
    },
  });
  const scope = (changes: Partial<GuardScope> = {}): GuardScope => ({
    hubId: "hub",
    cluster: "prod",
    namespaces: [],
    followsInSeconds: 30,
    ...changes,
  });
  const objects = noDownscaleGuard(scope(), []).map(({ type, object }) => resourcePath(type, object.metadata));
  let facts: GuardFacts = {};
  let nowMs = Date.parse("2026-11-21T12:00:00Z");

  const grant = (rules: (all: PolicyRule[]) => PolicyRule[] = (all) => all): Promise<void> =>
    applyAccess(
      admin,
      clusterRole("guards").map(
        (object): RbacObject => (object.rules === undefined ? object : { ...object, rules: rules([...object.rules]) }),
      ),
    );
  await applyAccess(admin, clusterRole("rollouts"));
  await grant();
  await vi.waitFor(
    () =>
      Promise.all([
        hub.list(STATEFUL_SETS),
        hub.get(VALIDATING_ADMISSION_POLICIES, { name: NO_DOWNSCALE_POLICY }).catch((error: unknown) => {
          if (!isApiError(error, 404)) throw error;
        }),
      ]),
    WAIT,
  );

  const world = {
    admin,
    client,
    requests,
    scope,
    grant,
    killAfter: (writes: number) => void (writesLeft = writes),
    /** A pass of discovery, some time after the last. */
    async look(changes: Partial<GuardScope> = {}, later = 30_000, wanted = true): Promise<GuardFacts> {
      nowMs += later;
      requests.length = 0;
      const memory = facts.memory;
      facts = await keepGuard(client, scope(changes), {
        wanted,
        memory,
        nowMs,
        mayWrite: () => true,
        // A killed process leaves what it has saved.
        intend: async (_action, intended) => void (facts = { memory: intended }),
      });
      return facts;
    },
    /** As a process that knows nothing of earlier passes. */
    forget: () => void (facts = {}),
    memory: () => facts.memory,
    makeSet: (name: string, labels: Record<string, string> = { [LABEL]: "true" }) =>
      admin.request("POST", SETS, { ...(statefulSet(name, { replicas: 3 }) as object), metadata: { name, labels } }),
    label: (name: string, value: string | null) =>
      admin.request("PATCH", `${SETS}/${name}`, { metadata: { labels: { [LABEL]: value } } }, MERGE),
    change: (path: string, patch: object) => admin.request("PATCH", path, patch, MERGE),
    remove: (path: string) => admin.request("DELETE", path),
    /** The guard's objects that are in the cluster: `policy`, `binding`. */
    async parts(): Promise<string[]> {
      const names = ["policy", "binding"];
      const found = await Promise.all(objects.map((path) => admin.request("GET", path).then(() => true, isMissing)));
      return names.filter((_, index) => found[index]);
    },
    paths: { policy: objects[0] ?? "", binding: objects[1] ?? "" },
    get: (path: string) => admin.request("GET", path) as Promise<{ metadata: { uid: string }; spec: never }>,
    /** Both ways of scaling down are refused, or both work, as soon as the API server has heard of it. */
    async refuses(name: string, refused: boolean, ways: readonly string[] = ["", "/scale"]): Promise<void> {
      for (const path of ways.map((way) => `${SETS}/${name}${way}`)) {
        await vi.waitFor(async () => {
          const patch = { spec: { replicas: 2 } };
          const status = await admin.request("PATCH", `${path}?dryRun=All`, patch, MERGE).then(
            () => 200,
            (error: unknown) => statusOf(error),
          );
          expect(status, path).toBe(refused ? 403 : 200);
        }, WAIT);
      }
    },
    /** Waits until the API server heeds that the hub's role allows this no more. */
    async untilRefused(verb: string, resource: string): Promise<void> {
      const resourceAttributes = { group: "admissionregistration.k8s.io", verb, resource, name: NO_DOWNSCALE_POLICY };
      const review = { metadata: { name: "" }, spec: { resourceAttributes } };
      await vi.waitFor(async () => {
        expect(await hub.create<object & typeof review>(ACCESS_REVIEWS, review)).toMatchObject({
          status: { allowed: false },
        });
      }, WAIT);
    },
    async close(): Promise<void> {
      await hub.close();
    },
  };
  return world;
}

export type GuardWorld = Awaited<ReturnType<typeof openGuardWorld>>;

function statusOf(error: unknown): number {
  if (error instanceof AdminRequestError) return error.status;
  throw error;
}

function isMissing(error: unknown): false {
  if (statusOf(error) !== 404) throw error;
  return false;
}
