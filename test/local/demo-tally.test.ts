import { expect, test } from "vitest";
import { type GroupTally, type PodSeen, Tally } from "../../local/demo/tally.ts";

type Step = [type: "ADDED" | "MODIFIED" | "DELETED", pod: string, available: boolean];

/** `a0` is a pod of zone a, `a0'` the one that takes its place. */
const pod = (uid: string, available: boolean): PodSeen => ({ uid, group: "ingester", zone: uid.charAt(0), available });
const START = ["a0", "a1", "b0", "b1"].map((uid) => pod(uid, true));

const cases: { sentence: string; steps: Step[]; tally: GroupTally }[] = [
  { sentence: "nothing happened", steps: [], tally: { replaced: 0, peakUnavailable: 0, doubleZoneEvents: 0 } },
  {
    sentence: "one pod replaced after the other, zone after zone",
    steps: [
      ["MODIFIED", "a0", false],
      ["DELETED", "a0", false],
      ["ADDED", "a0'", false],
      ["MODIFIED", "a0'", true],
      ["MODIFIED", "b0", false],
      ["DELETED", "b0", false],
      ["ADDED", "b0'", false],
      ["MODIFIED", "b0'", true],
    ],
    tally: { replaced: 2, peakUnavailable: 1, doubleZoneEvents: 0 },
  },
  {
    sentence: "a zone that lost all its pods is still a zone",
    steps: [
      ["DELETED", "a0", false],
      ["DELETED", "a1", false],
      ["MODIFIED", "b0", false],
    ],
    tally: { replaced: 2, peakUnavailable: 2, doubleZoneEvents: 1 },
  },
  {
    sentence: "every event while two zones are disrupted counts",
    steps: [
      ["MODIFIED", "a0", false],
      ["MODIFIED", "b0", false],
      ["MODIFIED", "b1", false],
      ["MODIFIED", "a0", true],
    ],
    tally: { replaced: 0, peakUnavailable: 2, doubleZoneEvents: 2 },
  },
  {
    sentence: "a new pod that goes again is not a replaced one",
    steps: [
      ["DELETED", "a0", false],
      ["ADDED", "a0'", false],
      ["DELETED", "a0'", false],
    ],
    tally: { replaced: 1, peakUnavailable: 1, doubleZoneEvents: 0 },
  },
];

test.each(cases)("$sentence", ({ steps, tally }) => {
  const counted = new Tally(new Map([["ingester", 2]]), START);
  for (const [type, uid, available] of steps) counted.see(type, pod(uid, available));
  expect(counted.of("ingester")).toEqual(tally);
});

test("pods of no known group are not counted", () => {
  const counted = new Tally(new Map([["ingester", 2]]), START);
  counted.see("DELETED", { ...pod("a0", false), group: "other" });
  expect(counted.of("ingester")).toEqual({ replaced: 0, peakUnavailable: 0, doubleZoneEvents: 0 });
});
