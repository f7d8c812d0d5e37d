import { Stack } from "aws-cdk-lib";
import { describe, expect, test } from "vitest";
import type { FunctionName } from "../../functions/environment.ts";
import { Outrigger } from "../../infra/outrigger.ts";
import { inspect, newApp, ofType, type Synthesised, someVpc, synthesise, tinySources } from "./synthesis.ts";

interface Statement {
  Sid: string;
  Action: string | string[];
  Resource: unknown;
  Condition?: { StringLike: Record<string, unknown> };
}

const list = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);

/** An ARN as text: references by logical id without its hash, e.g. `OutriggerProbeLaneQueue`. */
function text(value: unknown): string {
  if (typeof value === "string") return value;
  const reference = value as { Ref?: string; "Fn::GetAtt"?: [string, string]; "Fn::Join"?: [string, unknown[]] };
  if (reference.Ref !== undefined) return reference.Ref.replace(/[0-9A-F]{8}$/, "");
  if (reference["Fn::GetAtt"]) return reference["Fn::GetAtt"][0].replace(/[0-9A-F]{8}$/, "");
  return (reference["Fn::Join"]?.[1] ?? []).map(text).join("");
}

/** What a statement allows: actions, resources, and by condition key what it is limited to. */
type Allowed = [actions: string[], resources: string[], limits?: Record<string, string>];

/** @returns what a function may do, by statement id. */
function grants(synthesised: Synthesised, name: FunctionName): Record<string, Allowed> {
  const title = name.charAt(0).toUpperCase() + name.slice(1);
  const role = ofType(synthesised, "AWS::IAM::Role").find(([id]) => id.startsWith(`Outrigger${title}Access`))?.[1];
  const policies = role?.Properties["Policies"] as { PolicyDocument: { Statement: Statement[] } }[];
  expect(role?.Properties["ManagedPolicyArns"]).toBeUndefined();
  return Object.fromEntries(
    policies
      .flatMap((policy) => policy.PolicyDocument.Statement)
      .map(({ Sid, Action, Resource, Condition }) => {
        const limits = Object.entries(Condition?.StringLike ?? {}).map(([key, value]) => [
          key,
          list(value).map(text).join(),
        ]);
        const allowed = [list(Action), list(Resource).map(text)] as const;
        return [Sid, limits.length === 0 ? [...allowed] : [...allowed, Object.fromEntries(limits)]];
      }),
  );
}

const TABLE = "OutriggerStateTable";
const dynamo = (...actions: string[]): string[] => actions.map((action) => `dynamodb:${action}`);
const logs = (title: string): [string[], string[]] => [
  ["logs:CreateLogStream", "logs:PutLogEvents"],
  [`Outrigger${title}Logs`],
];
const takes = (queue: string, ...more: string[]): [string[], string[]] => [
  ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", ...more],
  [`Outrigger${queue}Queue`],
];
const posts = (...queues: string[]): [string[], string[]] => [
  ["sqs:SendMessage"],
  queues.map((queue) => `Outrigger${queue}`),
];
const reports: [string[], string[]] = [["events:PutEvents"], ["OutriggerEventsBus"]];
const clusters = {
  DescribeClusters: [["eks:DescribeCluster"], ["arn:AWS::Partition:eks:*:AWS::AccountId:cluster/*"]],
  ReadKubeconfigs: [
    ["secretsmanager:GetSecretValue"],
    ["arn:AWS::Partition:secretsmanager:AWS::Region:AWS::AccountId:secret:outrigger/*"],
  ],
};

