import { describe, expect, test } from "vitest";
import { freshState, type RolloutState } from "../../../lib/rollouts/state.ts";
import { at, OWNER, type PartOptions, underWay } from "./group.ts";
import { claimed, deleting, plan } from "./plan-row.ts";

const OTHER = "hub/mimir/other";
const half = { a: claimed(OWNER), b: claimed(OTHER) };
const members = { a: {}, b: {} };
const begun = { a: { startedAt: at(-60) } };

const prepared = (pod: string): RolloutState => ({
  ...freshState("uid-resource"),
  delayed: {
    "ingester-a": { uid: "uid-ingester-a", endpoint: { port: 80, path: "x" }, prepared: [pod], since: {} },
  },
});

const rows: Record<string, { state?: RolloutState; parts?: Record<string, PartOptions>; releases: string[] }> = {
  "a resource that has begun nothing gives back what carries its name": { releases: ["ingester-a"] },
  "a rollout that has begun no zone gives back its claims": {
    state: underWay(members),
    releases: ["ingester-a"],
  },
  "a rollout that has begun a zone keeps them": {
    state: underWay(members, { zones: begun }),
    releases: [],
  },
  "a delete that is not seen yet keeps them, whatever the template": {
    state: { ...freshState("uid-resource"), deleting: [deleting("a-0", "ingester-a-0-o")] },
    releases: [],
  },
  "a scale-down that is not over keeps them": {
    state: {
      ...freshState("uid-resource"),
      scaleDown: { statefulSet: "ingester-a", uid: "u", generation: 1, from: 3, to: 2, pods: ["ingester-a-2"] },
    },
    releases: [],
  },
  "pods that wait for a delayed downscale keep them": { state: prepared("ingester-a-1"), releases: [] },
  "pods that waited for one and were scaled away do not": {
    state: prepared("ingester-a-2"),
    releases: ["ingester-a"],
  },
  "a rollback keeps them": {
    state: underWay(members, { rollback: { pending: ["ingester-a"] } }),
    releases: [],
  },
  "one whose strategy was adopted is kept": {
    parts: { ...half, a: { annotations: { ...half.a.annotations, "outrigger.dev/adopted-strategy": "{}" } } },
    releases: [],
  },
  "nothing is given back where nobody else holds a part": {
    parts: { a: claimed(OWNER), b: claimed(OWNER) },
    releases: [],
  },
  "what others hold is theirs": { parts: { a: claimed(OTHER), b: claimed(OTHER) }, releases: [] },
};

describe("another owner holds a part of the group", () => {
  test.each(Object.entries(rows))("%s", (_sentence, { state, parts = half, releases }) => {
    const { actions } = plan({ pods: { a: "oo", b: "oo" }, parts, ...(state && { state }), phase: "Held" });
    const found = actions.flatMap((action) => (action.kind === "ReleaseClaim" ? [action.statefulSet] : []));
    expect(found).toEqual(releases);
  });
});
