import type { ListResult } from "../kubernetes/client.ts";
import type { StatefulSet } from "../kubernetes/objects.ts";
import type { Interruption, Reconciliation, Session } from "../work/reconciler.ts";
import { LeaseLostError, type Verdict } from "../work/verdict.ts";
import { announce } from "./announce.ts";
import type { Executed } from "./attempt.ts";
import { servedByAnotherHub } from "./claim.ts";
import { describeTrouble } from "./cluster-trouble.ts";
import { executeRollout } from "./execute.ts";
import type { Observation } from "./observation.ts";
import { observeStatefulSets } from "./observe.ts";
import { listsOf, lookForControllers, openView } from "./open-view.ts";
import type { Plan } from "./plan.ts";
import type { RolloutAction } from "./plan-actions.ts";
import { withoutActions } from "./plan-record.ts";
import type { ScaleAction } from "./replica-actions.ts";
import { planRun, type Run, readGates, readMirrors } from "./run.ts";
import { holdsRollout, identify, isDestructive, noteWriteBacks, settle } from "./settle.ts";
import { parseSpec } from "./spec.ts";
import { type RolloutStatus, refusedStatus, rolloutStatus } from "./status.ts";
import type { ClusterView } from "./watch.ts";
import { withFailure } from "./write-failure.ts";

/** A pass ends after this long without an event, milliseconds. */
const QUIET_MS = 20_000;
/** How long the view is given to catch up after a precondition failed, milliseconds. */
const STALE_MS = 1_000;
/** After a write that was refused or failed the cluster is looked at again after this, seconds. */
const FAILED_SECONDS = 10;

/** A view that breaks sooner than this was no good, and the next one is opened more slowly, milliseconds. */
const SHORT_LIVED_MS = 5_000;

/**
 * Steps the rollout until it is done, held for longer, or the time of this pass is over.
 * @param listed the StatefulSets that the spec selects, listed a moment ago; what is decided on them is not listed again.
 */
export async function rollZones(run: Run, listed?: ListResult<StatefulSet>): Promise<Reconciliation> {
  const { session } = run;
  let known = listed;
  let failures = 0;
  try {
    for (;;) {
      const openedAt = session.now();
      const view = await openView(run, known);
      known = undefined;
      if (view === undefined) return await finish(run, undefined, 0);
      try {
        const end = await followView(run, view);
        if (end !== undefined) return await end();
      } finally {
        await view.close();
      }
      failures = session.now() - openedAt < SHORT_LIVED_MS ? failures + 1 : 0;
      await session.sleep(failures === 0 ? 0 : Math.min(SHORT_LIVED_MS, 100 * 2 ** failures));
      if (session.lease.handoverMs() <= 0) return await finish(run, undefined, 0);
    }
  } catch (error) {
    const trouble = describeTrouble(error);
    if (trouble === undefined) throw error;
    session.log("warn", trouble.message, { reason: trouble.reason });
    const now = new Date(session.now()).toISOString();
    return finish(run, refusedStatus(run.resource, { phase: "Held", ...trouble }, now, run.state), FAILED_SECONDS);
  }
}

/** How a pass ends. */
type Ending = () => Promise<Reconciliation>;