const EXPECTED: Record<FunctionName, Record<string, unknown>> = {
  register: {
    WriteLogs: logs("Register"),
    State: [dynamo("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query"), [TABLE]],
    TakeMessages: takes("Registration", "sqs:ChangeMessageVisibility"),
    PostMessages: posts("ProbeLaneQueue", "ReconcileLaneQueue", "RolloutLaneQueue", "RegistrationDeadLetters"),
    ReportEvents: reports,
    ...clusters,
  },
  dispatch: {
    WriteLogs: logs("Dispatch"),
    State: [dynamo("GetItem", "UpdateItem", "Query"), [TABLE]],
    DueWork: [["dynamodb:Query"], [`${TABLE}/index/due`]],
    PostMessages: posts("ProbeLaneQueue", "ReconcileLaneQueue", "RolloutLaneQueue"),
  },
  probe: {
    WriteLogs: logs("Probe"),
    State: [dynamo("GetItem", "PutItem"), [TABLE]],
    TakeMessages: takes("ProbeLane"),
    PostMessages: posts("ProbeLaneDeadLetters"),
    ReportEvents: reports,
    ...clusters,
  },
  reconcile: {
    WriteLogs: logs("Reconcile"),
    State: [dynamo("GetItem", "PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem", "Query"), [TABLE]],
    TakeMessages: takes("ReconcileLane", "sqs:ChangeMessageVisibility"),
    PostMessages: posts("ReconcileLaneQueue", "RolloutLaneQueue", "ReconcileLaneDeadLetters"),
    ReportEvents: reports,
    ...clusters,
  },
  rollout: {
    WriteLogs: logs("Rollout"),
    State: [dynamo("GetItem", "PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"), [TABLE]],
    TakeMessages: takes("RolloutLane", "sqs:ChangeMessageVisibility"),
    PostMessages: posts("RolloutLaneQueue", "RolloutLaneDeadLetters"),
    ReportEvents: reports,
    ...clusters,
    ReadAlarms: [["cloudwatch:DescribeAlarms"], ["*"]],
    ReadZonalShifts: [
      ["arc-zonal-shift:GetManagedResource"],
      ["*"],
      { "arc-zonal-shift:ResourceIdentifier": "arn:AWS::Partition:eks:*:AWS::AccountId:cluster/*" },
    ],
  },
  api: {
    WriteLogs: logs("Api"),
    State: [dynamo("GetItem", "PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem", "Query"), [TABLE]],
    PostMessages: posts("ReconcileLaneQueue"),
  },
};

describe("a role allows exactly what its function uses", () => {
  const synthesised = synthesise();
  test.each(Object.keys(EXPECTED) as FunctionName[])("%s", (name) => {
    expect(grants(synthesised, name)).toEqual(EXPECTED[name]);
  });

  test("the schedule: it may fire dispatch", () => {
    const [, role] = ofType(synthesised, "AWS::IAM::Role").find(([id]) => id.startsWith("OutriggerScheduleRole")) ?? [];
    const [policy] = (role?.Properties["Policies"] ?? []) as { PolicyDocument: { Statement: Statement[] } }[];
    expect(policy?.PolicyDocument.Statement.map(({ Action, Resource }) => [Action, text(Resource)])).toEqual([
      ["lambda:InvokeFunction", "OutriggerDispatchFunction"],
    ]);
  });

  test("there are no other roles and no policies beside them", () => {
    expect(ofType(synthesised, "AWS::IAM::Role")).toHaveLength(7);
    expect(ofType(synthesised, "AWS::IAM::Policy")).toHaveLength(0);
    expect(ofType(synthesised, "AWS::IAM::ManagedPolicy")).toHaveLength(0);
  });
});

describe("options widen what functions may do, no further than they say", () => {
  const role = "arn:aws:iam::111111111111:role/outrigger-access";
  test("assumeRoles: these roles, by the functions that talk to clusters", () => {
    const synthesised = synthesise({ accounts: ["111111111111"], assumeRoles: [role] });
    for (const name of ["register", "probe", "reconcile", "rollout"] as const) {
      expect(grants(synthesised, name)["AssumeClusterRoles"]).toEqual([["sts:AssumeRole"], [role]]);
    }
    for (const name of ["dispatch", "api"] as const)
      expect(grants(synthesised, name)["AssumeClusterRoles"]).toBeUndefined();
  });

  test("kubeconfigSecrets: these secrets, with the suffix Secrets Manager adds", () => {
    const synthesised = synthesise({ kubeconfigSecrets: ["prod/eu"] });
    const [, resources] = grants(synthesised, "probe")["ReadKubeconfigs"] ?? [];
    expect(resources).toEqual(["arn:AWS::Partition:secretsmanager:AWS::Region:AWS::AccountId:secret:prod/eu-??????"]);
  });

  test("vpc: network interfaces, and nothing of it without a VPC", () => {
    const stack = new Stack(newApp(), "Embedding");
    new Outrigger(stack, "Outrigger", { vpc: someVpc(stack), functionSources: tinySources() });
    const inVpc = inspect(stack);
    expect(grants(inVpc, "probe")["JoinVpc"]?.[0]).toContain("ec2:CreateNetworkInterface");
    expect(grants(synthesise(), "probe")["JoinVpc"]).toBeUndefined();
    for (const [, fn] of ofType(inVpc, "AWS::Lambda::Function")) expect(fn.Properties["VpcConfig"]).toBeDefined();
    expect(ofType(inVpc, "AWS::EC2::SecurityGroup")).toHaveLength(1);
  });

  test("accounts: these may put events on the bus, but not speak as the hub", () => {
    const policies = ofType(synthesise({ accounts: ["111111111111"] }), "AWS::Events::EventBusPolicy");
    expect(policies).toHaveLength(1);
    expect(policies[0]?.[1].Properties["Statement"]).toMatchObject({
      Effect: "Allow",
      Action: "events:PutEvents",
      Condition: { StringNotEquals: { "events:source": "outrigger" } },
    });
  });
});
