import { randomUUID } from "node:crypto";
import type { KubernetesClient } from "../kubernetes/client.ts";
import type { Registration } from "../registry/registration.ts";
import { admit } from "./admission.ts";
import { describeKey } from "./keys.ts";
import { leasedClient } from "./leased-client.ts";
import type { Clock, FaultPoint, Log, Metrics } from "./ports.ts";
import type { ActionOutcome, BusEvent, Interruption, Lease, Session } from "./reconciler.ts";
import { isHeldBy } from "./row.ts";
import type { Holding, WorkRow, WorkStore } from "./store.ts";

/** What a session is opened with. */
export interface SessionTerms {
  row: WorkRow;
  holding: Holding;
  registration: Registration;
  client: KubernetesClient;
  hubId: string;
  /** Undefined when the state belongs to an earlier registration. */
  state: unknown;
  trigger: Session["trigger"];
  lease: Lease;
  store: Pick<WorkStore, "pencil" | "look" | "recordOutcomes" | "saveStatus">;
  clock: Clock;
  metrics: Metrics;
  log: Log;
  faultPoint: FaultPoint;
}

/** A session and what the worker wants to know when its pass is over. */
export interface OpenedSession {
  session: Session;
  /** The state last pencilled, else the one the pass began with. */
  keptState(): unknown;
  /** The audit row opened last, and the outcomes recorded for it; `alone` when no other row of the pass has any. */
  audit(): { id: string; outcomes: readonly ActionOutcome[]; alone: boolean } | undefined;
  events(): readonly BusEvent[];
  /** Ends when every `record` was written or has failed. */
  settle(): Promise<void>;
}

/** @returns why a worker holding `row` must stop, judged by what the table says now. */
export function judgeInterruption(
  taken: { row: WorkRow; holding: Holding; registration: Registration },
  seen: { row: WorkRow | undefined; registration: Registration | undefined },
): Interruption | undefined {
  const { key } = taken.holding;
  if (seen.row === undefined || !isHeldBy(seen.row, taken.holding))
    return { reason: "LeaseLost", message: `Another worker owns ${describeKey(key)} now.` };
  const { registration } = seen;
  if (registration?.state !== "Active")
    return { reason: "Deregistered", message: `Cluster ${key.cluster} is being deregistered.` };
  if (registration.identity !== taken.registration.identity) {
    return {
      reason: "Deregistered",
      message: `Cluster ${key.cluster} was registered anew as ${registration.identity}.`,
    };
  }
  const admission = admit(key, registration);
  if (admission.type === "refuse") return { reason: "NotCovered", message: admission.message };
  if (seen.row.ticket > taken.row.ticket)
    return { reason: "Superseded", message: `${describeKey(key)} was scheduled again meanwhile.` };
  return undefined;
}

/** Opens the session of one pass. */
export function openSession(terms: SessionTerms): OpenedSession {
  const { holding, registration, store, clock, metrics, log, faultPoint } = terms;
  const { key } = holding;
  const events: BusEvent[] = [];
  let writes: Promise<void> = Promise.resolve();
  let keptState = terms.state;
  let { orders } = terms.row;
  let audit: { id: string; outcomes: ActionOutcome[]; alone: boolean } | undefined;

  const session: Session = {
    key,
    registration,
    hubId: terms.hubId,
    client: leasedClient(terms.client, terms.lease),
    state: terms.state,
    trigger: terms.trigger,
    lease: terms.lease,
    now: () => clock.now(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    async pencil(intent) {
      const id = `${new Date(clock.now()).toISOString()}#${randomUUID()}`;
      await store.pencil({ ...holding, identity: registration.identity }, intent, id);
      keptState = intent.state;
      audit = { id, outcomes: [], alone: audit === undefined };
      await faultPoint("pencil-act", key);
    },
    record(outcomes) {
      if (audit === undefined || outcomes.length === 0) return;
      audit.outcomes.push(...outcomes);
      const { id, outcomes: known } = audit;
      const soFar = [...known];
      // One after the other: each write replaces the one before.
      writes = writes
        .then(() => store.recordOutcomes(key, id, soFar))
        .catch((error: unknown) => log("warn", "Outcomes are not in the audit row", { key, cause: String(error) }));
    },
    orders: () => orders,
    saveStatus: (status) => store.saveStatus({ ...holding, identity: registration.identity }, status),
    async interruption() {
      const seen = await store.look(key);
      if (seen.row !== undefined) orders = seen.row.orders;
      return judgeInterruption(terms, seen);
    },
    emit: (event) => void events.push(event),
    count: (metric, value) => metrics.add(metric, value),
    log: (level, message, fields) => log(level, message, { key, ...fields }),
    faultPoint: (name) => faultPoint(name, key),
  };
  return {
    session,
    keptState: () => keptState,
    audit: () => audit,
    events: () => events,
    async settle() {
      await writes;
    },
  };
}
