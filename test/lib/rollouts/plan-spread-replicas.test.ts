import { describe, expect, test } from "vitest";
import type { RolloutState } from "../../../lib/rollouts/state.ts";
import { type PartOptions, underWay } from "./group.ts";
import { plan } from "./plan-row.ts";
import { rules, scaleDown, stateWith, TEMPLATE, template, testReplicaRows } from "./replica-row.ts";

describe("one StatefulSet over three zones", () => {
  const pods = "NNNNNN";
  const zones = Object.fromEntries(pods.split("").map((_letter, index) => [`ingester-a-${index}`, `z${index % 3}`]));
  const spread = { zone: undefined, ...rules({ mirror: {} }) };
  const known = {
    nodeZones: { topologyKey: "topology.kubernetes.io/zone", zones: {} },
    podZones: zones,
  };
  const wanted = (part: PartOptions, letters = pods) => ({
    pods: { a: letters },
    parts: { a: { ...spread, labels: {}, ...part } },
    state: stateWith(known),
    observation: { mirrors: { [TEMPLATE]: template(3, part.replicas ?? 6) } },
  });
  testReplicaRows({
    "loses pods of one zone at a time": { ...wanted({}), scales: ["a 6>5"] },
    "waits for the pods scaled away that are seen still, whatever the counts say": {
      ...wanted({ replicas: 5, status: { replicas: 5, readyReplicas: 5 } }),
      waits: ["a WaitingForPods"],
      says: "Pods scaled away are not gone yet: ingester-a-5.",
    },
    "waits for the pods that are counted still, whatever is seen": {
      ...wanted({ replicas: 5, status: { replicas: 6, readyReplicas: 6 } }, "NNNNN"),
      waits: ["a WaitingForPods"],
      says: "ingester-a has 6 pods still, 5 are wanted.",
    },
    "waits until the StatefulSet controller has seen its last change": {
      ...wanted({ replicas: 5, generation: 2, status: { replicas: 5, readyReplicas: 5 } }, "NNNNN"),
      waits: ["a WaitingForStatefulSet"],
    },
    "goes on when they are gone": { ...wanted({ replicas: 5 }, "NNNNN"), scales: ["a 5>4"] },
    "loses a pod that is not there although its zone is unready, whichever comes first": {
      ...wanted({}, "NNNNN."),
      scales: ["a 6>5"],
    },
    "loses a pod that was never seen": {
      ...wanted({ replicas: 7 }, "NNNNNN."),
      spec: { azOrder: ["z0", "z1", "z2"] },
      scales: ["a 7>6"],
    },
    "keeps its pods while another zone misses one": { ...wanted({}, "NNN.NN"), waits: ["a WaitingForZone"] },
  });

  const rolling = (part: PartOptions, more: Partial<RolloutState> = {}) => {
    const row = wanted(part, "oooooo");
    const { actions, message } = plan({
      ...row,
      observation: {},
      state: underWay({ a: {} }, {}, { ...known, ...more }),
      phase: "Progressing",
    });
    return { deleted: actions.flatMap((action) => (action.kind === "DeletePod" ? [action.pod] : [])), message };
  };
  test("loses no pod to a rollout while one of another zone is scaled away", () => {
    expect(rolling({}).deleted).toEqual(["ingester-a-3"]);
    const { deleted, message } = rolling({ replicas: 5, status: { replicas: 5, readyReplicas: 5 } });
    expect(deleted).toEqual([]);
    expect(message).toContain("ingester-a-5: scaled away");
  });
  test("loses no pod to a rollout while a scale-down of ours in another zone is not seen", () => {
    const { scaleDown: record } = scaleDown("a", { from: 6, to: 5, pods: ["ingester-a-5"], done: true });
    const { deleted, message } = rolling({}, record === undefined ? {} : { scaleDown: record });
    expect(deleted).toEqual([]);
    expect(message).toContain("ingester-a-5: scaled away, not seen yet");
  });
});
