import { describe, expect, test } from "vitest";
import { withoutActions } from "../../../lib/rollouts/plan-record.ts";
import { SAFETY_RULES } from "../../../lib/rollouts/safety.ts";
import { ABOUT_REPLACING } from "../../../lib/rollouts/safety-replicas.ts";
import { freshState, type RolloutState, readState } from "../../../lib/rollouts/state.ts";
import { at, type PartOptions, underWay } from "./group.ts";
import { claimed, deleting, plan } from "./plan-row.ts";
import { HOUR, MINUTE, PREPARE, rules, scaleDown, TEMPLATE, template, testReplicaRows } from "./replica-row.ts";

const MIN_TIME = { minTime: "12h" };
const b = { ...MIN_TIME, leader: "a", leaderReady: "true" };
const c = { ...MIN_TIME, leader: "b", leaderReady: "true" };
/** The example of the operator's README: zone b follows a, zone c follows b. */
const chain = { a: rules(MIN_TIME), b: rules(b), c: rules(c) };
const delayed = ({ annotations, ...part }: PartOptions): PartOptions => ({
  ...part,
  annotations: {
    ...annotations,
    "grafana.com/rollout-delayed-downscale": "1h",
    "grafana.com/rollout-prepare-delayed-downscale-url": "http://pod:8080/ingester/prepare-delayed-downscale",
  },
});
const state = (changes: object) => ({ ...freshState("uid-resource"), ...changes });

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
      parts: { ...chain, a: rules({ ...MIN_TIME, last: 34 * HOUR }), c: rules({ ...c, last: 10 * HOUR }) },
      spec: { intervalSeconds: 30 },
      waits: ["b MinTimeBetweenDownscales"],
      says: "12h after ingester-c",
      due: 30,
    },
    "shrinks when the minimum time has passed": {
      pods: { a: "NN", b: "NNN", c: "NNN" },
      parts: {
        a: rules({ ...MIN_TIME, last: 72 * HOUR }),
        b: rules({ ...b, last: 60 * HOUR }),
        c: rules({ ...c, last: 48 * HOUR }),
      },
      scales: ["b 3>2"],
    },
    "does not wait for its own last scale-down": {
      pods: { a: "NN", b: "NNN" },
      parts: { a: rules(MIN_TIME), b: rules({ ...b, last: MINUTE }) },
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
      parts: { a: rules({ last: "yesterday" }), b: rules(b) },
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
      parts: { b: rules(b) },
      state: state({ replicas: { "ingester-a": { uid: "uid-ingester-a", replicas: 3 } } }),
      waits: ["b MinTimeBetweenDownscales"],
    },
    "waits after a leader that is another one of the same name, but smaller": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules(b) },
      state: state({ replicas: { "ingester-a": { uid: "uid-before", replicas: 3 } } }),
      waits: ["b MinTimeBetweenDownscales"],
    },
    "waits after a leader that shrank before it was created again": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules(b) },
      state: state({ replicas: { "ingester-a": { uid: "uid-before", replicas: 2, downscaledAt: at(-5) } } }),
      waits: ["b MinTimeBetweenDownscales"],
    },
  });

  test("of a leader that is missing remembers it until it is back", () => {
    const replicas = { "ingester-a": { uid: "uid-before", replicas: 3 } };
    const { nextState } = plan({
      pods: { b: "NNN" },
      parts: { b: rules(b) },
      state: state({ replicas }),
      phase: "Idle",
    });
    expect(nextState.replicas).toMatchObject(replicas);
  });

  test("of a shrinking leader is remembered from pass to pass", () => {
    const row = { pods: { a: "NN", b: "NNN" }, parts: { b: rules(b) }, phase: "Idle" as const };
    const seen = plan({ ...row, state: state({ replicas: { "ingester-a": { uid: "uid-ingester-a", replicas: 3 } } }) });
    expect(seen.nextState.replicas?.["ingester-a"]).toEqual({
      uid: "uid-ingester-a",
      replicas: 2,
      downscaledAt: "2026-11-21T10:00:00.000Z",
    });
    expect(plan({ ...row, state: seen.nextState }).nextState.replicas).toEqual(seen.nextState.replicas);
  });
});

