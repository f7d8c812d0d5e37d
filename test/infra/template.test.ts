import { describe, expect, test } from "vitest";
import { type FunctionName, readEnvironment } from "../../functions/environment.ts";
import { FUNCTION_NAMES } from "../../infra/bundle.ts";
import { ofType, type Resource, synthesise } from "./synthesis.ts";

const synthesised = synthesise();
const { resources, outputs } = synthesised;

/** @returns the resource whose logical id is `prefix` and a hash. */
function one(prefix: string, from = synthesised): [string, Resource] {
  const found = Object.entries(from.resources).filter(([id]) => new RegExp(`^${prefix}[0-9A-F]{8}$`).test(id));
  const [entry] = found;
  if (entry === undefined || found.length > 1) throw new Error(`${found.length} resources are named ${prefix}`);
  return entry;
}
const properties = (prefix: string, from = synthesised): Record<string, unknown> => one(prefix, from)[1].Properties;
const title = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

const LANES: Record<
  string,
  {
    prefix: string;
    fn: string;
    timeout: number;
    batch: number;
    concurrency: number;
    receives: number;
    recursive: boolean;
  }
> = {
  registration: {
    prefix: "Registration",
    fn: "Register",
    timeout: 60,
    batch: 10,
    concurrency: 10,
    receives: 18,
    recursive: false,
  },
  probe: { prefix: "ProbeLane", fn: "Probe", timeout: 60, batch: 10, concurrency: 50, receives: 5, recursive: true },
  reconcile: {
    prefix: "ReconcileLane",
    fn: "Reconcile",
    timeout: 120,
    batch: 5,
    concurrency: 50,
    receives: 5,
    recursive: true,
  },
  rollout: {
    prefix: "RolloutLane",
    fn: "Rollout",
    timeout: 120,
    batch: 1,
    concurrency: 50,
    receives: 5,
    recursive: true,
  },
};

describe.each(Object.entries(LANES))(
  "the %s queue",
  (_, { prefix, fn, timeout, batch, concurrency, receives, recursive }) => {
    const queue = properties(`Outrigger${prefix}Queue`);
    const [deadLettersId, deadLetters] = one(`Outrigger${prefix}DeadLetters`);
    const [functionId, lambda] = one(`Outrigger${fn}Function`);

    test("stays invisible for six timeouts of its function", () => {
      expect(lambda.Properties["Timeout"]).toBe(timeout);
      expect(queue["VisibilityTimeout"]).toBe(6 * timeout);
    });

    test("gives up after so many receives, into a queue that keeps messages for 14 days", () => {
      expect(queue["RedrivePolicy"]).toEqual({
        maxReceiveCount: receives,
        deadLetterTargetArn: { "Fn::GetAtt": [deadLettersId, "Arn"] },
      });
      expect(deadLetters.Properties["MessageRetentionPeriod"]).toBe(14 * 86_400);
    });

    test("is encrypted, and so is its dead-letter queue", () => {
      expect([queue["SqsManagedSseEnabled"], deadLetters.Properties["SqsManagedSseEnabled"]]).toEqual([true, true]);
    });

    test("feeds its function with partial batch responses and limited concurrency", () => {
      expect(properties(`Outrigger${fn}Feed`)).toMatchObject({
        FunctionName: { Ref: functionId },
        EventSourceArn: { "Fn::GetAtt": [one(`Outrigger${prefix}Queue`)[0], "Arn"] },
        BatchSize: batch,
        FunctionResponseTypes: ["ReportBatchItemFailures"],
        ScalingConfig: { MaximumConcurrency: concurrency },
      });
    });

    test(recursive ? "may be fed by its own function" : "is not fed by its own function", () => {
      expect(lambda.Properties["RecursiveLoop"]).toBe(recursive ? "Allow" : undefined);
    });
  },
);