/** Plans and acts on one view. Undefined = it broke, or the spec asks for another one. */
async function followView(run: Run, view: ClusterView): Promise<Ending | undefined> {
  const { session } = run;
  for (;;) {
    if (view.refused !== undefined) throw view.refused;
    if (view.broken || view.heldUp()) return undefined;
    const observation = view.observe();
    if (observation === undefined || !sameView(run, observation)) return undefined;
    await readMirrors(run, observation);
    const plan = planRun(run, observation);
    const asks = [plan.hold?.reason, plan.scaling.asks];
    if (asks.includes("AskingGates")) {
      await readGates(run, observation);
      continue;
    }
    if (asks.includes("LookingForControllers")) {
      run.state = withoutActions(plan.nextState, run.state);
      await lookForControllers(run, view, observation);
      continue;
    }
    if (plan.hold?.reason === "ReadingStatefulSets") return undefined;
    const status = rolloutStatus(plan, observation);
    run.writer.leaveToOthers(servedByAnotherHub(observation.statefulSets, run.owner));
    run.writer.offer(status);
    if (plan.actions.length > 0) {
      if (!session.lease.mayWrite()) return () => finish(run, status, 0);
      const prepared = await prepare(run, plan);
      const late = view.heldUp();
      const interruption = prepared ?? (late ? await readAgain(run, view) : undefined);
      if (interruption !== undefined) return () => stop(run, status, interruption);
      const confirmed = await confirm(run, view, plan);
      // Who stood still may see pods as they were: one that runs by now has to be prepared.
      const actions = late ? confirmed.filter(({ kind }) => kind !== "ScaleStatefulSet") : confirmed;
      recordDropped(run, plan, actions);
      if (actions.length === 0) {
        if (late) return undefined;
        continue;
      }
      tell(run, plan);
      const { executed, deletedMs } = await act(run, view, actions, isDestructive(plan));
      const deletedAt = deletedMs === undefined ? undefined : view.timeBy(deletedMs);
      run.state = settle(plan, executed, run.state, { endedAt: view.timeBy(session.now()), deletedAt });
      if (run.mirrors) run.mirrors.readings = noteWriteBacks(run.mirrors.readings, executed);
      const results = new Set(executed.map(({ outcome }) => outcome.result));
      if (executed.some(holdsRollout)) {
        return () => finish(run, withFailure(status, executed), FAILED_SECONDS);
      }
      if (late && session.trigger === "message") return undefined;
      const stale = results.has("preconditionFailed");
      if (session.trigger === "message" && (stale || !results.has("skipped"))) {
        if (stale) await view.wait(STALE_MS);
        if (session.lease.handoverMs() > 0) continue;
      }
    } else {
      tell(run, plan);
      run.state = plan.nextState;
    }
    const waitMs = session.trigger === "direct" ? 0 : patience(run, view, plan);
    if (waitMs <= 0) return () => conclude(run, plan, status);
    await view.wait(waitMs);
  }
}

/**
 * The StatefulSets, and what people want, as they are now. The watch may still tell of older StatefulSets, so the view is
 * given up afterwards.
 */
async function readAgain({ session, spec }: Run, view: ClusterView): Promise<Interruption | undefined> {
  const [{ items }, interruption] = await Promise.all([
    observeStatefulSets(session.client, session.key.namespace, spec),
    interruptionOf(session),
  ]);
  for (const statefulSet of items) view.accept(statefulSet);
  return interruption;
}

/** The selector and the node label decide what is listed; another one needs another view. A refused spec ends it too. */
function sameView(run: Run, { resource }: Observation): boolean {
  const parsed = parseSpec(resource.spec, run.session.key.namespace);
  if (!parsed.ok || resource.metadata.uid !== run.state.uid) return false;
  run.resource = resource;
  if (listsOf(parsed.spec) !== listsOf(run.spec)) return false;
  run.spec = parsed.spec;
  return true;
}

/** Puts what a plan came to on the bus: once it stands, together with its state, so that nothing is told twice. */
function tell(run: Run, plan: Plan): void {
  const { cluster, namespace, name } = run.session.key;
  const subject = { cluster, namespace, name, uid: run.state.uid };
  const { events, announced } = announce(run.announced, plan, subject);
  for (const event of events) run.session.emit(event);
  run.announced = announced;
}

/** The ledger in pencil, and whether anybody wants us to stop. What changes neither pods nor specs saves nothing. */
async function prepare({ session }: Run, plan: Plan): Promise<Interruption | undefined> {
  if (!isDestructive(plan)) return interruptionOf(session);
  const actions = plan.actions.map(({ kind, object, reason }) => ({ kind, object, reason }));
  const [interruption] = await Promise.all([
    interruptionOf(session),
    session.pencil({ actions, state: plan.nextState }),
  ]);
  return interruption;
}

/** Work scheduled meanwhile is no reason to stop: the watches show all that it could be about. */
async function interruptionOf(session: Session): Promise<Interruption | undefined> {
  const interruption = await session.interruption();
  return interruption?.reason === "Superseded" ? undefined : interruption;
}

/**
 * What still holds after the ledger was written, on what the watches have told meanwhile, and on what mirrored resources answer
 * where that was asked long ago, as by a worker that stood still: an action that a plan made now
 * would not contain is dropped, so that no delete follows from a view older than a moment.
 */
async function confirm(run: Run, view: ClusterView, plan: Plan): Promise<RolloutAction[]> {
  const seen = view.observe();
  if (seen !== undefined) await readMirrors(run, seen);
  const observation = view.observe();
  if (observation === undefined || !sameView(run, observation)) return [];
  const { actions } = planRun(run, observation);
  const wanted = new Set(actions.map(identify));
  return plan.actions.filter((action) => wanted.has(identify(action)));
}

