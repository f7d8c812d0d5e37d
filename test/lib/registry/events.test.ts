import { describe, expect, it } from "vitest";
import { parseEvent } from "../../../lib/registry/events.ts";
import { ARN, body } from "./build.ts";

const registered = (detail: unknown) => body("Cluster Registered", detail);

describe("a wrong event is refused with every problem named", () => {
  const cases: [sentence: string, body: string, problems: (string | RegExp)[]][] = [
    ["a missing name", registered({ arn: ARN }), ["detail.name: is missing: give the cluster a name"]],
    [
      "two kinds of access",
      registered({ name: "prod", arn: ARN, kubeconfigSecret: "s" }),
      ["detail: names 2 kinds of access (arn, kubeconfigSecret); keep exactly one"],
    ],
    [
      "no access",
      registered({ name: "prod" }),
      ["detail: names no access; give exactly one of arn, region+accountId, kubeconfigSecret"],
    ],
    [
      "a region without its account",
      registered({ name: "prod", region: "eu-west-1" }),
      ["detail: region and accountId belong together; give both or the arn"],
    ],
    [
      "an unknown field, with the one that was meant",
      registered({ name: "prod", arn: ARN, monitorIntervall: "30s" }),
      ["detail.monitorIntervall: unknown field; did you mean `monitorInterval`?"],
    ],
    [
      "an unknown field like no other",
      registered({ name: "prod", arn: ARN, zebra: 1 }),
      ["detail.zebra: unknown field"],
    ],
    [
      "an unknown field inside the allow-list",
      registered({ name: "prod", arn: ARN, allow: { secret: ["a"] } }),
      ["detail.allow.secret: unknown field; did you mean `secrets`?"],
    ],
    [
      "several problems at once, also across fields",
      registered({ arn: "arn:aws:eks:x", kubeconfigSecret: "s", labels: { "a b": "c" }, bogus: true }),
      [
        /^detail.name: is missing/,
        /^detail.arn: must be the ARN/,
        /^detail.labels.a b: is no label key/,
        "detail.bogus: unknown field",
        /names 2 kinds of access/,
      ],
    ],
    [
      "an interval that is too short",
      registered({ name: "prod", arn: ARN, monitorInterval: "5s" }),
      ["detail.monitorInterval: 5s is outside 10s..1h"],
    ],
    [
      "an interval that is too long",
      registered({ name: "prod", arn: ARN, monitorInterval: "61m" }),
      ["detail.monitorInterval: 61m is outside 10s..1h"],
    ],
    [
      "an interval without a unit",
      registered({ name: "prod", arn: ARN, monitorInterval: "30" }),
      [/^detail.monitorInterval: "30" is no duration/],
    ],
    [
      "a fraction of a second",
      registered({ name: "prod", arn: ARN, monitorInterval: "10.5s" }),
      ["detail.monitorInterval: 10.5s is not a whole number of seconds"],
    ],
    [
      "a label value no selector could name",
      registered({ name: "prod", arn: ARN, labels: { team: "a b" } }),
      [/^detail.labels.team: has the value "a b"/],
    ],
    [
      "a name that would break the table's keys",
      registered({ name: "a#b", arn: ARN }),
      [/^detail.name: must start with a letter or digit/],
    ],
    [
      "a role for a kubeconfig",
      registered({ name: "k", kubeconfigSecret: "s", roleArn: "arn:aws:iam::123456789012:role/r" }),
      [/^detail.roleArn: is for EKS access only/],
    ],
    [
      "an external id without a role",
      registered({ name: "prod", arn: ARN, externalId: "xx" }),
      [/^detail.externalId: is passed when a role is assumed/],
    ],
    [
      "an unknown capability",
      registered({ name: "prod", arn: ARN, capabilities: ["heal"] }),
      [/^detail.capabilities.0: must be one of observe, rollouts$/],
    ],
    [
      "the metadata service on the allow-list",
      registered({ name: "prod", arn: ARN, allow: { urls: ["http://169.254.169.254/latest", "https://example.com"] } }),
      [/^detail.allow.urls.0: .*link-local/],
    ],
    [
      "a name under another shape of loopback",
      registered({ name: "prod", arn: ARN, allow: { urls: ["http://[::ffff:127.0.0.1]/"] } }),
      [/^detail.allow.urls.0: /],
    ],
    ["a deregistration without a name", body("Cluster Deregistered", {}), [/^detail.name: is missing/]],
    [
      "a changed resource without a cluster",
      body("Resource Changed", { kind: "MultiAZRollout", namespace: "a", name: "b" }),
      [/^detail.cluster: is missing/],
    ],
    [
      "another detail type",
      body("Cluster Exploded", {}),
      [/^detail-type: "Cluster Exploded" is not accepted; send one of Cluster Registered/],
    ],
    [
      "an envelope without an id",
      body("Cluster Registered", { name: "prod", arn: ARN }, { id: undefined }),
      [/^id: is missing$/, /put it on the hub's bus/],
    ],
    ["no JSON", "{", [/^the message is no JSON.*put an event on the hub's bus/]],
    ["JSON that is no object", "3", [/must be an object/, /put it on the hub's bus/]],
    ["a detail that is no object", registered("prod"), [/must be an object/, /names no access/]],
  ];
  it.each(cases)("%s", (_sentence, text, expected) => {
    const parsed = parseEvent(text, { local: false });
    const problems = "problems" in parsed ? parsed.problems : [];
    expect(problems).toHaveLength(expected.length);
    for (const [index, problem] of expected.entries()) expect(problems[index]).toMatch(problem);
  });
});

describe("a right event", () => {
  it("may leave the time to the envelope, and is stamped to the millisecond", () => {
    const parsed = parseEvent(registered({ name: "prod", arn: ARN }), { local: false });
    expect(parsed).toMatchObject({
      event: { type: "Cluster Registered", name: "prod", at: "2026-11-20T10:00:00.000Z", id: "e-1" },
    });
  });
  it("may say itself when it was decided, in any time zone", () => {
    const parsed = parseEvent(registered({ name: "prod", arn: ARN, at: "2026-11-20T12:00:00.250+02:00" }), {
      local: false,
    });
    expect(parsed).toMatchObject({ event: { at: "2026-11-20T10:00:00.250Z" } });
  });
  it("has its intervals in seconds", () => {
    const parsed = parseEvent(
      registered({ name: "prod", arn: ARN, monitorInterval: "1m30s", discoverInterval: "1h" }),
      { local: false },
    );
    expect(parsed).toMatchObject({ event: { detail: { monitorInterval: 90, discoverInterval: 3600 } } });
  });
  it("may name loopback addresses in the local environment", () => {
    const parsed = parseEvent(registered({ name: "prod", arn: ARN, allow: { urls: ["http://127.0.0.1:9090"] } }), {
      local: true,
    });
    expect(parsed).toHaveProperty("event");
  });
});
