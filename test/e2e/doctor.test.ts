import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  DisableRuleCommand,
  EnableRuleCommand,
  EventBridgeClient,
  ListRulesCommand,
} from "@aws-sdk/client-eventbridge";
import {
  DeleteFunctionCommand,
  DeleteFunctionConcurrencyCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  PutFunctionConcurrencyCommand,
  UpdateEventSourceMappingCommand,
} from "@aws-sdk/client-lambda";
import { CreateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { PurgeQueueCommand, SendMessageBatchCommand, SQSClient } from "@aws-sdk/client-sqs";
import { ApiextensionsV1Api, KubeConfig, RbacAuthorizationV1Api } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { Finding } from "../../cli/doctor/finding.ts";
import { type Hub, localAws, openHub } from "../../cli/hub.ts";
import { runCommand } from "../../cli/run.ts";
import { type HostedEnvironment, hostEnvironment } from "../../local/host-client.ts";
import { makeGuardedSet, seeGuardComeAndGo } from "./guarded-set.ts";

const CLUSTER = "patient";
const REPOSITORY = join(import.meta.dirname, "../..");
const ROLE = "outrigger:rollouts";
const DEFINITION = "multiazrollouts.rollout.grafana.com";
const WAIT_MS = 60_000;

let directory: string;
let environment: HostedEnvironment;
let hub: Hub;
let outputs: Record<string, string>;
let lambda: LambdaClient;
let sqs: SQSClient;
let events: EventBridgeClient;
let secrets: SecretsManagerClient;
let kubeConfig: KubeConfig;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "outrigger-doctor-"));
  process.env["OUTRIGGER_STATE_DIR"] = directory;
  environment = await hostEnvironment({ directory, kubernetes: "embedded", clusters: [CLUSTER] }, () => undefined);
  const aws = localAws(environment.state);
  hub = await openHub({ stack: environment.state.stack, local: true }, aws);
  lambda = new LambdaClient(aws);
  sqs = new SQSClient({ ...aws, useQueueUrlAsEndpoint: false });
  events = new EventBridgeClient(aws);
  secrets = new SecretsManagerClient(aws);
  kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(environment.state.clusters[0]?.kubeconfig ?? "");
  const written = join(directory, "local/aws", `outputs-${environment.state.stack}.json`);
  const all = JSON.parse(readFileSync(written, "utf8")) as Record<string, Record<string, string>>;
  outputs = all[environment.state.stack] ?? {};
});
afterAll(async () => {
  for (const client of [lambda, sqs, events, secrets]) client?.destroy();
  await environment?.stop();
  delete process.env["OUTRIGGER_STATE_DIR"];
  rmSync(directory, { recursive: true, force: true });
});

/** Runs `outrigger doctor` as a person would. */
async function doctor(line = "--local doctor"): Promise<{ exitCode: number; wrong: Finding[]; stderr: string }> {
  let [stdout, stderr] = ["", ""];
  const streams = { stdout: (text: string) => void (stdout += text), stderr: (text: string) => void (stderr += text) };
  const exitCode = await runCommand([...line.split(" "), "-o", "json"], streams);
  return { exitCode, wrong: (JSON.parse(stdout) as Finding[]).filter(({ result }) => result === "wrong"), stderr };
}

/**
 * Asks the doctor until it finds the fault; one of a cluster shows with its next probe. What the fault before has left may be
 * found with it: a status tells of that until the hub looks again.
 */
async function findFault({ check, says, line }: Pick<Fault, "check" | "says" | "line">) {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const result = await doctor(line);
    const found = result.wrong.find((finding) => finding.check === check && says.test(finding.message));
    if (found !== undefined || Date.now() > deadline) return { ...result, found };
    await sleep(500);
  }
}

const registered = (name: string, kubeconfig: string) => async () => {
  await secrets.send(new CreateSecretCommand({ Name: `outrigger/${name}`, SecretString: kubeconfig }));
  await cli(`--local cluster register ${name} --kubeconfig-secret outrigger/${name} --capability observe`);
};
const deregistered = (name: string) => () => cli(`--local cluster deregister ${name} --force`);

