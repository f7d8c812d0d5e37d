import { type ApiPorts, answerApi } from "../../../lib/hub/api.ts";
import { hubKey, type ResourceId } from "../../../lib/hub/resource.ts";
import { createDiscoveryReconciler } from "../../../lib/registry/discover.ts";
import { discoveryKey } from "../../../lib/registry/discovery-key.ts";
import type { Registration } from "../../../lib/registry/registration.ts";
import type { AuditRow } from "../../../lib/work/audit.ts";
import type { Session } from "../../../lib/work/reconciler.ts";
import { registration } from "../registry/build.ts";
import { fakeHub, HUB_ID } from "../registry/hub.ts";
import { ID, SPEC } from "./rows.ts";

/** A manifest as people write it. */
export const manifest = (changes: Record<string, unknown> = {}, metadata: Record<string, unknown> = {}) => ({
  apiVersion: "rollout.grafana.com/v1alpha1",
  kind: ID.kind,
  metadata: { name: ID.name, namespace: ID.namespace, ...metadata },
  spec: SPEC,
  ...changes,
});

/** The hub with its `api` function and the discovery passes of its clusters, all in memory. */
export function createWorld() {
  const hub = fakeHub();
  const states = new Map<string, unknown>();
  const audit: AuditRow[] = [];
  let ids = 0;
  let stamps = 0;
  const ports: ApiPorts = {
    ...hub.ports,
    registry: hub.registry,
    work: hub.work,
    audit: { listAudit: async (_cluster, { limit }) => audit.slice(0, limit) },
    newId: () => `id-${(ids += 1)}`,
  };
  const ask = (action: string, request: Record<string, unknown>) => answerApi(ports, { action, ...request });
  const world = {
    hub,
    ports,
    audit,
    ask,
    /** @returns the answer's data; fails the test when it is a refusal. */
    async done<T = Record<string, unknown>>(action: string, request: Record<string, unknown>): Promise<T> {
      const reply = await ask(action, request);
      if (!reply.ok) throw new Error(`${reply.error.object}: ${reply.error.cause}`);
      return reply.data as T;
    },
    apply: (target: Record<string, unknown>, changes: Record<string, unknown> = {}, more: object = {}) =>
      world.done("resource.apply", { manifest: manifest(changes), target, ...more }),
    async join(name: string, labels: Record<string, string> = {}, changes: Partial<Registration> = {}): Promise<void> {
      const before = await hub.registry.load(name);
      stamps += 1;
      const fields = { name, labels, identity: `${name}@1`, eventId: `e-${stamps}`, ...changes };
      await hub.registry.save(registration(fields), before);
    },
    /** The discovery pass of one cluster, as its worker runs it. */
    async pass(name: string): Promise<void> {
      const row = await hub.registry.load(name);
      if (row === undefined || row.state === "Deregistered") return;
      const key = discoveryKey(name);
      const session = {
        key,
        registration: row,
        hubId: HUB_ID,
        client: hub.cluster.client,
        state: states.get(name),
        lease: { fence: 1, mayWrite: () => true },
        now: () => hub.clock.now(),
        log: () => undefined,
      } as unknown as Session;
      const { state } = await createDiscoveryReconciler(hub.ports).reconcile(session);
      states.set(name, JSON.parse(JSON.stringify(state)));
      if ((await hub.registry.load(name))?.state === "Deregistered") states.delete(name);
    },
    async passes(): Promise<void> {
      for (const { name } of (await hub.registry.list()).registrations) await world.pass(name);
    },
    /** What a rollout's worker leaves behind in one cluster. */
    async ink(id: ResourceId, cluster: string, status: Record<string, unknown>): Promise<void> {
      const key = hubKey(id, cluster);
      const row = await hub.work.load(key);
      const { identity } = (await hub.registry.load(cluster)) ?? { identity: "" };
      const nowMs = hub.clock.now();
      const taken = await hub.work.take(key, row?.ticket ?? 1, { owner: "w", nowMs, leaseUntilMs: nowMs + 1_000 });
      if (typeof taken === "string") throw new Error(`${cluster}: ${taken}`);
      const holding = { key, fence: taken.row.fence, owner: "w", ticket: taken.row.ticket, identity };
      const due = { nextDueAtMs: nowMs + 30_000, posted: false };
      await hub.work.ink(holding, { state: {}, status: { conditions: [], ...status }, outcomes: [], ...due });
    },
    /** Clusters that were told to look now. */
    told: () =>
      hub.sent.map(({ message }) => message.key).flatMap(({ kind, name }) => (kind === "Discovery" ? [name] : [])),
  };
  return world;
}
