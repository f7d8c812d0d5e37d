import { randomUUID } from "node:crypto";
import { describeKey, type WorkKey } from "./keys.ts";
import type { Worker } from "./lane-worker.ts";
import { LANES } from "./lanes.ts";
import { type Deadline, leaseLengthMs, openLease } from "./lease.ts";
import type { WorkMessage } from "./messages.ts";
import { type PassResult, runPass } from "./pass.ts";
import type { Session } from "./reconciler.ts";
import { redeliverySeconds } from "./schedule.ts";
import type { Holding, NotTaken } from "./store.ts";
import { LeaseLostError } from "./verdict.ts";

/** What became of a message. All of these are acknowledged. */
export type WorkResult = PassResult | { outcome: NotTaken | "leaseLost" };

/** What asks for a pass: a message of the queue, or a person. */
export interface Trigger {
  type: Session["trigger"];
  key: WorkKey;
  ticket: number;
  hops: number;
  /** When the message was meant to arrive, epoch milliseconds; absent for a person. */
  dueAt?: number;
  /** How often the message was delivered; absent for a person. */
  receives?: number;
}

/**
 * Works on one message: take → pass (load, reconcile, ink) → post. A message that is not to be worked on, and a lease
 * lost on the way, are results; the index brings unfinished work back.
 *
 * @param receives how often the message was delivered, this time included.
 * @throws whatever may pass by itself: the lease is free again, and the message goes back to the queue, to come again
 * after `redeliverySeconds(receives)`.
 */
export async function runWork(
  worker: Worker,
  message: WorkMessage,
  deadline: Deadline,
  receives = 1,
): Promise<WorkResult> {
  await worker.faultPoint("send-take", message.key);
  return await runTriggered(worker, { type: "message", ...message, receives }, deadline);
}

/** Takes the lease and runs one pass; the part that messages and direct invocations share. */
export async function runTriggered(worker: Worker, trigger: Trigger, deadline: Deadline): Promise<WorkResult> {
  const { store, clock, metrics, log } = worker;
  const { key } = trigger;
  const reconciler = worker.reconcilers.find(({ kind }) => kind === key.kind);
  if (reconciler === undefined) throw new Error(`Lane ${worker.lane} has no reconciler for ${describeKey(key)}.`);

  const startMs = clock.now();
  const startMonotonicMs = clock.monotonicMs();
  const lengthMs = leaseLengthMs(deadline, worker.requestTimeoutMs);
  const owner = randomUUID();
  const taken = await store.take(key, trigger.ticket, { owner, nowMs: startMs, leaseUntilMs: startMs + lengthMs });
  if (typeof taken === "string") {
    log("debug", "Nothing to take", { key, ticket: trigger.ticket, outcome: taken });
    return { outcome: taken };
  }
  if (trigger.dueAt !== undefined) metrics.add("DueToTakenLag", Math.max(0, startMs - trigger.dueAt));

  const handoverMs = LANES[worker.lane].handoverSeconds * 1000;
  const { requestTimeoutMs } = worker;
  const lease = openLease(clock, { startMs, startMonotonicMs, lengthMs, handoverMs, requestTimeoutMs, deadline });
  const { fence } = taken.row;
  const holding = { key, fence, owner };
  const pass = {
    taken,
    holding,
    reconciler,
    lease: { fence, ...lease },
    trigger: trigger.type,
    hops: trigger.hops,
    startMs,
  };
  try {
    await worker.faultPoint("take-pencil", key);
    return await runPass(worker, pass);
  } catch (error) {
    if (error instanceof LeaseLostError) {
      metrics.add("LeaseLost", 1);
      log("warn", "Lease lost; whoever owns the work now goes on", { key, fence, cause: error.message });
      return { outcome: "leaseLost" };
    }
    await giveBack(worker, holding, trigger.receives);
    throw error;
  }
}

/** Frees the lease after a transient failure. When that fails too, the row is due when the lease ends. */
async function giveBack({ store, clock, log }: Worker, holding: Holding, receives: number | undefined): Promise<void> {
  const dueAtMs = clock.now() + redeliverySeconds(receives ?? 1) * 1000;
  try {
    await store.release(holding, dueAtMs, { posted: receives !== undefined });
  } catch (error) {
    log("warn", "Lease not freed; the work is due again when it ends", { key: holding.key, cause: String(error) });
  }
}
