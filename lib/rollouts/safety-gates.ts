import { closedGates, readingsHold } from "./gates.ts";
import { isCure, listed, type SafetyContext, type SafetyRule, waiting } from "./safety-rule.ts";

/** A person who orders a rollback knows of the alarm: it is probably why. */
const ignoresGates = ({ spec, rollback }: SafetyContext): boolean =>
  spec.ignoreGates || rollback?.ordered !== undefined;

/** Whether things outside the group let the batch go: gates, and zonal shifts of the cluster. */
export const GATE_RULES: readonly SafetyRule[] = [
  {
    name: "gates and zonal shifts are asked before every batch",
    apply(batch, context) {
      const { spec, gates: readings, asksShifts, now } = context;
      const asks = asksShifts || (spec.gates.length > 0 && !ignoresGates(context));
      if (!asks || batch.length === 0 || readingsHold(readings, spec, now) > 0) return { keep: batch };
      const message = "The gates are asked before this batch.";
      return { keep: [], hold: waiting("AskingGates", message, { clockRuns: false, wakeInSeconds: 0 }) };
    },
  },
  {
    name: "no zonal shift is active",
    apply(batch, context) {
      const { spec, gates: readings, rollback, now } = context;
      const shifts = readings?.shifts;
      if (shifts === undefined || shifts.result === "Unavailable" || batch.length === 0) return { keep: batch };
      const hold = { phase: "Held", clockRuns: false, wakeInSeconds: readingsHold(readings, spec, now) } as const;
      if (shifts.result === "Known") {
        if (shifts.awayFrom.length === 0) return { keep: batch };
        const message = `Traffic of the cluster is shifted away from ${listed(shifts.awayFrom)}; nothing is deleted until the zonal shift has ended.`;
        return { keep: [], hold: { ...hold, reason: "ZonalShiftActive", message } };
      }
      const keep = ignoresGates(context) ? batch : rollback === undefined ? [] : batch.filter(isCure);
      if (keep.length > 0) return { keep };
      const message = `Whether traffic of the cluster is shifted away from a zone could not be asked: ${shifts.message}. Nothing is deleted until it can; ignoreGates goes on all the same.`;
      return { keep, hold: { ...hold, reason: "ZonalShiftsUnknown", message } };
    },
  },
  {
    name: "every gate is open",
    apply(batch, context) {
      const { spec, gates: readings, rollback, now } = context;
      if (spec.gates.length === 0 || ignoresGates(context) || batch.length === 0) return { keep: batch };
      const left = readingsHold(readings, spec, now);
      if (readings === undefined || left === 0) return { keep: [] };
      const closed = closedGates(readings, spec.gates);
      const keep = rollback === undefined ? [] : batch.filter(isCure);
      const [first] = closed;
      if (first === undefined || keep.length > 0) return { keep: first === undefined ? batch : keep };
      const why = closed.map(({ gate, message }) => `${gate}: ${message}`).join("; ");
      const message = `${why}. Nothing is deleted until every gate is open; ignoreGates goes on all the same.`;
      return { keep, hold: { phase: "Held", reason: first.reason, message, clockRuns: false, wakeInSeconds: left } };
    },
  },
];
