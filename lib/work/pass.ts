import { admit } from "./admission.ts";
import { classifyFailure, failedStatus, type RecordedFailure } from "./failure.ts";
import { countHops } from "./hops.ts";
import { describeKey } from "./keys.ts";
import type { TakenPass, Worker } from "./lane-worker.ts";
import type { Reconciliation } from "./reconciler.ts";
import { delaySecondsUntil, planPosting } from "./schedule.ts";
import { type OpenedSession, openSession } from "./session.ts";
import type { Inked } from "./store.ts";
import { LeaseLostError, STALLED_INTERVAL_SECONDS, type Verdict, waitMsOf } from "./verdict.ts";

/** A pass that came to its end. */
export type PassResult =
  | { outcome: "inked"; reconciliation: Reconciliation; nextDueInSeconds: number; failure?: RecordedFailure }
  /** The cluster is not registered any more; the row is gone. */
  | { outcome: "forgotten" };

/** A reconciliation with what the worker adds to it. */
interface Attempt {
  reconciliation: Reconciliation;
  opened?: OpenedSession;
  failure?: RecordedFailure;
}

/** Runs one pass over taken work: admit → reconcile → ink → post → bell. */
export async function runPass(worker: Worker, pass: TakenPass): Promise<PassResult> {
  const { key } = pass.holding;
  const admission = admit(key, pass.taken.registration);
  if (admission.type === "forget") return await forget(worker, pass);
  const { registration } = admission;
  const state = pass.taken.state?.identity === registration.identity ? pass.taken.state : undefined;

  let attempt: Attempt;
  if (admission.type === "refuse") {
    const verdict: Verdict = { type: "stalled", seconds: STALLED_INTERVAL_SECONDS };
    attempt = failedAttempt(worker, state?.status, state?.state, { ...admission, verdict });
  } else {
    attempt = await reconcile(worker, pass, registration, state);
  }
  await worker.faultPoint("act-ink", key);
  const { inked, hops } = await ink(worker, pass, registration.identity, attempt, state?.status);
  await worker.faultPoint("ink-post", key);
  await post(worker, pass, inked, hops);
  await ring(worker, attempt);
  const nextDueInSeconds = Math.max(0, Math.ceil((inked.dueAtMs - worker.clock.now()) / 1000));
  const { reconciliation, failure } = attempt;
  return { outcome: "inked", reconciliation, nextDueInSeconds, ...(failure === undefined ? {} : { failure }) };
}

async function forget(worker: Worker, { holding, taken }: TakenPass): Promise<PassResult> {
  const { store, log, clock } = worker;
  if (taken.registration?.untold !== undefined) await worker.lastWords?.(taken.registration);
  try {
    await store.forget(holding.key, holding.fence, { ticket: taken.row.ticket });
  } catch (error) {
    // Scheduled again while we looked, as registering anew does: let the newer ticket find the new registration.
    if (!(error instanceof LeaseLostError)) throw error;
    await store.release(holding, clock.now(), { posted: false });
    throw error;
  }
  log("info", "Cluster is not registered; its work is forgotten", { key: holding.key });
  return { outcome: "forgotten" };
}

async function reconcile(
  worker: Worker,
  pass: TakenPass,
  registration: NonNullable<TakenPass["taken"]["registration"]>,
  saved: TakenPass["taken"]["state"],
): Promise<Attempt> {
  let opened: OpenedSession | undefined;
  try {
    const client = await worker.connect(registration);
    const { taken, holding, trigger, lease } = pass;
    opened = openSession({
      ...worker,
      row: taken.row,
      holding,
      registration,
      client,
      state: saved?.state,
      trigger,
      lease,
    });
    const reconciliation = await pass.reconciler.reconcile(opened.session);
    await opened.settle();
    return { reconciliation, opened };
  } catch (error) {
    await opened?.settle();
    const failure = error instanceof LeaseLostError ? undefined : classifyFailure(error);
    if (failure === undefined) throw error;
    worker.log("warn", "Pass failed", { key: pass.holding.key, reason: failure.reason, cause: failure.message });
    const attempt = failedAttempt(
      worker,
      saved?.status,
      opened === undefined ? saved?.state : opened.keptState(),
      failure,
    );
    return opened === undefined ? attempt : { ...attempt, opened };
  }
}

function failedAttempt({ clock }: Worker, status: unknown, state: unknown, failure: RecordedFailure): Attempt {
  const at = new Date(clock.now()).toISOString();
  const reconciliation = { verdict: failure.verdict, state, status: failedStatus(status, failure, at), actions: [] };
  return { reconciliation, failure };
}

async function ink(
  { store, clock }: Worker,
  pass: TakenPass,
  identity: string,
  { reconciliation, opened }: Attempt,
  previousStatus: unknown,
): Promise<{ inked: Inked; hops: number }> {
  const { verdict, state, status, actions } = reconciliation;
  const nowMs = clock.now();
  const waitMs = waitMsOf(verdict);
  const progressed = actions.some(({ result }) => result === "done") || status.phase !== phaseOf(previousStatus);
  const { hops, leaveToDispatch } = countHops({ hops: pass.hops, progressed, passMs: nowMs - pass.startMs, waitMs });
  const plan = planPosting(nowMs + waitMs, nowMs);
  const audit = opened?.audit();
  const inked = await store.ink(
    { ...pass.holding, ticket: pass.taken.row.ticket, identity },
    {
      state,
      status,
      // A reconciler that pencils once and records nothing along the way tells it all at the end.
      outcomes: audit === undefined || (audit.alone && audit.outcomes.length === 0) ? actions : audit.outcomes,
      auditId: audit?.id,
      nextDueAtMs: plan.dueAtMs,
      posted: plan.post,
      leaveToDispatch,
    },
  );
  return { inked, hops };
}

const phaseOf = (status: unknown): unknown => (status as { phase?: unknown } | null | undefined)?.phase;

/** Only the worker whose ink succeeded gets here; a lost message is reclaimed by dispatch. */
async function post(
  { queue, clock, log }: Worker,
  { holding: { key } }: TakenPass,
  inked: Inked,
  hops: number,
): Promise<void> {
  if (!inked.posted) return;
  const message = { version: 1 as const, key, ticket: inked.ticket, dueAt: inked.dueAtMs, hops };
  const delaySeconds = delaySecondsUntil(inked.dueAtMs, clock.now());
  try {
    const failed = await queue.send([{ message, delaySeconds }]);
    for (const { cause } of failed) log("warn", "Message not sent; dispatch sends it again", { key, cause });
  } catch (error) {
    log("warn", "Message not sent; dispatch sends it again", { key, cause: String(error) });
  }
}

/** Tells those who listen. What is saved stays saved when the bus does not answer. */
async function ring({ bus, log }: Worker, { opened, reconciliation }: Attempt): Promise<void> {
  const events = opened?.events() ?? [];
  const key = opened?.session.key;
  if (key !== undefined)
    log("info", describeKey(key), {
      phase: reconciliation.status.phase,
      verdict: reconciliation.verdict,
      actions: reconciliation.actions.length,
    });
  if (events.length === 0) return;
  try {
    await bus.put(events);
  } catch (error) {
    log("error", "Events not sent", { key, cause: String(error) });
  }
}