test("every queue refuses connections without TLS", () => {
  const protectedQueues = ofType(synthesised, "AWS::SQS::QueuePolicy").flatMap(([, policy]) => {
    const { Statement } = policy.Properties["PolicyDocument"] as {
      Statement: { Effect: string; Condition?: unknown }[];
    };
    const refuses = Statement.some(
      (statement) =>
        statement.Effect === "Deny" &&
        JSON.stringify(statement.Condition) === '{"Bool":{"aws:SecureTransport":"false"}}',
    );
    return refuses ? (policy.Properties["Queues"] as { Ref: string }[]).map(({ Ref }) => Ref) : [];
  });
  const queues = ofType(synthesised, "AWS::SQS::Queue").map(([id]) => id);
  expect(queues).toHaveLength(8);
  expect(protectedQueues.toSorted()).toEqual(queues.toSorted());
});

describe.each(FUNCTION_NAMES)("function %s", (name: FunctionName) => {
  const fn = properties(`Outrigger${title(name)}Function`);
  test("is an ES module for Node 24 on arm64", () => {
    expect(fn).toMatchObject({ Runtime: "nodejs24.x", Architectures: ["arm64"], Handler: "index.handler" });
  });

  test("logs into its own log group, kept for 30 days", () => {
    const [id, group] = one(`Outrigger${title(name)}Logs`);
    expect(fn["LoggingConfig"]).toEqual({ LogGroup: { Ref: id } });
    expect(group.Properties["RetentionInDays"]).toBe(30);
  });

  test("gets exactly the environment it parses", () => {
    const { Variables } = fn["Environment"] as { Variables: Record<string, unknown> };
    // Deployed, a reference is the name or URL of what it points at.
    const deployed = Object.fromEntries(
      Object.entries(Variables).map(([key, value]) => [
        key,
        typeof value === "string" ? value : "https://sqs.example/1/name",
      ]),
    );
    const parsed = readEnvironment(name, deployed);
    expect(Object.keys(parsed).toSorted()).toEqual(Object.keys(Variables).toSorted());
  });
});

test("a function whose environment was changed names each variable and the way out", () => {
  const changed = {
    OUTRIGGER_TABLE: "t",
    OUTRIGGER_HUB_ID: "",
    OUTRIGGER_RECONCILE_QUEUE_URL: "x",
    OUTRIGGER_LOCAL: "yes",
  };
  expect(() => readEnvironment("api", changed)).toThrow(
    "Function api has a wrong environment: OUTRIGGER_HUB_ID: must not be empty; OUTRIGGER_LOCAL: must be one of true, false; " +
      "OUTRIGGER_RECONCILE_QUEUE_URL: must be a URL. Deploy the stack again to restore it.",
  );
});

test("the table is encrypted with KMS, recoverable to a point in time, forgets what expired and knows what is due", () => {
  expect(properties("OutriggerStateTable")).toMatchObject({
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: [
      { AttributeName: "pk", KeyType: "HASH" },
      { AttributeName: "sk", KeyType: "RANGE" },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: "due",
        KeySchema: [
          { AttributeName: "dueShard", KeyType: "HASH" },
          { AttributeName: "dueAt", KeyType: "RANGE" },
        ],
        Projection: { ProjectionType: "KEYS_ONLY" },
      },
    ],
    SSESpecification: { SSEEnabled: true, SSEType: "KMS" },
    TimeToLiveSpecification: { AttributeName: "expiresAt", Enabled: true },
    Replicas: [
      { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true }, DeletionProtectionEnabled: true },
    ],
  });
});

test("the table outlives the stack unless it is told not to", () => {
  expect(one("OutriggerStateTable")[1].DeletionPolicy).toBe("Retain");
  expect(one("OutriggerStateTable", synthesise({ removalPolicy: "destroy" }))[1].DeletionPolicy).toBe("Delete");
});

test("cluster events of others reach the registration queue, the hub's own do not", () => {
  const rules = ofType(synthesised, "AWS::Events::Rule");
  expect(rules).toHaveLength(1);
  expect(rules[0]?.[1].Properties).toMatchObject({
    EventBusName: { Ref: one("OutriggerEventsBus")[0] },
    EventPattern: {
      source: [{ "anything-but": ["outrigger"] }],
      "detail-type": ["Cluster Registered", "Cluster Updated", "Cluster Deregistered", "Resource Changed"],
    },
    Targets: [
      {
        Arn: { "Fn::GetAtt": [one("OutriggerRegistrationQueue")[0], "Arn"] },
        DeadLetterConfig: { Arn: { "Fn::GetAtt": [one("OutriggerRegistrationDeadLetters")[0], "Arn"] } },
      },
    ],
  });
});

