import type { KubernetesClient } from "../../lib/kubernetes/client.ts";
import type { WorkKey } from "../../lib/work/keys.ts";
import type { Worker } from "../../lib/work/lane-worker.ts";
import type { WorkMessage } from "../../lib/work/messages.ts";
import type { WorkPosting } from "../../lib/work/ports.ts";
import type { BusEvent, Reconciliation, Session } from "../../lib/work/reconciler.ts";
import { createFakeClock } from "./clock.ts";
import { registrationOf } from "./registration.ts";
import { createFakeWorkStore } from "./work-store.ts";

export const KEY: WorkKey = {
  cluster: "prod",
  home: "cluster",
  kind: "MultiAZRollout",
  namespace: "mimir",
  name: "ingester",
};

/** What a pass came to, with whatever a test wants different. */
export function reconciliationOf(changes: Partial<Reconciliation> = {}): Reconciliation {
  return {
    verdict: { type: "settled", seconds: 30 },
    state: { pass: "inked" },
    status: { phase: "Idle", conditions: [] },
    actions: [],
    ...changes,
  };
}

/** A rollout lane whose every part is in memory; `reconcile` is what the test lets it do. */
export function createFakeLane(
  reconcile: (session: Session) => Promise<Reconciliation> = async () => reconciliationOf(),
) {
  const clock = createFakeClock();
  const store = createFakeWorkStore(clock);
  store.registrations.set(KEY.cluster, registrationOf(KEY.cluster));
  const sent: WorkPosting[] = [];
  const events: BusEvent[] = [];
  const counted: { name: string; value: number }[] = [];
  const logged: { level: string; message: string; fields: unknown }[] = [];
  const points: string[] = [];
  const worker: Worker = {
    lane: "rollout",
    hubId: "Outrigger.us-east-1.000000000000",
    store,
    queue: {
      async send(postings) {
        sent.push(...postings);
        return [];
      },
    },
    bus: {
      async put(some) {
        events.push(...some);
      },
    },
    metrics: { add: (name, value) => void counted.push({ name, value }), flush: () => {} },
    log: (level, message, fields) => void logged.push({ level, message, fields }),
    clock,
    connect: async () => ({}) as KubernetesClient,
    reconcilers: [{ kind: "MultiAZRollout", lane: "rollout", reconcile }],
    faultPoint: async (name) => void points.push(name),
    requestTimeoutMs: 10_000,
  };
  const startMs = clock.nowMs;
  const deadline = { remainingMs: () => startMs + 120_000 - clock.nowMs };
  const messageOf = (ticket: number, changes: Partial<WorkMessage> = {}): WorkMessage => ({
    version: 1,
    key: KEY,
    ticket,
    dueAt: clock.nowMs,
    hops: 0,
    ...changes,
  });
  return { worker, clock, store, sent, events, counted, logged, points, deadline, messageOf };
}