describe("a scale-down", () => {
  testReplicaRows({
    "waits while a pod of another zone is unready": {
      pods: { a: "NN", b: "NNN", c: "NNn" },
      parts: { b: rules(b) },
      waits: ["b WaitingForZone"],
      says: "c (ingester-c-2: NotReady)",
    },
    "goes while a pod of its own zone is unready": {
      pods: { a: "NN", b: "NNn", c: "NN" },
      parts: { b: rules(b) },
      scales: ["b 3>2"],
    },
    "waits while pods of two zones are unready": {
      pods: { a: "Nn", b: "NNn", c: "NN" },
      parts: { b: rules(b) },
      waits: ["b MultipleZonesUnready"],
    },
    "waits for outdated pods, which are replaced first": {
      pods: { a: "NN", b: "NNN", c: "oo" },
      parts: { b: rules(b) },
      waits: ["b WaitingForRollout"],
      also: ["DeletePod c-0"],
    },
    "does not wait for the outdated pods of a StatefulSet whose rollout is paused": {
      pods: { a: "NN", b: "NNN", c: "oo" },
      parts: { b: rules(b), c: { annotations: { "grafana.com/rollout-paused": "true" } } },
      scales: ["b 3>2"],
    },
    "does not go where the label forbids it, nor are pods prepared": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: { annotations: rules(b).annotations ?? {}, labels: { "grafana.com/no-downscale": "true" } } },
      waits: ["b NoDownscale"],
    },
    "waits for deletes of ours": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules(b) },
      state: state({ deleting: [deleting("b-1", "ingester-b-1-N")] }),
      waits: ["b WaitingForPods"],
    },
    "waits while the resource is paused": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules(b) },
      spec: { paused: true },
      waits: ["b Paused"],
    },
    "does not go in a group that is claimed by another": {
      pods: { a: "NN", b: "NNN" },
      parts: { a: claimed("other/mimir/ingesters"), b: rules(b) },
      waits: ["b Overlap"],
    },
    "does not go beside a foreign controller": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules(b) },
      observation: { foreignController: "Deployment mimir/rollout-operator" },
      waits: ["b ForeignController"],
    },
    "waits while a person has stopped it in the hub": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules(b) },
      observation: { orders: { paused: { at: at(-9) } } },
      waits: ["b PausedByOrder"],
      says: "ingester-b stays at 3 replicas, 2 are wanted, until the rollout goes on.",
    },
    "waits for other controllers to be looked for": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules(b) },
      observation: { controllersSoughtAt: at(-600) },
      waits: ["b LookingForControllers"],
    },
    "waits for the gates to be asked": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules(b) },
      spec: { gates: [{ probe: "Healthy", onNoData: "Hold" }] },
      waits: ["b AskingGates"],
    },
    "waits while traffic is shifted away from a zone": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules(b) },
      gates: { askedAt: at(-1), asked: "[]", answers: [], shifts: { result: "Known", awayFrom: ["use1-az1"] } },
      waits: ["b ZonalShiftActive"],
    },
    "waits while a stalled rollout is there": {
      pods: { a: "NN", b: "NNn" },
      parts: { b: rules(b) },
      state: underWay(
        { a: {}, b: {} },
        { stalledAt: at(-10), clock: { mark: 99, stuckSeconds: 9, tickAt: at(-10), running: false } },
      ),
      waits: ["b ProgressDeadlineExceeded"],
    },
    "of one StatefulSet goes before that of the next": {
      pods: { a: "NN", b: "NNN", c: "NNN" },
      parts: { b: rules({ leader: "a" }), c: rules({ leader: "a" }) },
      scales: ["b 3>2"],
      waits: ["c WaitingForScaleDown"],
    },
    "goes together with scale-ups": {
      pods: { a: "NN", b: "NNN", c: "N" },
      parts: { b: rules({ leader: "a" }), c: rules({ leader: "a" }) },
      scales: ["c 1>2", "b 3>2"],
    },
    "that is not seen yet keeps everybody else waiting": {
      pods: { a: "NN", b: "NNN", c: "NNN" },
      parts: { b: rules({ leader: "a" }), c: rules({ leader: "a" }) },
      state: scaleDown("b", { done: true }),
      waits: ["c WaitingForScaleDown"],
    },
    "that is not seen yet makes its zone unready, so that no other one is touched": {
      pods: { a: "oo", b: "NNN" },
      parts: { b: rules({}) },
      state: scaleDown("b", { done: true }),
    },
    "without an answer counts for as long as it may still be carried out": {
      pods: { a: "oo", b: "NNN", c: "NNN" },
      parts: { b: rules({ leader: "a" }), c: rules({ leader: "a" }) },
      state: scaleDown("b", { mayComeUntil: at(5) }),
      waits: ["c WaitingForScaleDown"],
    },
    "without an answer that was never carried out is tried again after that": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules({ leader: "a" }) },
      state: scaleDown("b", { mayComeUntil: at(-1) }),
      scales: ["b 3>2"],
    },
    "that is seen is over when its pods are gone": {
      pods: { a: "NN", b: "NN", c: "NNN" },
      parts: {
        b: { ...rules({ leader: "a" }), generation: 2, status: { observedGeneration: 2 } },
        c: rules({ leader: "a" }),
      },
      state: scaleDown("b", { done: true }),
      scales: ["c 3>2"],
    },
    "whose pods are still there makes its zone unready": {
      pods: { a: "NN", b: "NNN", c: "NNN" },
      parts: { b: { ...rules({ leader: "a" }), replicas: 2 }, c: rules({ leader: "a" }) },
      waits: ["c WaitingForZone"],
      says: "b (ingester-b: 3 pods, 2 wanted)",
    },
    "that was refused is tried again a minute later": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules(b) },
      spec: { intervalSeconds: 90 },
      state: state({
        scaleFailures: {
          "ingester-b": { at: at(-15), reason: "PrepareDownscaleFailed", message: "it said no" },
        },
      }),
      waits: ["b PrepareDownscaleFailed"],
      says: "it said no",
      due: 45,
    },
    "that was refused is tried again a minute later, of each StatefulSet": {
      pods: { a: "NN", b: "NNN", c: "NNN" },
      parts: { b: rules(b), c: rules(b) },
      spec: { intervalSeconds: 90 },
      state: state({
        scaleFailures: {
          "ingester-b": { at: at(-15), reason: "PrepareDownscaleFailed", message: "it said no" },
          "ingester-c": { at: at(-20), reason: "PrepareDownscaleFailed", message: "nor did it" },
        },
      }),
      waits: ["b PrepareDownscaleFailed", "c PrepareDownscaleFailed"],
      due: 40,
    },
    "that was refused a minute ago is tried again": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules(b) },
      state: state({
        scaleFailures: {
          "ingester-b": { at: at(-60), reason: "PrepareDownscaleFailed", message: "it said no" },
        },
      }),
      scales: ["b 3>2"],
    },
  });
});

