import { nameOf } from "./orders.ts";
import { type Hold, listed, type SafetyRule } from "./safety-rule.ts";

/** What stops a rollout as a whole: the will of people, or a template that is no good. */
export const STOP_RULES: readonly SafetyRule[] = [
  {
    name: "a person has stopped it in the hub",
    apply(batch, { stop }) {
      if (stop === undefined || (stop.type === "aborted" && batch.length === 0)) return { keep: batch };
      const { type, at, by } = stop;
      const hold: Hold =
        type === "paused"
          ? {
              phase: "Paused",
              reason: "PausedByOrder",
              message: `Paused in the hub by ${by} at ${at}; outdated pods: ${batch.length}. \`outrigger rollout resume\` lets it go on.`,
              clockRuns: false,
            }
          : {
              phase: "Paused",
              reason: "Aborted",
              message: `Aborted by ${by} at ${at}; outdated pods, which stay as they are until the template changes: ${batch.length}. \`outrigger rollout resume\` goes on, \`outrigger rollout rollback\` goes back.`,
              clockRuns: false,
            };
      return { keep: [], hold };
    },
  },
  {
    name: "the resource is paused",
    apply(batch, { spec, rollback, generation }) {
      // Whoever ordered a rollback saw this pause; one that is put there afterwards stops the rollback too.
      if (!spec.paused || (rollback?.ordered && rollback.ordered.generation === generation)) return { keep: batch };
      const message = `spec.paused is true with ${batch.length} pods outdated; set it to false to go on.`;
      return { keep: [], hold: { phase: "Paused", reason: "Paused", message, clockRuns: false } };
    },
  },
  {
    name: "a template that is rolled back is restored first",
    apply(batch, { restores, rollback }) {
      if (restores.length === 0) return { keep: batch };
      const what = restores.map(({ statefulSet, from, to }) => `${statefulSet} from ${from} to ${to}`);
      const why = rollback?.ordered === undefined ? "onStall Rollback" : `Ordered by ${nameOf(rollback.ordered)}`;
      const message = `${why}: the template goes back for ${listed(what)}.`;
      return { keep: [], hold: { phase: "RollingBack", reason: "RestoringTemplate", message, clockRuns: false } };
    },
  },
  {
    name: "a template that was rolled back is not tried again",
    apply(batch, { rejectedAgain }) {
      if (rejectedAgain.length === 0) return { keep: batch };
      const message = `The template of ${listed(rejectedAgain)} was rolled back; change it to try again (whatever applies it has applied it once more).`;
      const hold: Hold = { phase: "Stalled", reason: "TemplateRejected", message, clockRuns: false, everything: true };
      return { keep: [], hold };
    },
  },
  {
    name: "no progress before the deadline",
    apply(batch, { stalled }) {
      if (stalled === undefined) return { keep: batch };
      const hold: Hold = {
        phase: "Stalled",
        reason: "ProgressDeadlineExceeded",
        message: stalled.message,
        clockRuns: false,
      };
      return { keep: [], hold };
    },
  },
];
