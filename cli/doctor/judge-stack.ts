import { type Asked, type Finding, ok, orOk, unknown, wrong } from "./finding.ts";
import {
  type DeadLetter,
  type FunctionFacts,
  OUTPUTS,
  type QueueFacts,
  type RuleFacts,
  type StackFacts,
  type TriggerFacts,
} from "./ports.ts";

/** Messages a healthy lane never leaves waiting. */
const BACKLOG = 100;
/** Dispatch runs each minute; metrics take a moment. */
export const HEARTBEAT_WINDOW_MS = 5 * 60_000;
/** A stack that was just deployed has no heartbeat yet. */
const FIRST_HEARTBEAT_MS = 3 * 60_000;

export function judgeCredentials(asked: Asked<{ arn: string; account: string; region: string }>): Finding[] {
  if ("value" in asked) {
    const { arn, account, region } = asked.value;
    return [ok("credentials", "Credentials", `${arn} in account ${account}, region ${region}`)];
  }
  const local = /local environment/i.test(asked.problem);
  const fix = local
    ? "Start it with `outrigger local up`, or leave --local out"
    : "Set AWS credentials and region (AWS_PROFILE, AWS_REGION), or use --local for the local environment";
  return [wrong("credentials", "Credentials", asked.problem, fix)];
}

export function judgeStack(asked: Asked<StackFacts>, name: string): Finding[] {
  const object = `Stack ${name}`;
  if ("problem" in asked) {
    const missing = /does not exist/.test(asked.problem);
    const fix = missing
      ? "Deploy it (`npx cdk deploy`), or name another stack, account or region (--stack, AWS_PROFILE, AWS_REGION)"
      : "Allow your credentials cloudformation:DescribeStacks, and check network and region";
    return [wrong("stack", object, missing ? "it does not exist in this account and region" : asked.problem, fix)];
  }
  const { status, outputs } = asked.value;
  if (status.endsWith("_IN_PROGRESS")) {
    return [
      wrong("stack", object, `${status}: it is being changed`, "Wait until CloudFormation is done, then look again"),
    ];
  }
  if (status !== "CREATE_COMPLETE" && status !== "UPDATE_COMPLETE") {
    const fix = "Read the failed step (`aws cloudformation describe-stack-events`), correct it and deploy again";
    return [wrong("stack", object, `${status}: its last deployment did not succeed`, fix)];
  }
  const absent = OUTPUTS.filter((output) => outputs[output] === undefined);
  if (absent.length === 0) return [ok("stack", object, `${status}, ${Object.keys(outputs).length} outputs`)];
  return [
    wrong(
      "stack",
      object,
      `it has no output ${absent.join(", ")}`,
      "Deploy this version of Outrigger to it (`npx cdk deploy`)",
    ),
  ];
}

export function judgeFunction(name: string, asked: Asked<FunctionFacts>): Finding[] {
  const object = `Function ${name}`;
  if ("problem" in asked) {
    return [
      wrong("functions", object, asked.problem, "Deploy the stack again, or allow your credentials lambda:GetFunction"),
    ];
  }
  const { state, stateReason, reservedConcurrency } = asked.value;
  if (reservedConcurrency === 0) {
    const fix = `Lift it: aws lambda delete-function-concurrency --function-name ${name}`;
    return [wrong("functions", object, "its reserved concurrency is 0, so that it never runs", fix)];
  }
  if (state !== undefined && state !== "Active" && state !== "Inactive") {
    return [
      wrong(
        "functions",
        object,
        `its state is ${state}: ${stateReason ?? "no reason given"}`,
        "Deploy the stack again",
      ),
    ];
  }
  return [];
}

export function judgeTriggers(name: string, asked: Asked<TriggerFacts[]>): Finding[] {
  const object = `Function ${name}`;
  if ("problem" in asked) {
    return [unknown("triggers", object, asked.problem)];
  }
  if (asked.value.length === 0) {
    return [wrong("triggers", object, "no queue feeds it: its event source mapping is gone", "Deploy the stack again")];
  }
  return asked.value
    .filter(({ state }) => !["Enabled", "Enabling", "Creating", "Updating"].includes(state))
    .map(({ id, state, queueArn }) =>
      wrong(
        "triggers",
        object,
        `the event source mapping from ${queueArn.split(":").at(-1)} is ${state}: messages wait for ever`,
        `Enable it: aws lambda update-event-source-mapping --uuid ${id} --enabled`,
      ),
    );
}