test("the schedule fires dispatch each minute, tries nothing again and forgets a tick after a minute", () => {
  expect(properties("OutriggerScheduleEachMinute")).toMatchObject({
    ScheduleExpression: "rate(1 minute)",
    FlexibleTimeWindow: { Mode: "OFF" },
    Target: {
      Arn: { "Fn::GetAtt": [one("OutriggerDispatchFunction")[0], "Arn"] },
      RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 },
      Input: '{"source":"schedule","scheduledTime":"<aws.scheduler.scheduled-time>"}',
    },
  });
});

test("a tick that Lambda has taken is not tried again either, and dropped after a minute", () => {
  const configured = ofType(synthesised, "AWS::Lambda::EventInvokeConfig").map(([, { Properties }]) => Properties);
  expect(configured).toEqual([
    {
      FunctionName: { Ref: one("OutriggerDispatchFunction")[0] },
      Qualifier: "$LATEST",
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 60,
    },
  ]);
});

test("options reach what they are about", () => {
  const changed = synthesise({
    logLevel: "DEBUG",
    logRetentionDays: 7,
    rolloutConcurrency: 7,
    rolloutTimeoutSeconds: 300,
    watchNamespace: ["team-a", "team-b"],
    local: true,
  });
  const variables = (fn: string) =>
    (properties(fn, changed)["Environment"] as { Variables: Record<string, string> }).Variables;
  expect(variables("OutriggerProbeFunction")).toMatchObject({ OUTRIGGER_LOG_LEVEL: "DEBUG", OUTRIGGER_LOCAL: "true" });
  expect(variables("OutriggerRegisterFunction")["WATCH_NAMESPACE"]).toBe("team-a,team-b");
  expect(properties("OutriggerProbeLogs", changed)["RetentionInDays"]).toBe(7);
  expect(properties("OutriggerRolloutFeed", changed)["ScalingConfig"]).toEqual({ MaximumConcurrency: 7 });
  expect(properties("OutriggerRolloutFunction", changed)["Timeout"]).toBe(300);
  expect(properties("OutriggerRolloutLaneQueue", changed)["VisibilityTimeout"]).toBe(1800);
});

test("nothing has a fixed physical name: two stacks live side by side", () => {
  const NAMES = /^(Table|Queue|Function|Role|Topic|Alarm|Dashboard|LogGroup|Bus|Group|Policy)?Name$/;
  const own = new Set(Object.keys(resources));
  const named = Object.entries(resources).flatMap(([id, { Properties }]) =>
    Object.entries(Properties)
      .filter(([key, value]) => NAMES.test(key) && typeof value === "string")
      .map(([key, value]) => `${id.replace(/[0-9A-F]{8}$/, "")}.${key}=${String(value)}`),
  );
  // CloudFormation makes no names for buses; this one carries the stack's.
  expect(named).toEqual(["OutriggerEventsBus.Name=Outrigger-cluster-events"]);
  expect(own.size).toBeGreaterThan(60);
  expect(properties("OutriggerEventsBus", synthesise({}, "Second"))["Name"]).toBe("Second-cluster-events");
});

test("the outputs name every part", () => {
  const queues = ["Registration", "Probe", "Reconcile", "Rollout"].flatMap((name) => [
    `${name}QueueUrl`,
    `${name}DeadLetterQueueUrl`,
  ]);
  const functions = FUNCTION_NAMES.map((name) => `${title(name)}Function`);
  const roles = ["Register", "Probe", "Reconcile", "Rollout"].map((name) => `${name}RoleArn`);
  const expected = ["TableName", "BusName", "AlarmTopicArn", "HubId", ...queues, ...functions, ...roles];
  expect(Object.keys(outputs).toSorted()).toEqual(expected.toSorted());
});

test.each(["Register", "Probe", "Reconcile", "Rollout"])(
  "%s's role, which needs access to clusters, is named",
  (name) => {
    const { Role } = properties(`Outrigger${name}Function`);
    expect(outputs[`${name}RoleArn`]?.Value).toEqual(Role);
  },
);
