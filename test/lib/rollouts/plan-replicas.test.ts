import { expect, test } from "vitest";
import { withoutActions } from "../../../lib/rollouts/plan-record.ts";
import { SAFETY_RULES } from "../../../lib/rollouts/safety.ts";
import { ABOUT_REPLACING } from "../../../lib/rollouts/safety-replicas.ts";
import { freshState, readState } from "../../../lib/rollouts/state.ts";
import { at, underWay } from "./group.ts";
import { plan } from "./plan-row.ts";
import { rules } from "./replica-row.ts";

test("a scale-down that waits for the rollout asks nothing, and a plan that is not carried out leaves no trace", () => {
  const before = underWay({ a: {}, b: {} }, {}, { lastBatchAt: at(-60) });
  const { actions, scaling, nextState } = plan({
    pods: { a: "oo", b: "NNN" },
    parts: { b: rules({ leader: "a" }) },
    observation: { controllersSoughtAt: at(-15) },
    state: { ...before, rollout: { ...before.rollout, zones: { a: { startedAt: at(-50) } } } as never },
    phase: "Progressing",
  });
  expect(actions.map(({ kind }) => kind)).toContain("DeletePod");
  expect(scaling.asks).toBeUndefined();
  expect(nextState).toMatchObject({ lastBatchAt: at(0), deleting: [{ pod: "ingester-a-0" }] });
  const after = withoutActions(nextState, before);
  expect(after).toMatchObject({ lastBatchAt: at(-60), deleting: [], claimed: [], rollout: { zones: {} } });
  expect(after.rollout?.members).toEqual(nextState.rollout?.members);
});

test("every rule that is about replacing pods only is one of the safety rules", () => {
  const names = SAFETY_RULES.map(({ name }) => name);
  expect(ABOUT_REPLACING.filter((name) => !names.includes(name))).toEqual([]);
});

test("a state that kept one failed scale-down is still read, without it", () => {
  const scaleFailure = { statefulSet: "ingester-b", at: at(-15), reason: "ScaleRefused", message: "no" };
  const saved = { ...freshState("uid-resource"), claimed: ["ingester-b"], scaleFailure };
  expect(readState(saved, "uid-resource")).toEqual({ ...freshState("uid-resource"), claimed: ["ingester-b"] });
});
