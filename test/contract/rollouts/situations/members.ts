import { expect } from "vitest";
import { STATEFUL_SETS } from "../../../../lib/kubernetes/types.ts";
import { until } from "../play.ts";
import { ALL, type Situation, situationSet } from "../situation.ts";

/** Nothing follows the first batch until the interval is another one. */
const spec = { rollingUpdate: { maxUnavailable: 1, intervalSeconds: 300 } };
const changed = (what: RegExp) =>
  ({
    phase: "Held",
    reason: "MembershipChanged",
    says: [what, /Bring it back as it was, or accept the members as they are now/, /outrigger\.dev\/approve=members\./],
  }) as const;

/** Members that are not what they were when the rollout started. */
export const MEMBER_SITUATIONS: readonly Situation[] = [
  {
    title: "a StatefulSet deleted mid-way, and the others accepted by a person",
    spec,
    others: ["b-0", "b-1"],
    arrange: async (scene) => {
      await scene.midWay();
      await scene.play.remove(STATEFUL_SETS, scene.setName("b"));
      await until(() => expect(scene.gone("b")).toBe(2));
    },
    told: changed(/StatefulSet app-zone-b is gone/),
    deleted: ["a-0"],
    recover: (scene) => scene.approve(),
    inAll: ["a-0", "a-1", "c-0", "c-1"],
  },
  {
    title: "a StatefulSet relabelled mid-way, and brought back",
    spec,
    arrange: async (scene) => {
      await scene.midWay();
      await scene.play.patchSet(scene.setName("c"), { metadata: { labels: { group: "elsewhere" } } });
    },
    told: changed(/StatefulSet app-zone-c is gone or its labels no longer match the selector/),
    deleted: ["a-0"],
    recover: async (scene) => {
      await scene.play.patchSet(scene.setName("c"), { metadata: { labels: { group: "app" } } });
      await scene.hurry();
    },
    inAll: ALL,
  },
  {
    title: "a StatefulSet deleted without its pods and created again mid-way, and accepted by a person",
    spec,
    arrange: async (scene) => {
      await scene.midWay();
      await scene.play.remove(STATEFUL_SETS, scene.setName("b"), true);
      await until(async () => expect(await scene.play.sets()).toHaveLength(2));
      await scene.play.createSet(situationSet(scene.play.namespace, "b", { version: "1" }));
    },
    told: changed(/StatefulSet app-zone-b was deleted and created again/),
    deleted: ["a-0"],
    recover: (scene) => scene.approve(),
    inAll: ALL,
  },
];
