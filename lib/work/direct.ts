import { randomUUID } from "node:crypto";
import { problemsInWords } from "../kubernetes/issue-in-words.ts";
import type { Condition } from "../kubernetes/objects.ts";
import type { Registration } from "../registry/registration.ts";
import { admit } from "./admission.ts";
import { describeKey, type WorkKey } from "./keys.ts";
import type { Worker } from "./lane-worker.ts";
import type { Deadline } from "./lease.ts";
import { DirectRequest } from "./messages.ts";
import { scheduleWork } from "./post.ts";
import type { ActionRecord, Preview, Reconciler } from "./reconciler.ts";
import type { WorkRow } from "./store.ts";
import { LeaseLostError } from "./verdict.ts";
import { runTriggered } from "./worker.ts";

/** A failure as the command line prints it. */
export interface DirectFailure {
  error: { object: string; cause: string; nextStep: string };
}

/** What one pass asked for by a person came to. */
export type DirectResponse =
  | { actions: ActionRecord[]; conditions: Condition[]; phase: string; nextDueInSeconds: number }
  | Preview
  /** The order is on the resource's row, and the work is posted. */
  | { ordered: ActionRecord }
  | DirectFailure;

/** Phase of a resource that was looked for and is not there. */
const GONE = "Gone";

/** One plan, one execute, no waiting, under the same lease as everyone else's. Never throws. */
export async function runDirect(worker: Worker, request: unknown, deadline: Deadline): Promise<DirectResponse> {
  const parsed = DirectRequest.safeParse(request);
  if (!parsed.success) {
    const cause = problemsInWords(parsed.error, "request").join("; ");
    return { error: { object: "request", cause, nextStep: 'Send {"action": "reconcile", "key": {…}}; see events/.' } };
  }
  const { key } = parsed.data;
  const failed = (cause: string, nextStep: string): DirectFailure => ({
    error: { object: describeKey(key), cause, nextStep },
  });
  try {
    const { row, registration } = await worker.store.look(key);
    const admission = admit(key, registration);
    if (admission.type === "forget")
      return failed(`cluster ${key.cluster} is not registered`, "Register it: outrigger cluster register.");
    if (admission.type === "refuse") return failed(admission.message, "See outrigger cluster get.");
    const reconciler = worker.reconcilers.find(({ kind }) => kind === key.kind);
    if (reconciler === undefined) {
      return failed(`the ${worker.lane} function does not work on ${key.kind}`, "Check the kind's spelling.");
    }
    if (parsed.data.action === "order") return await takeOrder(worker, reconciler, parsed.data, registration);
    if (parsed.data.action === "plan") {
      const preview = await lookAhead(worker, reconciler, key, { registration, row });
      if (typeof preview === "object") return preview;
      return failed(preview, "Check kind, namespace and name: outrigger get shows what is known.");
    }
    const ticket = row?.ticket ?? (await scheduleWork(worker, key, worker.clock.now())).ticket;
    const result = await runTriggered(worker, { type: "direct", key, ticket, hops: 0 }, deadline);
    if (result.outcome === "inked" && result.failure !== undefined) {
      const { reason, message } = result.failure;
      return failed(`${reason}: ${message}`, `Mend the cause; it is tried again in ${result.nextDueInSeconds} s.`);
    }
    if (result.outcome === "inked" && result.reconciliation.status.phase === GONE) {
      // Due at once: somebody scheduled it meanwhile.
      if (row === undefined && result.nextDueInSeconds > 0) await forgetNewRow(worker, key, ticket + 1);
      return failed("there is no such resource", "Check kind, namespace and name: outrigger get shows what is known.");
    }
    if (result.outcome === "inked") {
      const { actions, status } = result.reconciliation;
      return { actions, conditions: status.conditions, phase: status.phase, nextDueInSeconds: result.nextDueInSeconds };
    }
    if (result.outcome === "forgotten")
      return failed("its cluster was deregistered meanwhile", "Register the cluster again.");
    return failed("another worker is at it right now", "Wait for it (outrigger get shows the status), or try again.");
  } catch (error) {
    worker.log("error", "Direct pass failed", { key, cause: String(error) });
    return failed(
      error instanceof Error ? error.message : String(error),
      "It is tried again within a minute; see the function's log.",
    );
  }
}

/**
 * Writes what a person orders onto the resource's row, where a running worker finds it before its next batch, and has the
 * resource looked at. A kill in between loses no order: the row is in the due index.
 */
async function takeOrder(
  worker: Worker,
  reconciler: Reconciler,
  { key, order, by }: Extract<DirectRequest, { action: "order" }>,
  registration: Registration | undefined,
): Promise<DirectResponse> {
  const failed = (cause: string, nextStep: string): DirectFailure => ({
    error: { object: describeKey(key), cause, nextStep },
  });
  const unknown = (): DirectFailure =>
    failed("the hub knows no such resource", "Check kind, namespace and name: outrigger get shows what is known.");
  if (reconciler.decideOrder === undefined)
    return failed(`nobody orders anything about ${key.kind}`, "Change its spec.");
  const { store, clock } = worker;
  const at = new Date(clock.now()).toISOString();
  const saved = await store.loadState(key);
  const known = saved?.identity === registration?.identity ? saved : undefined;
  const decision = reconciler.decideOrder(order, { key, by, at, state: known?.state, status: known?.status });
  if (decision.type === "refused") return failed(decision.cause, decision.nextStep);
  const entry = { auditId: `${at}#${randomUUID()}`, action: decision.action, by };
  if (!(await store.order(key, decision.change, entry))) return unknown();
  await scheduleWork(worker, key, clock.now());
  return { ordered: decision.action };
}

/** What the next pass would do; as text why nobody can tell. */
async function lookAhead(
  worker: Worker,
  reconciler: Reconciler,
  key: WorkKey,
  { registration, row }: { registration: Registration | undefined; row: WorkRow | undefined },
): Promise<Preview | string> {
  const { store, clock, hubId } = worker;
  if (reconciler.preview === undefined || registration === undefined) return `${key.kind} cannot be looked ahead on`;
  const [client, saved] = await Promise.all([worker.connect(registration), store.loadState(key)]);
  const session = {
    key,
    registration,
    hubId,
    client,
    state: saved?.state,
    orders: () => row?.orders,
    now: () => clock.now(),
    sleep: clock.sleep.bind(clock),
  };
  return (await reconciler.preview(session)) ?? "there is no such resource in its cluster";
}

/**
 * Nothing is to be kept of a name that somebody mistyped.
 * @param ticket the one our own ink left: with a newer one it was found since, and nobody would schedule it again.
 */
async function forgetNewRow({ store }: Worker, key: WorkKey, ticket: number): Promise<void> {
  const { row } = await store.look(key);
  if (row === undefined) return;
  await store.forget(key, row.fence, { ticket }).catch((error: unknown) => {
    // It was found meanwhile: then it is somebody's work.
    if (!(error instanceof LeaseLostError)) throw error;
  });
}