describe("forced replicas", () => {
  testReplicaRows({
    "count before the leader": {
      pods: { a: "NN", b: "NN" },
      parts: { b: rules({ ...b, forced: "3" }) },
      scales: ["b 2>3"],
    },
    "may be 0, at once": {
      pods: { a: "NN", b: "NN" },
      parts: { a: rules({ last: MINUTE }), b: rules({ ...b, forced: "0" }) },
      scales: ["b 2>0"],
    },
    "count before a mirrored resource": {
      pods: { a: "NN" },
      parts: { a: rules({ mirror: {}, forced: "5" }) },
      observation: { mirrors: { [TEMPLATE]: template(3, 2) } },
      scales: ["a 2>5"],
    },
    "that are negative are ignored": {
      pods: { a: "NN", b: "NN" },
      parts: { b: rules({ ...b, forced: "-1" }) },
      warns: ['grafana.com/rollout-force-replicas: "-1" on StatefulSet ingester-b is no number from 0'],
    },
    "that are no number are ignored": {
      pods: { a: "NN", b: "NN" },
      parts: { b: rules({ ...b, forced: "many" }) },
      warns: ["is no number from 0; it is ignored"],
    },
    "without a leader or a mirrored resource have no effect": {
      pods: { a: "NN" },
      parts: { a: rules({ forced: "0" }) },
      warns: ["has an effect only beside a leader or a mirrored resource"],
    },
  });
});

