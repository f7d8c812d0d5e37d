import { describe, expect, test } from "vitest";
import { examine, isWrong } from "../../../cli/doctor/examine.ts";
import { CHECKS, type Check } from "../../../cli/doctor/finding.ts";
import { describePermission, permissionsOf } from "../../../cli/doctor/rules.ts";
import { before, cluster, discovery, type FakeFacts, fakePorts, healthyFacts, NOW } from "./fake-ports.ts";

async function examined(seed: (facts: FakeFacts) => void = () => undefined) {
  const facts = healthyFacts();
  seed(facts);
  return examine(fakePorts(facts), NOW);
}

test("a hub without faults: each check is in order, in their order", async () => {
  const findings = await examined();
  expect(findings.map(({ check }) => check)).toEqual([...CHECKS]);
  expect(findings.filter(({ result }) => result !== "ok")).toEqual([]);
});

const only = <T>(list: T[]): T => {
  const [first] = list;
  if (first === undefined) throw new Error("The list is empty.");
  return first;
};
const failing = (name: string, message: string): Error => Object.assign(new Error(message), { name });

/** What is broken, where it is found, and what the fix must name. */
const faults: [sentence: string, seed: (facts: FakeFacts) => void, check: Check, says: RegExp, fix: RegExp][] = [
  [
    "there are no credentials",
    ({ failing: all }) =>
      (all.identify = failing("CredentialsProviderError", "Could not load credentials from any providers")),
    "credentials",
    /Could not load credentials/,
    /AWS_PROFILE/,
  ],
  [
    "the local environment is not running",
    ({ failing: all }) => (all.identify = failing("CommandFailure", "Local environment: it is not running.")),
    "credentials",
    /not running/,
    /outrigger local up/,
  ],
  [
    "the stack does not exist",
    ({ failing: all }) => (all.readStack = failing("ValidationError", "Stack with id Outrigger does not exist")),
    "stack",
    /does not exist in this account and region/,
    /cdk deploy.*--stack/,
  ],
  [
    "the last deployment was rolled back",
    ({ stack }) => (stack.status = "UPDATE_ROLLBACK_COMPLETE"),
    "stack",
    /UPDATE_ROLLBACK_COMPLETE/,
    /describe-stack-events/,
  ],
  [
    "the stack is of an older version",
    ({ stack }) => delete stack.outputs["RolloutFunction"],
    "stack",
    /no output RolloutFunction/,
    /Deploy this version/,
  ],
  [
    "a function is throttled to nothing",
    ({ functions }) =>
      (functions["Outrigger-ProbeFunction"] = { state: "Active", stateReason: undefined, reservedConcurrency: 0 }),
    "functions",
    /reserved concurrency is 0/,
    /delete-function-concurrency --function-name Outrigger-ProbeFunction/,
  ],
  [
    "a function could not be started",
    ({ functions }) =>
      (functions["Outrigger-ApiFunction"] = {
        state: "Failed",
        stateReason: "no network",
        reservedConcurrency: undefined,
      }),
    "functions",
    /Failed: no network/,
    /Deploy the stack again/,
  ],
  [
    "an event source mapping is disabled",
    ({ triggers }) => (only(triggers["Outrigger-RolloutFunction"] ?? []).state = "Disabled"),
    "triggers",
    /mapping from RolloutQueueUrl is Disabled/,
    /update-event-source-mapping --uuid uuid-Rollout --enabled/,
  ],
  [
    "an event source mapping was removed",
    ({ triggers }) => (triggers["Outrigger-RegisterFunction"] = []),
    "triggers",
    /no queue feeds it/,
    /Deploy the stack again/,
  ],
  [
    "the rule of cluster events is disabled",
    ({ rules }) => (only(rules).state = "DISABLED"),
    "rules",
    /disabled/,
    /enable-rule --name to-hub --event-bus-name Outrigger-BusName/,
  ],
  [
    "the rule of cluster events was removed",
    (facts) => (facts.rules = []),
    "rules",
    /no rule brings cluster events/,
    /Deploy the stack again/,
  ],
  [
    "messages pile up",
    ({ queues }) => (queues["ReconcileQueueUrl"] = { visible: 400, inFlight: 10 }),
    "queues",
    /400 messages wait/,
    /Outrigger-ReconcileFunction.*oldest-message\.md/,
  ],
  [
    "an event was rejected",
    ({ letters }) => (letters["RegistrationDeadLetterQueueUrl"] = [{ reason: "detail.name: is missing" }]),
    "dead letters",
    /1 message; detail\.name: is missing/,
    /send the event again.*dead-letters\.md/,
  ],
  [
    "work failed too often",
    ({ queues, letters }) => {
      queues["RolloutDeadLetterQueueUrl"] = { visible: 7, inFlight: 0 };
      letters["RolloutDeadLetterQueueUrl"] = [{ reason: undefined }];
    },
    "dead letters",
    /7 messages which failed too often/,
    /start-message-move-task/,
  ],
  [
    "dispatch does not run",
    (facts) => (facts.heartbeats = 0),
    "dispatch",
    /no heartbeat in the last 5 minutes/,
    /schedule.*missing-heartbeat\.md/,
  ],
  [
    "the hub's function fails",
    ({ failing: all }) => (all.listClusters = new Error("Function api: AccessDeniedException on the table.")),
    "hub",
    /AccessDeniedException/,
    /log group/,
  ],
  [
    "a cluster does not answer",
    ({ clusters }) => {
      const { health } = only(clusters);
      if (health === undefined) throw new Error("It has no health.");
      health.class = "Unreachable";
      const message = "cluster prod-eu did not answer (tcp): refused; check the endpoint's address";
      health.checks = [{ name: "connection", ok: false, reason: "ConnectionRefused", message }];
    },
    "clusters",
    /^Unreachable: cluster prod-eu did not answer \(tcp\): refused$/,
    /^check the endpoint's address$/,
  ],
  [
    "a registration cannot be read",
    ({ unreadable }) => unreadable.push({ name: "old", cause: "its registration is not as …", nextStep: "deploy it" }),
    "clusters",
    /^its registration is not/,
    /^deploy it$/,
  ],
  [
    "probes have stopped",
    ({ clusters }) => {
      const { health } = only(clusters);
      if (health !== undefined) health.observedAt = before(3000);
    },
    "clusters",
    /50m ago; overdue/,
    /dispatch and the probe function/,
  ],
  [
    "a cluster was never probed",
    ({ clusters }) => delete only(clusters).health,
    "clusters",
    /none, and it is overdue/,
    /dispatch and the probe function/,
  ],
  [
    "a cluster forbids what a resource needs",
    ({ resources }) => {
      const { status } = only(resources);
      status?.conditions.splice(0, 1, { type: "Ready", status: "False", reason: "Forbidden", message: "list refused" });
    },
    "resources",
    /Ready=False Forbidden: list refused/,
    /kubectl apply -f config\/rbac/,
  ],
  [
    "due work is not done",
    ({ resources }) => resources.push({ ...discovery("prod-us"), dueAt: NOW.getTime() - 600_000 }),
    "resources",
    /due more than 2 minutes ago.*prod-us/,
    /dispatch, the queues and the functions/,
  ],
  [
    "a role lost a rule",
    ({ access }) =>
      (access["prod-eu"] = {
        missingRules: { value: { observe: [], rollouts: ["delete pods", "list pods"] } },
        missingCustomResources: { value: {} },
      }),
    "permissions",
    /lacks, for rollouts: delete pods; list pods/,
    /kubectl apply -f config\/rbac\/rollouts\.yaml/,
  ],
  [
    "a custom resource is not installed",
    ({ access }) =>
      (access["prod-eu"] = {
        missingRules: { value: { observe: [] } },
        missingCustomResources: { value: { "multiazrollouts.rollout.grafana.com": "it is not installed" } },
      }),
    "custom resources",
    /multiazrollouts\.rollout\.grafana\.com: it is not installed/,
    /kubectl apply -f config\/crd\/multiazrollouts\.rollout\.grafana\.com\.yaml/,
  ],
];

