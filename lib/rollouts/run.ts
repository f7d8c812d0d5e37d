import type { ActionOutcome, Session } from "../work/reconciler.ts";
import { askGates, askZonalShifts, type GatePorts } from "./ask-gates.ts";
import { type GateReadings, gatesToAsk, questionOf } from "./gates.ts";
import type { MultiAZRollout, Observation } from "./observation.ts";
import { observeMirrors } from "./observe-replicas.ts";
import { ordersFor } from "./orders.ts";
import { type Plan, planRollout } from "./plan.ts";
import type { MirrorReading } from "./replica-wishes.ts";
import type { RolloutSpec } from "./spec.ts";
import type { Announced, RolloutState } from "./state.ts";
import type { StatusWriter } from "./status-writer.ts";
import { plusMs, secondsLeft } from "./time.ts";

/** One pass over one rollout, as it goes along. */
export interface Run {
  session: Session;
  /** Our claim. */
  owner: string;
  /** As last seen. */
  resource: MultiAZRollout;
  spec: RolloutSpec;
  state: RolloutState;
  writer: StatusWriter;
  outcomes: ActionOutcome[];
  /** What will have been announced when ink is dry. Pencil keeps what ink knew. */
  announced: Announced;
  ports: GatePorts;
  /** What the gates answered last. */
  gates?: GateReadings;
  /** What mirrored resources answered last, and when they were asked, by the API server's clock. */
  mirrors?: { askedAt: string; readings: Record<string, MirrorReading> };
}

/** How long an answer of a mirrored resource holds, seconds. */
const MIRRORS_SECONDS = 10;

/** What is to be done, on what is seen now. */
export const planRun = (run: Run, observation: Observation): Plan =>
  planRollout({
    ...run,
    observation: {
      ...observation,
      mirrors: run.mirrors?.readings ?? {},
      orders: ordersFor(run.session.orders(), run.state),
    },
    asksShifts: run.ports.zonalShifts !== undefined,
  });

/** Reads the resources that replicas are mirrored from, when the last answers are too old. */
export async function readMirrors(run: Run, { observedAt, statefulSets }: Observation): Promise<void> {
  const { session, mirrors } = run;
  if (mirrors !== undefined && secondsLeft(mirrors.askedAt, MIRRORS_SECONDS, observedAt) > 0) return;
  const readings = await observeMirrors(session.client, session.key.namespace, statefulSets);
  run.mirrors = { askedAt: observedAt, readings };
}

/** Asks the gates and whether a zonal shift is active, and keeps the answers for 10 s. */
export async function readGates(run: Run, { observedAt }: Observation): Promise<void> {
  const { session, spec, ports, state } = run;
  const begunAt = session.now();
  const { registration } = session;
  const [answers, shifts] = await Promise.all([
    askGates(gatesToAsk(spec), ports, { registration, now: begunAt }),
    askZonalShifts(ports, registration),
  ]);
  run.gates = {
    askedAt: plusMs(observedAt, session.now() - begunAt),
    asked: questionOf(spec),
    answers,
    shifts,
  };
  if (shifts?.result === "Unavailable" && shifts.message !== state.shiftsUnavailable?.message) {
    session.log("warn", shifts.message, { reason: shifts.reason });
  }
}