describe("mirrored replicas", () => {
  const mirrored = { pods: { a: "NN" }, parts: { a: rules({ mirror: {} }) } };
  const reads = (replicas: number, status?: number) => ({
    observation: { mirrors: { [TEMPLATE]: template(replicas, status) } },
  });
  testReplicaRows({
    "as wanted stay": { ...mirrored, ...reads(2) },
    "that are more are given at once": { ...mirrored, ...reads(4, 2), scales: ["a 2>4"] },
    "that are fewer are taken": { ...mirrored, ...reads(1, 2), scales: ["a 2>1"] },
    "do not wait the minimum time": {
      pods: { a: "NN", b: "NN" },
      parts: { a: rules({ mirror: {}, ...MIN_TIME }), b: rules({ last: MINUTE, ...MIN_TIME }) },
      ...reads(1, 2),
      scales: ["a 2>1"],
    },
    "wait the minimum time of the others where pods are prepared": {
      pods: { a: "NN", b: "NN" },
      parts: { a: rules({ mirror: {}, prepare: PREPARE }), b: rules({ last: MINUTE, minTime: "2m" }) },
      ...reads(1, 2),
      waits: ["a MinTimeBetweenDownscales"],
    },
    "are written back": { ...mirrored, ...reads(2, 5), also: ["WriteBackReplicas 2"] },
    "are written back as they are while they wait": {
      pods: { a: "NN", b: "Nn" },
      parts: { a: rules({ mirror: {} }), b: {} },
      ...reads(1, 1),
      waits: ["a WaitingForZone"],
      also: ["WriteBackReplicas 2"],
    },
    "are not written back where people said so": {
      pods: { a: "NN" },
      parts: { a: rules({ mirror: { "write-back": "false" } }) },
      ...reads(2, 5),
    },
    "are not written back where it cannot be read": {
      pods: { a: "NN" },
      parts: { a: rules({ mirror: { "write-back": "maybe" } }) },
      ...reads(2, 5),
      warns: ["is neither true nor false; nothing is written back"],
    },
    "by two StatefulSets are written back by the first": {
      pods: { a: "NN", b: "NN" },
      parts: { a: rules({ mirror: {} }), b: rules({ mirror: {} }) },
      observation: { mirrors: { [TEMPLATE]: template(2, 5) } },
      also: ["WriteBackReplicas 2"],
    },
    "whose status was refused are told of, and not written again": {
      ...mirrored,
      observation: {
        mirrors: { [TEMPLATE]: { ...template(2, 5), refused: { reason: "Forbidden", message: "status of it" } } },
      },
      notes: ["ReplicasWrittenBack Forbidden status of it."],
    },
    "of a resource that is not there stay": {
      ...mirrored,
      observation: { mirrors: { [TEMPLATE]: { reason: "MirrorNotFound", message: "it is not there" } } },
      waits: ["a MirrorNotFound"],
    },
    "of a resource without a kind are none": {
      pods: { a: "NN" },
      parts: { a: rules({ mirror: { kind: "" } }) },
      warns: ["rollout-mirror-replicas-from-resource-kind on StatefulSet ingester-a is missing"],
    },
    "of a resource without an apiVersion are none": {
      pods: { a: "NN" },
      parts: { a: rules({ mirror: { "api-version": "" } }) },
      warns: ["from-resource-api-version"],
    },
    "of a name that leaves its path are none": {
      pods: { a: "NN" },
      parts: { a: rules({ mirror: { name: "../secrets" } }) },
      warns: ["from-resource-name"],
    },
    "that were read stay unused once the annotations are gone": {
      pods: { a: "NN", b: "NN" },
      parts: { b: rules({ leader: "a" }) },
      ...reads(1, 2),
    },
    "that were read stay unused once another resource is named": {
      pods: { a: "NN" },
      parts: { a: rules({ mirror: { name: "another" } }) },
      ...reads(1, 2),
    },
    "that were read stay unused once an annotation cannot be read": {
      pods: { a: "NN" },
      parts: { a: rules({ mirror: { "api-version": "v" } }) },
      ...reads(1, 2),
      warns: ["from-resource-api-version"],
    },
    "that are fewer wait where a delay is asked for, which nobody would keep": {
      pods: { a: "NN" },
      parts: { a: delayed(rules({ mirror: {} })) },
      ...reads(1, 2),
      waits: ["a DelayedDownscaleUnsupported"],
    },
    "that are more are given where a delay is asked for": {
      pods: { a: "NN" },
      parts: { a: delayed(rules({ mirror: {} })) },
      ...reads(3, 2),
      scales: ["a 2>3"],
    },
    "beside a leader do not count": {
      pods: { a: "NN", b: "NN" },
      parts: { b: rules({ leader: "a", mirror: {} }) },
      warns: ["stands beside a leader; the leader counts"],
    },
  });
});