describe("a fault is found, alone, with its fix", () => {
  test.each(faults)("%s", async (_sentence, seed, check, says, fix) => {
    const findings = (await examined(seed)).filter(isWrong);
    expect(findings).toEqual([
      {
        check,
        result: "wrong",
        object: expect.any(String),
        message: expect.stringMatching(says),
        fix: expect.stringMatching(fix),
      },
    ]);
  });
});

describe("what cannot be known is not called wrong", () => {
  test("a heartbeat right after the deployment", async () => {
    const findings = await examined((facts) => {
      facts.heartbeats = 0;
      facts.stack.changedAt = before(60);
    });
    expect(findings.find(({ check }) => check === "dispatch")).toMatchObject({ result: "unknown" });
  });

  test("permissions in a cluster without a kubeconfig", async () => {
    const findings = await examined((facts) => (facts.access = {}));
    expect(findings.find(({ check }) => check === "permissions")).toMatchObject({
      result: "unknown",
      message: expect.stringContaining("--kubeconfig prod-eu=PATH"),
    });
  });

  test("permissions that the administrator's user may not ask about", async () => {
    const findings = await examined(({ access }) => {
      access["prod-eu"] = { missingRules: { problem: "forbidden" }, missingCustomResources: { value: {} } };
    });
    expect(findings.find(({ check }) => check === "permissions")).toMatchObject({ result: "unknown" });
    expect(findings.find(({ check }) => check === "custom resources")).toMatchObject({ result: "ok" });
  });

  test("clusters on their way out", async () => {
    const findings = await examined((facts) => {
      const leaving = cluster("old");
      leaving.registration.state = "Deregistering";
      delete leaving.health;
      facts.clusters.push(leaving);
    });
    expect(findings.filter(isWrong)).toEqual([]);
  });
});

test("several faults are all found", async () => {
  const findings = await examined((facts) => {
    facts.heartbeats = 0;
    facts.letters["ProbeDeadLetterQueueUrl"] = [{ reason: "no JSON" }];
    facts.clusters.push(cluster("no-kubeconfig"));
  });
  expect(findings.filter(isWrong).map(({ check }) => check)).toEqual(["dead letters", "dispatch"]);
});

test("each rule of the shipped roles becomes questions, in each namespace covered", () => {
  const permissions = permissionsOf({
    capabilities: ["observe", "rollouts"],
    namespaces: ["mimir", "loki"],
    installCustomResources: true,
  });
  const words = [...permissions].map(([role, list]) => [role, list.map(describePermission)] as const);
  const of = Object.fromEntries(words);
  expect(of["observe"]).toEqual(["get /readyz", "get /healthz", "get /version", "list nodes"]);
  expect(of["rollouts"]).toContain("delete pods in mimir");
  expect(of["rollouts"]).toContain("patch statefulsets.apps/status in loki");
  expect(of["install"]).toContain(
    "update customresourcedefinitions.apiextensions.k8s.io multiazrollouts.rollout.grafana.com",
  );
});
