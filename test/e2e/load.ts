import { setTimeout as sleep } from "node:timers/promises";
import { CloudWatchClient, GetMetricStatisticsCommand } from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogsClient, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { GetFunctionConfigurationCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { parseEmbeddedMetrics } from "../../local/aws/embedded-metrics.ts";
import { type QueuedMessage, readQueues } from "../../local/aws/queue-metrics.ts";
import { LOCAL_ACCOUNT } from "../../local/aws.ts";
import type { Deployed } from "./deployed.ts";
import { until } from "./groups.ts";

const SAMPLE_MS = 500;
/** From the last status until the last invocation has saved what it knows. */
const AT_REST_MS = 60_000;
const HOUR_SECONDS = 3_600;
const FUNCTIONS = ["Register", "Dispatch", "Probe", "Reconcile", "Rollout", "Api"];

/** What the hub went through while something was going on. */
export interface Load {
  /** From then until `finish`, seconds. */
  seconds: number;
  /** Longest that a message of the rollout queue was seen waiting to be received, seconds. */
  longestWaitSeconds: number;
  /** Most of them waiting at once. */
  mostWaiting: number;
  /** Invocations of the rollout function, and the most at the same time. */
  invocations: number;
  concurrent: number;
  /** DueToTakenLag of the rollout function's messages, milliseconds. */
  lagMs: { count: number; p50: number; p99: number; max: number };
  /** Of all functions, as CloudWatch has them. */
  errors: number;
  throttles: number;
  /** Messages in any dead-letter queue. */
  deadLetters: number;
  /** One line for each five seconds: waiting messages, the oldest of them, invocations at that moment. */
  timeline: string[];
}

interface Sample {
  at: number;
  waiting: number;
  oldestSeconds: number;
}

/** Watches the rollout queue from now on; the rest is read from logs and metrics in the end. */
export function recordLoad(deployed: Deployed): { finish(): Promise<Load> } {
  const since = Date.now();
  const stopped = new AbortController();
  const samples: Sample[] = [];
  const follow = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      samples.push(sampleOf((await readMessages(deployed)).get(deployed.outputs["RolloutQueueUrl"] ?? "") ?? []));
      await sleep(SAMPLE_MS, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  };
  const following = follow();
  following.catch(() => undefined); // Told to whoever finishes it.
  return {
    async finish() {
      stopped.abort();
      await following;
      const endedAt = Date.now();
      await untilLogged(deployed);
      const { invocations, lags } = await readLog(deployed, since);
      const queues = await readMessages(deployed);
      const dead = Object.entries(deployed.outputs).filter(([name]) => name.endsWith("DeadLetterQueueUrl"));
      return {
        seconds: (endedAt - since) / 1000,
        longestWaitSeconds: Math.max(0, ...samples.map(({ oldestSeconds }) => oldestSeconds)),
        mostWaiting: Math.max(0, ...samples.map(({ waiting }) => waiting)),
        invocations: invocations.length,
        concurrent: Math.max(0, ...invocations.map(({ from }) => countAt(invocations, from))),
        lagMs: { count: lags.length, p50: quantile(lags, 0.5), p99: quantile(lags, 0.99), max: quantile(lags, 1) },
        errors: await sumOf(deployed, "Errors", since),
        throttles: await sumOf(deployed, "Throttles", since),
        deadLetters: dead.reduce((sum, [, url]) => sum + (queues.get(url)?.length ?? 0), 0),
        timeline: timelineOf(samples, invocations, since),
      };
    },
  };
}

/** An invocation is in the log when it has ended; until then its message is in flight. */
async function untilLogged(deployed: Deployed): Promise<void> {
  const url = deployed.outputs["RolloutQueueUrl"] ?? "";
  await until(
    "The rollout queue is at rest",
    async () => {
      const messages = (await readMessages(deployed)).get(url) ?? [];
      return messages.every(({ IsVisible, ReceiveCount }) => !IsVisible && ReceiveCount === 0) || undefined;
    },
    AT_REST_MS,
  );
}

async function readMessages({ hub }: Deployed): Promise<Map<string, QueuedMessage[]>> {
  const response = await fetch(`${hub.aws.endpoint}/_ministack/sqs/messages?account=${LOCAL_ACCOUNT}`);
  return readQueues(await response.json());
}

function sampleOf(messages: readonly QueuedMessage[]): Sample {
  const at = Date.now();
  const waiting = messages.filter(({ IsVisible }) => IsVisible);
  const ages = waiting.map(({ SentTimestamp }) => at / 1000 - SentTimestamp);
  return { at, waiting: waiting.length, oldestSeconds: Math.max(0, ...ages) };
}

/** Epoch milliseconds. */
interface Invocation {
  from: number;
  to: number;
}

const countAt = (invocations: readonly Invocation[], at: number): number =>
  invocations.filter(({ from, to }) => from <= at && at < to).length;

/** What Lambda writes at the end of each invocation, and the metrics the function wrote into its log. */
async function readLog(deployed: Deployed, since: number): Promise<{ invocations: Invocation[]; lags: number[] }> {
  const { aws } = deployed.hub;
  const lambda = new LambdaClient(aws);
  const FunctionName = deployed.outputs["RolloutFunction"];
  const { LoggingConfig } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
  lambda.destroy();
  const logs = new CloudWatchLogsClient(aws);
  const found = { invocations: [] as Invocation[], lags: [] as number[] };
  let nextToken: string | undefined;
  do {
    const page = await logs.send(
      new FilterLogEventsCommand({
        logGroupName: LoggingConfig?.LogGroup,
        startTime: since,
        ...(nextToken === undefined ? {} : { nextToken }),
      }),
    );
    for (const { message = "", timestamp = 0 } of page.events ?? []) {
      const [, duration] = /^REPORT .*\tDuration: (\d+(?:\.\d+)?) ms/.exec(message) ?? [];
      if (duration !== undefined) found.invocations.push({ from: timestamp - Number(duration), to: timestamp });
      const lags = parseEmbeddedMetrics(message).filter(({ name }) => name === "DueToTakenLag");
      found.lags.push(...lags.map(({ value }) => value));
    }
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  logs.destroy();
  return found;
}

async function sumOf({ hub, outputs }: Deployed, MetricName: string, since: number): Promise<number> {
  const client = new CloudWatchClient(hub.aws);
  const sums = await Promise.all(
    FUNCTIONS.map(async (name) => {
      const { Datapoints = [] } = await client.send(
        new GetMetricStatisticsCommand({
          Namespace: "AWS/Lambda",
          MetricName,
          Dimensions: [{ Name: "FunctionName", Value: outputs[`${name}Function`] }],
          StartTime: new Date(since),
          EndTime: new Date(Date.now() + 1_000),
          Period: HOUR_SECONDS,
          Statistics: ["Sum"],
        }),
      );
      return Datapoints.reduce((sum, { Sum = 0 }) => sum + Sum, 0);
    }),
  );
  client.destroy();
  return sums.reduce((sum, each) => sum + each, 0);
}

/** Nearest rank; NaN without values, so that no comparison with it holds. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

function timelineOf(samples: readonly Sample[], invocations: readonly Invocation[], since: number): string[] {
  const each5s = Map.groupBy(samples, ({ at }) => Math.floor((at - since) / 5_000) * 5);
  return [...each5s].map(([second, some]) => {
    const waiting = Math.max(...some.map((sample) => sample.waiting));
    const oldest = Math.max(...some.map(({ oldestSeconds }) => oldestSeconds));
    const working = Math.max(...some.map(({ at }) => countAt(invocations, at)));
    return `+${second} s: ${working} at work, ${waiting} waiting, the oldest for ${oldest.toFixed(1)} s`;
  });
}