describe("preparing pods", () => {
  const part = rules({ leader: "a", prepare: PREPARE });
  const endpoint = { port: 80, path: "ingester/prepare-shutdown" };
  testReplicaRows({
    "comes before a scale-down": { pods: { a: "NN", b: "NNN" }, parts: { b: part }, scales: ["b 3>2 prepares b-2"] },
    "is not asked of a pod that does not run": {
      pods: { a: "N", b: "NNP" },
      parts: { b: part },
      scales: ["b 3>1 prepares b-1"],
    },
    "is not asked of a pod that does not exist": {
      pods: { a: "N", b: "NN." },
      parts: { b: part },
      scales: ["b 3>1 prepares b-1"],
    },
    "is asked of nobody where no pod that goes runs": {
      pods: { a: "NN", b: "NN." },
      parts: { b: part },
      scales: ["b 3>2 prepares"],
    },
    "is asked of a pod that runs and is not Ready": {
      pods: { a: "NN", b: "NNn" },
      parts: { b: part },
      scales: ["b 3>2 prepares b-2"],
    },
    "does not come before a scale-up": { pods: { a: "NNN", b: "NN" }, parts: { b: part }, scales: ["b 2>3"] },
    "needs a port": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules({ leader: "a", prepare: { path: "x" } }) },
      waits: ["b MalformedAnnotation"],
      warns: ["grafana.com/prepare-downscale-http-port"],
    },
    "needs a path": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules({ leader: "a", prepare: { port: "80" } }) },
      waits: ["b MalformedAnnotation"],
      warns: ["grafana.com/prepare-downscale-http-path"],
    },
    "needs a path that stays in the pod": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules({ leader: "a", prepare: { port: "80", path: "x/../../../../secrets" } }) },
      waits: ["b MalformedAnnotation"],
      warns: ["is no plain path"],
    },
    "that was not finished is completed": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: part },
      state: scaleDown("b", { endpoint }),
      scales: ["b 3>2 prepares b-2"],
    },
    "that was not finished is undone when the leader has grown again": {
      pods: { a: "NNN", b: "NNN" },
      parts: { b: part },
      state: scaleDown("b", { endpoint }),
      waits: ["b UndoingPrepareDownscale"],
      also: ["UndoPrepareDownscale b-2"],
    },
    "that was not finished is undone in a group that is not OnDelete": {
      pods: { a: "NN", b: "NNN" },
      parts: { a: { strategy: "RollingUpdate" }, b: part },
      state: scaleDown("b", { endpoint }),
      waits: ["b NotOnDelete"],
      also: ["UndoPrepareDownscale b-2"],
    },
    "that was not finished is undone beside a foreign controller, though nothing else is wanted": {
      pods: { a: "NNN", b: "NNN" },
      parts: { b: part },
      observation: { foreignController: "Deployment mimir/rollout-operator" },
      state: scaleDown("b", { endpoint }),
      waits: ["b UndoingPrepareDownscale"],
      also: ["UndoPrepareDownscale b-2"],
      due: 10,
    },
    "that was not finished is left alone in a group that is claimed by another, and told of": {
      pods: { a: "NNN", b: "NNN" },
      parts: { a: claimed("other/mimir/ingesters"), b: part },
      state: scaleDown("b", { endpoint, undone: 1, undoneAt: at(-60), trouble: "UndoPrepareDownscale: no" }),
      waits: ["b Overlap"],
      says: "pods of it may still be prepared for it: Claimed already",
    },
    "that was not finished is undone when the scale-down has to wait": {
      pods: { a: "Nn", b: "NNN" },
      parts: { b: part },
      state: scaleDown("b", { endpoint }),
      waits: ["b WaitingForZone"],
      also: ["UndoPrepareDownscale b-2"],
    },
    "that was not finished goes on when even fewer are wanted": {
      pods: { a: "N", b: "NNN" },
      parts: { b: part },
      state: scaleDown("b", { endpoint }),
      scales: ["b 3>1 prepares b-2 b-1"],
    },
    "that was not finished is undone when fewer pods are to go": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: part },
      state: scaleDown("b", { endpoint, to: 1, pods: ["ingester-b-2", "ingester-b-1"] }),
      waits: ["b WaitingForScaleDown"],
      also: ["UndoPrepareDownscale b-2 b-1"],
    },
    "that was carried out is not undone": {
      pods: { a: "NN", b: "NN" },
      parts: { b: part },
      state: scaleDown("b", { endpoint }),
    },
    "of a StatefulSet that is gone is forgotten": {
      pods: { a: "NN" },
      state: scaleDown("b", { endpoint }),
    },
    "that could not be undone is told of, and tried again after 10 s": {
      pods: { a: "NNN", b: "NNN" },
      parts: { b: part },
      state: scaleDown("b", { endpoint, undone: 1, undoneAt: at(-3), trouble: "UndoPrepareDownscale: pod said 500" }),
      waits: ["b UndoPrepareDownscaleFailed"],
      says: "pods of it may still be prepared for it: pod said 500",
    },
  });

  test.each([
    { ago: 599, undone: [] },
    { ago: 600, undone: ["UndoPrepareDownscale"] },
  ])("is kept after five attempts to undo it, and told again after ten minutes: $ago s", ({ ago, undone }) => {
    const before = scaleDown("b", { endpoint, undone: 5, undoneAt: at(-ago), trouble: "no" });
    const row = { pods: { a: "NNN", b: "NNN" }, parts: { b: part }, phase: "Idle" as const };
    const { actions, nextState, scaling } = plan({ ...row, state: before });
    expect(actions.map(({ kind }) => kind).filter((kind) => kind === "UndoPrepareDownscale")).toEqual(undone);
    expect(nextState.scaleDown).toEqual(before.scaleDown);
    expect(scaling.waits.map(({ reason }) => reason)).toEqual(["UndoPrepareDownscaleFailed"]);
  });
});

test.each([
  ["is read to undo what was prepared", {}, undefined, true],
  ["is not read while it was tried a moment ago", {}, { undone: 1, undoneAt: at(-3), trouble: "no" }, false],
  ["of another owner is not read", claimed("other/mimir/ingesters"), undefined, false],
])("a refused group %s", (_sentence, part, tried, needed) => {
  const endpoint = { port: 80, path: PREPARE.path };
  const { scaling } = plan({
    pods: { a: "NNN", b: "NNN" },
    parts: { a: { strategy: "RollingUpdate", ...part }, b: rules({ leader: "a", prepare: PREPARE }) },
    observation: { pods: undefined },
    spec: "annotations" in part ? { adoptStrategy: "OnDelete" } : {},
    state: scaleDown("b", { endpoint, ...tried }),
    phase: "Refused",
  });
  expect(scaling.needsView).toBe(needed);
});

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
    state: state(known),
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