async function cli(line: string): Promise<void> {
  let stderr = "";
  const streams = { stdout: () => undefined, stderr: (text: string) => void (stderr += text) };
  if ((await runCommand(line.split(" "), streams)) !== 0) throw new Error(stderr);
}

const changedKubeconfig = (change: (text: string) => string) =>
  change(readFileSync(environment.state.clusters[0]?.kubeconfig ?? "", "utf8"));
/** Port 1 of loopback: nobody listens there. */
const toNobody = () => changedKubeconfig((text) => text.replace(/(server: https:\/\/127\.0\.0\.1):\d+/, "$1:1"));
const withWrongToken = () =>
  changedKubeconfig((text) =>
    text.replace(/client-certificate-data: .*/, "token: nobody").replace(/\n.*client-key-data: .*/, ""),
  );

const mapping = async (functionName: string | undefined, enabled: boolean): Promise<void> => {
  const { EventSourceMappings = [] } = await lambda.send(
    new ListEventSourceMappingsCommand({ FunctionName: functionName }),
  );
  for (const { UUID } of EventSourceMappings)
    await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: enabled }));
};
const rule = async (Command: typeof DisableRuleCommand | typeof EnableRuleCommand): Promise<void> => {
  const EventBusName = outputs["BusName"];
  const { Rules = [] } = await events.send(new ListRulesCommand({ EventBusName }));
  for (const { Name } of Rules) await events.send(new Command({ Name, EventBusName }));
};
/** As a pipeline does that labels one. */
const tell = () =>
  hub.putEvent("Resource Changed", { cluster: CLUSTER, kind: "StatefulSet", namespace: "default", name: "guarded" });
const manifest = <T>(path: string): T => parse(readFileSync(join(REPOSITORY, "config", path), "utf8")) as T;

interface Fault {
  sentence: string;
  seed: () => Promise<unknown>;
  check: Finding["check"];
  says: RegExp;
  fix: RegExp;
  undo: () => Promise<unknown>;
  /** Default `--local doctor`. */
  line?: string;
}
const nothing = async () => undefined;

