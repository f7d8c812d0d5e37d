import { describe, expect, test } from "vitest";
import { at } from "./group.ts";
import { plan } from "./plan-row.ts";
import {
  chain,
  FOLLOWS_A,
  FOLLOWS_B,
  HOUR,
  MIN_TIME,
  MINUTE,
  rules,
  stateWith,
  testReplicaRows,
} from "./replica-row.ts";

describe("a follower", () => {
  testReplicaRows({
    "as large as its leader stays": { pods: { a: "NN", b: "NN", c: "NN" }, parts: chain },
    "grows when all pods of its leader are ready": {
      pods: { a: "NNNN", b: "NNN", c: "NNN" },
      parts: chain,
      scales: ["b 3>4"],
    },
    "does not grow before all pods of its leader are ready": {
      pods: { a: "NNNn", b: "NNN", c: "NNN" },
      parts: chain,
      waits: ["b WaitingForLeader"],
      says: "3 of 4 are",
      due: 10,
    },
    "grows at once without the annotation": {
      pods: { a: "NNNn", b: "NNN", c: "NNN" },
      parts: { a: rules({}), b: rules({ leader: "a" }), c: rules({ leader: "a" }) },
      scales: ["b 3>4", "c 3>4"],
    },
    "grows while another value than true stands there": {
      pods: { a: "NNn", b: "NN" },
      parts: { b: rules({ leader: "a", leaderReady: "yes" }) },
      scales: ["b 2>3"],
    },
    "shrinks at once when no zone was scaled down before": {
      pods: { a: "NN", b: "NNN", c: "NNN" },
      parts: chain,
      scales: ["b 3>2"],
    },
    "shrinks at once without a label when no zone was scaled down before": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules({ leader: "a" }) },
      scales: ["b 3>2"],
    },
    "waits the minimum time after the scale-down of any other zone": {
      pods: { a: "NN", b: "NNN", c: "NNN" },
      parts: { ...chain, a: rules({ ...MIN_TIME, last: 34 * HOUR }), c: rules({ ...FOLLOWS_B, last: 10 * HOUR }) },
      spec: { intervalSeconds: 30 },
      waits: ["b MinTimeBetweenDownscales"],
      says: "12h after ingester-c",
      due: 30,
    },
    "shrinks when the minimum time has passed": {
      pods: { a: "NN", b: "NNN", c: "NNN" },
      parts: {
        a: rules({ ...MIN_TIME, last: 72 * HOUR }),
        b: rules({ ...FOLLOWS_A, last: 60 * HOUR }),
        c: rules({ ...FOLLOWS_B, last: 48 * HOUR }),
      },
      scales: ["b 3>2"],
    },
    "does not wait for its own last scale-down": {
      pods: { a: "NN", b: "NNN" },
      parts: { a: rules(MIN_TIME), b: rules({ ...FOLLOWS_A, last: MINUTE }) },
      scales: ["b 3>2"],
    },
    "is looked at again when the minimum time is over": {
      pods: { a: "NN", b: "NNN" },
      parts: { a: rules({ last: 3 * MINUTE }), b: rules({ leader: "a", minTime: "3m12s" }) },
      spec: { intervalSeconds: 60 },
      waits: ["b MinTimeBetweenDownscales"],
      due: 12,
    },
    "needs the label once another zone was scaled down": {
      pods: { a: "NN", b: "NNN" },
      parts: { a: rules({ last: 72 * HOUR }), b: rules({ leader: "a" }) },
      waits: ["b MinTimeMissing"],
      says: "grafana.com/min-time-between-zones-downscale",
    },
    "waits for a label that can be read": {
      pods: { a: "NN", b: "NNN" },
      parts: { a: rules({ last: 72 * HOUR }), b: rules({ leader: "a", minTime: "soon" }) },
      waits: ["b MinTimeMissing"],
      warns: ['label grafana.com/min-time-between-zones-downscale: "soon" on StatefulSet ingester-b'],
    },
    "waits for a last scale-down that can be read": {
      pods: { a: "NN", b: "NNN" },
      parts: { a: rules({ last: "yesterday" }), b: rules(FOLLOWS_A) },
      waits: ["b MalformedAnnotation"],
      warns: ['annotation grafana.com/last-downscale: "yesterday" on StatefulSet ingester-a'],
    },
    "of nobody stays": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules({ leader: "z" }) },
      waits: ["b LeaderMissing"],
      says: "ingester-z, which does not exist or is not selected",
    },
    "whose leader follows it in turn stays, as its leader does": {
      pods: { a: "NNN", b: "NNNNN" },
      parts: { a: rules({ leader: "b" }), b: rules({ leader: "a" }) },
      waits: ["a LeaderCycle", "b LeaderCycle"],
      says: "ingester-a follows ingester-b follows ingester-a: nobody leads",
    },
    "of one that is in a circle of others follows it": {
      pods: { a: "NN", b: "NN", c: "NNN" },
      parts: { a: rules({ leader: "b" }), b: rules({ leader: "a" }), c: rules({ leader: "a" }) },
      waits: ["a LeaderCycle", "b LeaderCycle"],
      scales: ["c 3>2"],
    },
    "whose leader follows it but has forced replicas goes as it does": {
      pods: { a: "NNN", b: "NNNNN" },
      parts: { a: rules({ leader: "b", forced: "3" }), b: rules({ leader: "a" }) },
      scales: ["b 5>3"],
    },
    "of itself follows nobody": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules({ leader: "b" }) },
      warns: ["names itself"],
    },
    "waits after a leader that was seen to shrink, though nobody annotated it": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules(FOLLOWS_A) },
      state: stateWith({ replicas: { "ingester-a": { uid: "uid-ingester-a", replicas: 3 } } }),
      waits: ["b MinTimeBetweenDownscales"],
    },
    "waits after a leader that is another one of the same name, but smaller": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules(FOLLOWS_A) },
      state: stateWith({ replicas: { "ingester-a": { uid: "uid-before", replicas: 3 } } }),
      waits: ["b MinTimeBetweenDownscales"],
    },
    "waits after a leader that shrank before it was created again": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules(FOLLOWS_A) },
      state: stateWith({ replicas: { "ingester-a": { uid: "uid-before", replicas: 2, downscaledAt: at(-5) } } }),
      waits: ["b MinTimeBetweenDownscales"],
    },
  });

  test("of a leader that is missing remembers it until it is back", () => {
    const replicas = { "ingester-a": { uid: "uid-before", replicas: 3 } };
    const { nextState } = plan({
      pods: { b: "NNN" },
      parts: { b: rules(FOLLOWS_A) },
      state: stateWith({ replicas }),
      phase: "Idle",
    });
    expect(nextState.replicas).toMatchObject(replicas);
  });

  test("of a leader that shrank waits also when nothing was selected for a while", () => {
    const replicas = { "ingester-a": { uid: "uid-ingester-a", replicas: 2, downscaledAt: at(-HOUR) } };
    const unselected = plan({ pods: {}, state: stateWith({ replicas }), phase: "Idle" });
    expect(unselected.reason).toBe("NoStatefulSets");
    const { scaling } = plan({
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules(FOLLOWS_A) },
      state: unselected.nextState,
      phase: "Idle",
    });
    expect(scaling.waits.map(({ reason }) => reason)).toEqual(["MinTimeBetweenDownscales"]);
  });

  test("of a shrinking leader is remembered from pass to pass", () => {
    const row = { pods: { a: "NN", b: "NNN" }, parts: { b: rules(FOLLOWS_A) }, phase: "Idle" as const };
    const seen = plan({
      ...row,
      state: stateWith({ replicas: { "ingester-a": { uid: "uid-ingester-a", replicas: 3 } } }),
    });
    expect(seen.nextState.replicas?.["ingester-a"]).toEqual({
      uid: "uid-ingester-a",
      replicas: 2,
      downscaledAt: "2026-11-21T10:00:00.000Z",
    });
    expect(plan({ ...row, state: seen.nextState }).nextState.replicas).toEqual(seen.nextState.replicas);
  });
});
