import { describe, expect, test } from "vitest";
import { describeProblems } from "../../../lib/rollouts/problems.ts";
import { parseSpec } from "../../../lib/rollouts/spec.ts";

const selector = { matchLabels: { app: "my-stateful-app" } };
const valid = (changes: Record<string, unknown>) => ({ statefulSetSelector: selector, ...changes });
const update = (rollingUpdate: Record<string, unknown>) => valid({ rollingUpdate });

describe("specs that are accepted", () => {
  const rows: Record<string, [Record<string, unknown>, Record<string, unknown>]> = {
    "as people write it today": [
      {
        statefulSetSelector: selector,
        rollingUpdate: { maxUnavailable: 1, intervalSeconds: 30, azTopologyKey: "topology.kubernetes.io/zone" },
        azOrder: ["us-west-2a", "us-west-2b"],
      },
      { azOrder: ["us-west-2a", "us-west-2b"] },
    ],
    "with defaults for all the rest": [
      valid({}),
      {
        rollingUpdate: { maxUnavailable: 1, intervalSeconds: 30, azTopologyKey: "topology.kubernetes.io/zone" },
        azOrder: [],
        paused: false,
        zoneSoakSeconds: 0,
        minReadySeconds: 0,
        progressDeadlineSeconds: 1800,
        onStall: "Hold",
        adoptStrategy: "Refuse",
      },
    ],
    "a percentage": [update({ maxUnavailable: "25%" }), {}],
    "its own namespace": [valid({ namespace: "mimir" }), {}],
    "only expressions": [{ statefulSetSelector: { matchExpressions: [{ key: "a", operator: "Exists" }] } }, {}],
    "a stop after each zone": [valid({ pauseAfterZone: true }), { pauseAfterZone: true }],
    "a strategy to adopt": [valid({ adoptStrategy: "OnDelete" }), { adoptStrategy: "OnDelete" }],
    "a rollback": [valid({ onStall: "Rollback" }), { onStall: "Rollback" }],
    "gates of each kind": [
      valid({
        gates: [
          { alarm: { name: "errors" } },
          { alarm: { arn: "arn:aws:cloudwatch:eu-west-1:111111111111:alarm:errors" }, onNoData: "Pass" },
          { probe: "Healthy" },
          { prometheus: { url: "https://p.example.com", query: "up", when: "> 0" } },
        ],
      }),
      { gates: [{ onNoData: "Hold" }, { onNoData: "Pass" }, { onNoData: "Hold" }, { onNoData: "Hold" }] },
    ],
    "an exponential strategy": [
      valid({ strategy: { type: "Exponential" } }),
      { strategy: { type: "Exponential", factor: 2 } },
    ],
    "interval 0": [update({ intervalSeconds: 0 }), {}],
  };
  test.each(Object.entries(rows))("%s", (_sentence, [raw, expected]) => {
    expect(parseSpec(raw, "mimir")).toMatchObject({ ok: true, spec: expected });
  });
});

