import { describe } from "vitest";
import { FOLLOWS_A, MIN_TIME, MINUTE, PREPARE, rules, TEMPLATE, template, testReplicaRows } from "./replica-row.ts";

describe("forced replicas", () => {
  testReplicaRows({
    "count before the leader": {
      pods: { a: "NN", b: "NN" },
      parts: { b: rules({ ...FOLLOWS_A, forced: "3" }) },
      scales: ["b 2>3"],
    },
    "may be 0, at once": {
      pods: { a: "NN", b: "NN" },
      parts: { a: rules({ last: MINUTE }), b: rules({ ...FOLLOWS_A, forced: "0" }) },
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
      parts: { b: rules({ ...FOLLOWS_A, forced: "-1" }) },
      warns: ['grafana.com/rollout-force-replicas: "-1" on StatefulSet ingester-b is no number from 0'],
    },
    "that are no number are ignored": {
      pods: { a: "NN", b: "NN" },
      parts: { b: rules({ ...FOLLOWS_A, forced: "many" }) },
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
    "beside a leader do not count": {
      pods: { a: "NN", b: "NN" },
      parts: { b: rules({ leader: "a", mirror: {} }) },
      warns: ["stands beside a leader; the leader counts"],
    },
  });
});
