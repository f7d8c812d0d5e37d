import { Duration, Stack } from "aws-cdk-lib";
import { Alarm, ComparisonOperator, type IMetric, Metric, Stats, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import { Effect, PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { type ITopic, Topic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import type { FunctionName } from "../functions/environment.ts";
import { METRICS_NAMESPACE, type MetricName } from "../lib/work/metrics.ts";
import type { QueueName } from "./names.ts";
import type { OutriggerOptions } from "./options.ts";
import type { FedQueue } from "./queues.ts";

/** The kinds of alarms. Each has its runbook, `<kind>.md`. */
export type AlarmKind =
  | "dead-letters"
  | "oldest-message"
  | "function-errors"
  | "function-throttles"
  | "missing-heartbeat"
  | "dropped-recursion";

/** How old the oldest message of a queue may get, seconds: longer than any delay or pass that goes as planned. */
const OLDEST_MESSAGE_SECONDS: Record<QueueName, number> = {
  registration: 300,
  probe: 300,
  reconcile: 600,
  rollout: 600,
};

const ONE_MINUTE = Duration.minutes(1);

export interface AlarmsProps {
  queues: Record<QueueName, FedQueue>;
  functions: Record<FunctionName, LambdaFunction>;
  options: Pick<OutriggerOptions, "alarmTopicArn" | "runbooks">;
}

interface AlarmSpec {
  kind: AlarmKind;
  metric: IMetric;
  /** Alarm at this value or above. */
  atLeast: number;
  /** Minutes in a row. */
  minutes: number;
  what: string;
}

/** The alarms of the hub and the topic they reach. */
export class Alarms extends Construct {
  readonly topic: ITopic;
  readonly alarms: Alarm[] = [];
  readonly #runbooks: string;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.#runbooks = props.options.runbooks.replace(/\/+$/, "");
    const given = props.options.alarmTopicArn;
    this.topic = given === undefined ? new AlarmTopic(this, "Topic").topic : Topic.fromTopicArn(this, "Topic", given);
    for (const [name, queue] of Object.entries(props.queues) as [QueueName, FedQueue][]) this.#watchQueue(name, queue);
    for (const [name, fn] of Object.entries(props.functions) as [FunctionName, LambdaFunction][])
      this.#watchFunction(name, fn);
    for (const name of ["register", "probe", "reconcile", "rollout"] as const)
      this.#watchRecursion(name, props.functions[name]);
    this.#watchHeartbeat();
  }

  #watchQueue(name: QueueName, { queue, deadLetters }: FedQueue): void {
    this.#add(`${name}DeadLetters`, {
      kind: "dead-letters",
      metric: deadLetters.metricApproximateNumberOfMessagesVisible({ period: ONE_MINUTE, statistic: Stats.MAXIMUM }),
      atLeast: 1,
      minutes: 1,
      what: `Messages of the ${name} queue could not be handled and are in its dead-letter queue.`,
    });
    const seconds = OLDEST_MESSAGE_SECONDS[name];
    this.#add(`${name}OldestMessage`, {
      kind: "oldest-message",
      metric: queue.metricApproximateAgeOfOldestMessage({ period: ONE_MINUTE, statistic: Stats.MAXIMUM }),
      atLeast: seconds,
      minutes: 1,
      what: `The oldest message of the ${name} queue has waited for ${seconds} s or longer.`,
    });
  }

  #watchFunction(name: FunctionName, fn: LambdaFunction): void {
    this.#add(`${name}Errors`, {
      kind: "function-errors",
      metric: fn.metricErrors({ period: ONE_MINUTE, statistic: Stats.SUM }),
      atLeast: 1,
      minutes: 1,
      what: `Function ${name} failed.`,
    });
    this.#add(`${name}Throttles`, {
      kind: "function-throttles",
      metric: fn.metricThrottles({ period: ONE_MINUTE, statistic: Stats.SUM }),
      atLeast: 1,
      minutes: 1,
      what: `Lambda refused to run function ${name}: the account has no concurrency left.`,
    });
  }

  #watchRecursion(name: FunctionName, fn: LambdaFunction): void {
    this.#add(`${name}DroppedRecursion`, {
      kind: "dropped-recursion",
      metric: fn.metric("RecursiveInvocationsDropped", { period: ONE_MINUTE, statistic: Stats.SUM }),
      atLeast: 1,
      minutes: 1,
      what: `Lambda took function ${name} for an endless loop and dropped invocations.`,
    });
  }

  #watchHeartbeat(): void {
    const metric = new Metric({
      namespace: METRICS_NAMESPACE,
      metricName: "DispatchHeartbeat" satisfies MetricName,
      dimensionsMap: { Stack: Stack.of(this).stackName },
      period: ONE_MINUTE,
      statistic: Stats.SUM,
    });
    const alarm = new Alarm(this, "MissingHeartbeat", {
      alarmDescription: this.#describe(
        "missing-heartbeat",
        "Dispatch has not gone through what is due for three minutes: nothing of it may be posted.",
      ),
      metric,
      threshold: 1,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      evaluationPeriods: 3,
      datapointsToAlarm: 3,
      treatMissingData: TreatMissingData.BREACHING,
    });
    this.#connect(alarm);
  }

  #add(id: string, spec: AlarmSpec): void {
    const alarm = new Alarm(this, id.charAt(0).toUpperCase() + id.slice(1), {
      alarmDescription: this.#describe(spec.kind, spec.what),
      metric: spec.metric,
      threshold: spec.atLeast,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: spec.minutes,
      // SQS and Lambda report nothing while nothing happens.
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    this.#connect(alarm);
  }

  #describe(kind: AlarmKind, what: string): string {
    return `${what} Runbook: ${this.#runbooks}/${kind}.md`;
  }

  #connect(alarm: Alarm): void {
    const action = new SnsAction(this.topic);
    alarm.addAlarmAction(action);
    alarm.addOkAction(action);
    this.alarms.push(alarm);
  }
}

/**
 * The topic alarms are sent to. It has a key of its own ($1 a month, the one key of the stack): CloudWatch may not use
 * the AWS-managed key of SNS.
 */
class AlarmTopic extends Construct {
  readonly topic: Topic;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const stack = Stack.of(this);
    const cloudWatch = new ServicePrincipal("cloudwatch.amazonaws.com");
    const fromOurAlarms = {
      StringEquals: { "aws:SourceAccount": stack.account },
      ArnLike: { "aws:SourceArn": stack.formatArn({ service: "cloudwatch", resource: "alarm:*" }) },
    };
    const key = new Key(this, "Key", { description: "Outrigger: alarm messages", enableKeyRotation: true });
    key.addToResourcePolicy(
      new PolicyStatement({
        sid: "AlarmsEncrypt",
        effect: Effect.ALLOW,
        principals: [cloudWatch],
        actions: ["kms:Decrypt", "kms:GenerateDataKey"],
        resources: ["*"], // In a key's policy: this key.
        conditions: { StringEquals: { "aws:SourceAccount": stack.account } },
      }),
    );
    this.topic = new Topic(this, "Topic", { masterKey: key, enforceSSL: true });
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        sid: "AlarmsPublish",
        effect: Effect.ALLOW,
        principals: [cloudWatch],
        actions: ["sns:Publish"],
        resources: [this.topic.topicArn],
        conditions: fromOurAlarms,
      }),
    );
  }
}