describe("specs that are refused", () => {
  const rows: Record<string, [unknown, string, string, string]> = {
    "no selector": [{}, "InvalidSpec", "spec.statefulSetSelector", "add matchLabels"],
    "no spec at all": [undefined, "InvalidSpec", "spec.statefulSetSelector", "add matchLabels"],
    "an empty selector": [{ statefulSetSelector: {} }, "InvalidSpec", "spec.statefulSetSelector", "every StatefulSet"],
    "an empty matchLabels": [
      { statefulSetSelector: { matchLabels: {} } },
      "InvalidSpec",
      "spec.statefulSetSelector",
      "at least one label",
    ],
    "an operator without its values": [
      { statefulSetSelector: { matchExpressions: [{ key: "a", operator: "In" }] } },
      "InvalidSpec",
      "spec.statefulSetSelector",
      "matchExpressions[0]",
    ],
    "a label value that is none": [
      { statefulSetSelector: { matchLabels: { a: "b c" } } },
      "InvalidSpec",
      "spec.statefulSetSelector",
      "matchLabels.a",
    ],
    "maxUnavailable 0": [
      update({ maxUnavailable: 0 }),
      "InvalidSpec",
      "spec.rollingUpdate.maxUnavailable",
      "0 is neither",
    ],
    "maxUnavailable -1": [
      update({ maxUnavailable: -1 }),
      "InvalidSpec",
      "spec.rollingUpdate.maxUnavailable",
      "-1 is neither",
    ],
    'maxUnavailable "x%"': [
      update({ maxUnavailable: "x%" }),
      "InvalidSpec",
      "spec.rollingUpdate.maxUnavailable",
      '"x%" is neither',
    ],
    'maxUnavailable "0%"': [
      update({ maxUnavailable: "0%" }),
      "InvalidSpec",
      "spec.rollingUpdate.maxUnavailable",
      "25%",
    ],
    'maxUnavailable "101%"': [
      update({ maxUnavailable: "101%" }),
      "InvalidSpec",
      "spec.rollingUpdate.maxUnavailable",
      "100%",
    ],
    "maxUnavailable 1.5": [update({ maxUnavailable: 1.5 }), "InvalidSpec", "spec.rollingUpdate.maxUnavailable", "1.5"],
    "an unknown field": [valid({ maxSurge: 1 }), "InvalidSpec", "spec.maxSurge", "there is no such field"],
    "a misspelt field": [valid({ azOrdr: [] }), "InvalidSpec", "spec.azOrdr", "did you mean azOrder?"],
    "a field in another case": [valid({ Paused: true }), "InvalidSpec", "spec.Paused", "did you mean paused?"],
    "a misspelt field further in": [
      update({ maxUnavailble: 1 }),
      "InvalidSpec",
      "spec.rollingUpdate.maxUnavailble",
      "did you mean maxUnavailable?",
    ],
    "a field in the wrong place": [
      valid({ intervalSeconds: 5 }),
      "InvalidSpec",
      "spec.intervalSeconds",
      "did you mean spec.rollingUpdate.intervalSeconds?",
    ],
    "a negative interval": [
      update({ intervalSeconds: -5 }),
      "InvalidSpec",
      "spec.rollingUpdate.intervalSeconds",
      "-5 is wrong",
    ],
    "text for a flag": [valid({ paused: "yes" }), "InvalidSpec", "spec.paused", '"yes" is wrong'],
    "text for pauseAfterZone": [
      valid({ pauseAfterZone: "zone-a" }),
      "InvalidSpec",
      "spec.pauseAfterZone",
      '"zone-a" is wrong',
    ],
    "a deadline no batch could meet": [
      valid({ minReadySeconds: 60, progressDeadlineSeconds: 60 }),
      "InvalidSpec",
      "spec.progressDeadlineSeconds",
      "minReadySeconds (60)",
    ],
    "another namespace": [
      valid({ namespace: "loki" }),
      "NamespaceMismatch",
      "spec.namespace",
      "create the resource in namespace loki",
    ],
    "a gate of nothing": [valid({ gates: [{}] }), "InvalidSpec", "spec.gates[0]", "exactly one of alarm"],
    "a gate of two things": [
      valid({ gates: [{ probe: "Healthy", alarm: { name: "x" } }] }),
      "InvalidSpec",
      "spec.gates[0]",
      "names several things",
    ],
    "an alarm with no name": [
      valid({ gates: [{ alarm: {} }] }),
      "InvalidSpec",
      "spec.gates[0].alarm",
      "either name or arn",
    ],
    "a misspelt field of a gate": [
      valid({ gates: [{ probe: "Healthy", onNodata: "Pass" }] }),
      "InvalidSpec",
      "spec.gates[0].onNodata",
      "did you mean onNoData?",
    ],
    "a comparison that is none": [
      valid({ gates: [{ prometheus: { url: "https://p.example.com", query: "up", when: "low" } }] }),
      "InvalidSpec",
      "spec.gates[0].prometheus.when",
      "must be a comparison",
    ],
    "a URL that is none": [
      valid({ gates: [{ prometheus: { url: "p", query: "up", when: "> 0" } }] }),
      "InvalidSpec",
      "spec.gates[0].prometheus.url",
      '"p" is wrong',
    ],
    "a URL that is none, without its password": [
      valid({ gates: [{ prometheus: { url: "https://me:se/cret@p example.com?token=t", query: "up", when: "> 0" } }] }),
      "InvalidSpec",
      "spec.gates[0].prometheus.url",
      'spec.gates[0].prometheus.url: "https://p example.com" is wrong',
    ],
    "a URL of another scheme, without its password": [
      valid({ gates: [{ prometheus: { url: "ftp://me:secret@p.example.com", query: "up", when: "> 0" } }] }),
      "InvalidSpec",
      "spec.gates[0].prometheus.url",
      'spec.gates[0].prometheus.url: "ftp://p.example.com/" is wrong',
    ],
    "a strategy that is none": [
      valid({ strategy: { type: "Blue" } }),
      "InvalidSpec",
      "spec.strategy.type",
      '"Blue" is wrong',
    ],
    "a factor that does not grow": [
      valid({ strategy: { type: "Exponential", factor: 1 } }),
      "InvalidSpec",
      "spec.strategy.factor",
      "1 is wrong",
    ],
    "an onStall that is none": [valid({ onStall: "Abort" }), "InvalidSpec", "spec.onStall", '"Abort" is wrong'],
    "an adoptStrategy that is none": [
      valid({ adoptStrategy: "Recreate" }),
      "InvalidSpec",
      "spec.adoptStrategy",
      '"Recreate" is wrong',
    ],
  };
  test.each(Object.entries(rows))("%s", (_sentence, [raw, reason, path, says]) => {
    const parsed = parseSpec(raw, "mimir");
    if (parsed.ok) throw new Error("was accepted");
    expect(parsed.reason).toBe(reason);
    expect(parsed.problems.map((problem) => problem.path)).toContain(path);
    expect(describeProblems(parsed.problems)).toContain(says);
  });

  test("all problems are named at once", () => {
    const parsed = parseSpec({ rollingUpdate: { maxUnavailable: 0 }, azOrdr: [], strategy: { type: 1 } }, "mimir");
    expect(parsed.ok ? [] : parsed.problems.map(({ path }) => path).toSorted()).toEqual([
      "spec.azOrdr",
      "spec.rollingUpdate.maxUnavailable",
      "spec.statefulSetSelector",
      "spec.strategy.type",
    ]);
  });
});