/** Why a scale-down whose pods have just been prepared is dropped: what was looked at before is as old as their answers took. */
async function unwantedNow(run: Run, view: ClusterView, action: ScaleAction): Promise<string | undefined> {
  const interruption = await interruptionOf(run.session);
  if (interruption !== undefined) return interruption.message;
  // Without watches nothing but a new look tells what has changed.
  const current = run.session.trigger === "direct" ? await openView(run) : view;
  for (;;) {
    const observation = current === undefined || current.broken ? undefined : current.observe();
    if (current === undefined || observation === undefined || !sameView(run, observation))
      return "what is known of the group is too old.";
    await readMirrors(run, observation);
    const { actions, hold, scaling } = planRun(run, observation);
    if (actions.some((each) => identify(each) === identify(action))) return undefined;
    const asks = [hold?.reason, scaling.asks];
    if (asks.includes("AskingGates")) await readGates(run, observation);
    else if (asks.includes("LookingForControllers")) await lookForControllers(run, current, observation);
    else {
      const wait = scaling.waits.find(({ statefulSet }) => statefulSet === action.statefulSet);
      return wait?.message ?? hold?.message ?? "other replicas are wanted.";
    }
  }
}

/** What was saved as intended and does not hold any more is not left open in the audit row. */
function recordDropped(run: Run, plan: Plan, kept: readonly RolloutAction[]): void {
  if (!isDestructive(plan)) return;
  const dropped = plan.actions.filter((action) => !kept.includes(action));
  const message = "Not wanted any more when it was to be done.";
  run.session.record(
    dropped.map(({ kind, object, reason }) => ({ kind, object, reason, result: "skipped" as const, message })),
  );
}

/** @returns what came of each action, and when the last delete was over, by the session's clock. */
async function act(
  run: Run,
  view: ClusterView,
  actions: readonly RolloutAction[],
  audited: boolean,
): Promise<{ executed: Executed[]; deletedMs: number | undefined }> {
  const { session, owner } = run;
  let deletedMs: number | undefined;
  view.deletesBegin();
  const executed = await executeRollout(session.client, actions, {
    namespace: session.key.namespace,
    owner,
    mayWrite: () => session.lease.mayWrite(),
    reached: (point) => session.faultPoint(point),
    unwanted: (action) => unwantedNow(run, view, action),
    deleted: () => {
      deletedMs = session.now();
    },
    changed: (statefulSet) => view.accept(statefulSet),
  });
  const outcomes = executed.map(({ outcome }) => outcome);
  run.outcomes.push(...outcomes);
  if (audited) session.record(outcomes);
  return { executed, deletedMs };
}

/** How long this pass goes on waiting, milliseconds; 0 or less = it ends. */
function patience({ session, writer }: Run, view: ClusterView, plan: Plan): number {
  if (!plan.watch) return 0;
  const quiet = view.lastEventAt + QUIET_MS - session.now();
  const timer = plan.hold?.wakeInSeconds;
  if (timer !== undefined && timer * 1000 > QUIET_MS) return 0;
  const wake = plan.wakeInSeconds === undefined ? Number.POSITIVE_INFINITY : Math.max(1, plan.wakeInSeconds * 1000);
  return Math.min(quiet, session.lease.handoverMs(), wake, writer.dueInMs());
}

function conclude(run: Run, plan: Plan, status: RolloutStatus): Promise<Reconciliation> {
  const handOver = plan.watch && run.session.lease.handoverMs() <= 0;
  return finish(run, status, handOver ? 0 : plan.nextDueInSeconds, plan.watch ? "requeueAfter" : "settled");
}

function stop(run: Run, status: RolloutStatus, interruption: Interruption): Promise<Reconciliation> {
  if (interruption.reason === "LeaseLost") throw new LeaseLostError(interruption.message);
  run.session.log("info", interruption.message, { reason: interruption.reason });
  return finish(run, status, FAILED_SECONDS);
}

/** The end of a pass: the last status written, and what is kept. Without a new status the last one stays. */
async function finish(
  run: Run,
  status: RolloutStatus | undefined,
  seconds: number,
  type: "settled" | "requeueAfter" = "requeueAfter",
): Promise<Reconciliation> {
  if (status !== undefined) run.writer.offer(status);
  await run.writer.flush();
  const verdict: Verdict = { type, seconds };
  const last = status ?? run.writer.latest;
  return {
    verdict,
    state: { ...run.state, announced: run.announced },
    status: last === undefined ? { phase: "Progressing", conditions: [] } : run.writer.kept(last),
    actions: run.outcomes,
  };
}