/** What each fault breaks for real, and what the doctor must say; found one after the other on the same environment. */
const faults: Fault[] = [
  {
    sentence: "the environment is not running",
    seed: async () => (process.env["OUTRIGGER_STATE_DIR"] = join(directory, "nothing")),
    check: "credentials",
    says: /it is not running/,
    fix: /outrigger local up/,
    undo: async () => (process.env["OUTRIGGER_STATE_DIR"] = directory),
  },
  {
    sentence: "there is no stack of that name",
    seed: nothing,
    line: "--local --stack Outriger doctor",
    check: "stack",
    says: /does not exist/,
    fix: /cdk deploy.*--stack/,
    undo: nothing,
  },
  {
    sentence: "an event was rejected",
    seed: () => hub.putEvent("Cluster Registered", { name: "typo", kubeconfigSecrets: "outrigger/typo" }),
    check: "dead letters",
    says: /did you mean `kubeconfigSecret`\?/,
    fix: /send the event again, then delete the old message/,
    undo: () => sqs.send(new PurgeQueueCommand({ QueueUrl: outputs["RegistrationDeadLetterQueueUrl"] })),
  },
  {
    sentence: "an event source mapping is disabled",
    seed: () => mapping(outputs["ProbeFunction"], false),
    check: "triggers",
    says: /is Disabl(ed|ing): messages wait/,
    fix: /update-event-source-mapping --uuid \S+ --enabled/,
    undo: () => mapping(outputs["ProbeFunction"], true),
  },
  {
    sentence: "the rule of cluster events is disabled",
    seed: () => rule(DisableRuleCommand),
    check: "rules",
    says: /disabled: cluster events do not reach the hub/,
    fix: /aws events enable-rule --name \S+ --event-bus-name \S+/,
    undo: () => rule(EnableRuleCommand),
  },
  {
    sentence: "a function is throttled to nothing",
    seed: () =>
      lambda.send(
        new PutFunctionConcurrencyCommand({
          FunctionName: outputs["DispatchFunction"],
          ReservedConcurrentExecutions: 0,
        }),
      ),
    check: "functions",
    says: /reserved concurrency is 0/,
    fix: /delete-function-concurrency --function-name \S*Dispatch/,
    undo: () => lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName: outputs["DispatchFunction"] })),
  },
  {
    sentence: "messages pile up",
    async seed() {
      // Nobody works on them while the mapping is disabled.
      await mapping(outputs["ProbeFunction"], false);
      const entries = Array.from({ length: 10 }, (_, index) => ({ Id: String(index), MessageBody: "{}" }));
      const batch = { QueueUrl: outputs["ProbeQueueUrl"], Entries: entries };
      for (let sent = 0; sent < 12; sent += 1) await sqs.send(new SendMessageBatchCommand(batch));
    },
    check: "queues",
    says: /1[2-9]\d messages wait/,
    fix: /Probe.*oldest-message\.md/,
    async undo() {
      await sqs.send(new PurgeQueueCommand({ QueueUrl: outputs["ProbeQueueUrl"] }));
      await mapping(outputs["ProbeFunction"], true);
    },
  },
  {
    sentence: "a cluster does not answer",
    seed: async () => registered("silent", toNobody())(),
    check: "clusters",
    says: /Unreachable: cluster silent did not answer \(tcp\)/,
    fix: /check the endpoint's address/,
    undo: deregistered("silent"),
  },
  {
    sentence: "a cluster does not let the hub in",
    seed: async () => registered("closed", withWrongToken())(),
    check: "clusters",
    says: /AuthFailed: cluster closed does not accept the credentials/,
    fix: /access entry in group outrigger, or replace the kubeconfig's/,
    undo: deregistered("closed"),
  },
  {
    sentence: "a role lost its binding",
    seed: () => kubeConfig.makeApiClient(RbacAuthorizationV1Api).deleteClusterRoleBinding({ name: ROLE }),
    check: "permissions",
    says: /lacks, for rollouts: .*delete pods/,
    fix: /kubectl apply -f config\/rbac\/rollouts\.yaml/,
    undo: () =>
      kubeConfig.makeApiClient(RbacAuthorizationV1Api).createClusterRoleBinding({
        body: {
          metadata: { name: ROLE },
          roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: ROLE },
          subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "outrigger" }],
        },
      }),
  },
  {
    sentence: "a StatefulSet asks for a guard, and the role for it is not there",
    seed: async () => {
      await makeGuardedSet(kubeConfig);
      await tell();
    },
    check: "resources",
    says: /Guarded=False Forbidden: .*1 StatefulSet labelled \S+ can be scaled down: .*cannot get resource "validatingadmissionpolicies"/,
    fix: /kubectl apply -f config\/rbac\//,
    undo: () => seeGuardComeAndGo(kubeConfig, tell),
  },
  {
    sentence: "a custom resource is not installed",
    seed: () => kubeConfig.makeApiClient(ApiextensionsV1Api).deleteCustomResourceDefinition({ name: DEFINITION }),
    check: "custom resources",
    says: /multiazrollouts\.rollout\.grafana\.com: it is not installed/,
    fix: /kubectl apply -f config\/crd\/multiazrollouts\.rollout\.grafana\.com\.yaml/,
    undo: () =>
      kubeConfig
        .makeApiClient(ApiextensionsV1Api)
        .createCustomResourceDefinition({ body: manifest(`crd/${DEFINITION}.yaml`) }),
  },
  {
    sentence: "a function is gone",
    seed: () => lambda.send(new DeleteFunctionCommand({ FunctionName: outputs["ApiFunction"] })),
    check: "hub",
    says: /the hub does not answer: Function \S*Api/,
    fix: /deploy the stack again/,
    undo: nothing,
  },
];

describe("outrigger doctor on a deployed stack", () => {
  test("finds nothing wrong before", async () => {
    expect(await doctor()).toEqual({ exitCode: 0, wrong: [], stderr: "" });
  });

  test.each(faults)("$sentence", async ({ seed, fix, undo, ...fault }) => {
    await seed();
    try {
      const { exitCode, wrong, found, stderr } = await findFault(fault);
      expect(found, JSON.stringify(wrong)).toMatchObject({ fix: expect.stringMatching(fix) });
      expect(stderr).toMatch(/^outrigger: Hub \S+: \d+ of \d+ findings are wrong\..*\n$/);
      expect(exitCode).toBe(1);
    } finally {
      await undo();
    }
  });
});