export function judgeRules(bus: string, registrationQueue: string, asked: Asked<RuleFacts[]>): Finding[] {
  const object = `Bus ${bus}`;
  if ("problem" in asked)
    return [
      wrong("rules", object, asked.problem, "Deploy the stack again, or allow your credentials events:ListRules"),
    ];
  const feeding = asked.value.filter(({ targets }) =>
    targets.some((arn) => arn.split(":").at(-1) === registrationQueue),
  );
  if (feeding.length === 0) {
    return [
      wrong("rules", object, "no rule brings cluster events to the registration queue", "Deploy the stack again"),
    ];
  }
  const disabled = feeding.filter(({ state }) => state === "DISABLED");
  return orOk(
    disabled.map(({ name }) =>
      wrong(
        "rules",
        `Rule ${name}`,
        "it is disabled: cluster events do not reach the hub",
        `Enable it: aws events enable-rule --name ${name} --event-bus-name ${bus}`,
      ),
    ),
    "rules",
    object,
    "cluster events reach the registration queue",
  );
}

export function judgeQueue(name: string, url: string, fedFunction: string, asked: Asked<QueueFacts>): Finding[] {
  const object = `Queue ${name}`;
  if ("problem" in asked) {
    return [
      wrong(
        "queues",
        object,
        asked.problem,
        `Deploy the stack again, or allow your credentials sqs:GetQueueAttributes on ${url}`,
      ),
    ];
  }
  const { visible, inFlight } = asked.value;
  if (visible < BACKLOG) return [];
  const fix = `See why ${fedFunction} does not keep up (its log, throttles, concurrency): docs/runbooks/oldest-message.md`;
  return [wrong("queues", object, `${visible} messages wait and ${inFlight} are being worked on`, fix)];
}

export function judgeDeadLetters(
  name: string,
  url: string,
  asked: Asked<{ queue: QueueFacts; letters: DeadLetter[] }>,
): Finding[] {
  const object = `Dead-letter queue ${name}`;
  if ("problem" in asked) {
    return [
      wrong(
        "dead letters",
        object,
        asked.problem,
        `Deploy the stack again, or allow your credentials sqs:ReceiveMessage on ${url}`,
      ),
    ];
  }
  const { queue, letters } = asked.value;
  const count = Math.max(queue.visible, letters.length);
  if (count === 0) return [];
  const reasons = [...new Set(letters.flatMap(({ reason }) => (reason === undefined ? [] : [reason])))];
  const many = `${count} message${count === 1 ? "" : "s"}`;
  if (reasons.length > 0) {
    const fix =
      name === "Registration"
        ? "Correct what the reason names, send the event again, then delete the old message: docs/runbooks/dead-letters.md"
        : `Find out who sends to the queue what the hub does not understand, then delete the message: docs/runbooks/dead-letters.md`;
    return [wrong("dead letters", object, `${many}; ${reasons.join("; ")}`, fix)];
  }
  const fix = `Remove the cause (the function's log tells it), then send them back: aws sqs start-message-move-task --source-arn of ${url}`;
  return [wrong("dead letters", object, `${many} which failed too often`, fix)];
}

export function judgeDispatch(
  name: string,
  asked: Asked<number>,
  times: { now: Date; stackChangedAt: string | undefined },
): Finding[] {
  const object = `Function ${name}`;
  if ("problem" in asked) return [unknown("dispatch", object, `its heartbeat cannot be read: ${asked.problem}`)];
  const minutes = HEARTBEAT_WINDOW_MS / 60_000;
  if (asked.value > 0) return [ok("dispatch", object, `ran ${asked.value} times in the last ${minutes} minutes`)];
  const { now, stackChangedAt } = times;
  if (stackChangedAt !== undefined && now.getTime() - Date.parse(stackChangedAt) < FIRST_HEARTBEAT_MS) {
    return [unknown("dispatch", object, "no heartbeat yet: the stack was deployed less than 3 minutes ago")];
  }
  return [
    wrong(
      "dispatch",
      object,
      `no heartbeat in the last ${minutes} minutes: nothing that becomes due is posted`,
      "Check that its schedule is enabled and look into its log: docs/runbooks/missing-heartbeat.md",
    ),
  ];
}
