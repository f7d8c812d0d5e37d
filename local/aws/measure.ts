import { CloudFormationClient, DescribeStackResourcesCommand } from "@aws-sdk/client-cloudformation";
import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  GetMetricDataCommand,
  type MetricAlarm,
  PutMetricDataCommand,
  SetAlarmStateCommand,
} from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogsClient, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { evaluateAlarm, type PeriodValue } from "./alarm-evaluation.ts";
import { type MetricValue, parseEmbeddedMetrics } from "./embedded-metrics.ts";
import { queueMetrics, readQueues } from "./queue-metrics.ts";
import { LOCAL_ACCOUNT, LOCAL_REGION, LOCAL_SECRET_KEY } from "./start.ts";

/** Most values one `PutMetricData` takes. */
const PUT_LIMIT = 1000;
/** Log lines are read again for this long: they are written when an invocation ends, stamped with that time. */
const LOG_OVERLAP_MS = 30_000;

/** A line of a log with metrics in it. */
interface MetricLine {
  id: string;
  /** Epoch milliseconds. */
  timestamp: number;
  values: MetricValue[];
}

/**
 * What CloudWatch does by itself on AWS and MiniStack does not: metrics out of the functions' logs (embedded metric
 * format), depths of the queues, and states of the alarms by dimension, period and missing data.
 */
export class StackMeter {
  readonly #cloudWatch: CloudWatchClient;
  readonly #cloudFormation: CloudFormationClient;
  readonly #logs: CloudWatchLogsClient;
  readonly #endpoint: string;
  readonly #stackName: string;
  readonly #seen = new Map<string, number>();
  #logsFromMs: number;

  constructor(endpoint: string, stackName: string, sinceMs: number) {
    const access = {
      endpoint,
      region: LOCAL_REGION,
      credentials: { accessKeyId: LOCAL_ACCOUNT, secretAccessKey: LOCAL_SECRET_KEY },
    };
    this.#cloudWatch = new CloudWatchClient(access);
    this.#cloudFormation = new CloudFormationClient(access);
    this.#logs = new CloudWatchLogsClient(access);
    this.#endpoint = endpoint;
    this.#stackName = stackName;
    this.#logsFromMs = sinceMs;
  }

  /** One round: collect, put, evaluate. */
  async measure(nowMs: number): Promise<void> {
    const resources = await this.#resources();
    const names = (type: string): string[] => resources.get(type) ?? [];
    const [lines, depths] = await Promise.all([
      this.#readLogs(names("AWS::Logs::LogGroup")),
      this.#fromQueues(names("AWS::SQS::Queue"), nowMs),
    ]);
    await this.#put([...lines.flatMap(({ values }) => values), ...depths]);
    this.#markSeen(lines, nowMs);
    await this.#evaluate(names("AWS::CloudWatch::Alarm"), nowMs);
  }

  /** @returns physical ids by type; empty while the stack does not exist. */
  async #resources(): Promise<Map<string, string[]>> {
    const { StackResources = [] } = await this.#cloudFormation.send(
      new DescribeStackResourcesCommand({ StackName: this.#stackName }),
    );
    const byType = new Map<string, string[]>();
    for (const { ResourceType = "", PhysicalResourceId: id } of StackResources) {
      if (id !== undefined) byType.set(ResourceType, [...(byType.get(ResourceType) ?? []), id]);
    }
    return byType;
  }

  /** @returns the lines with metrics that were not seen before. */
  async #readLogs(groups: readonly string[]): Promise<MetricLine[]> {
    return (await Promise.all(groups.map((group) => this.#readLogGroup(group)))).flat();
  }

  async #readLogGroup(logGroupName: string): Promise<MetricLine[]> {
    const lines: MetricLine[] = [];
    const startTime = this.#logsFromMs;
    let nextToken: string | undefined;
    do {
      const page = await this.#logs.send(
        new FilterLogEventsCommand({ logGroupName, startTime, ...(nextToken === undefined ? {} : { nextToken }) }),
      );
      for (const { logStreamName = "", timestamp = 0, message = "" } of page.events ?? []) {
        // MiniStack's event ids differ from call to call.
        const id = `${logGroupName} ${logStreamName} ${timestamp} ${message}`;
        if (this.#seen.has(id)) continue;
        const values = parseEmbeddedMetrics(message);
        if (values.length > 0) lines.push({ id, timestamp, values });
      }
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    return lines;
  }

  /** Only once their values are put: a round that failed before reads them again. */
  #markSeen(lines: readonly MetricLine[], nowMs: number): void {
    for (const { id, timestamp } of lines) this.#seen.set(id, timestamp);
    this.#logsFromMs = nowMs - LOG_OVERLAP_MS;
    for (const [id, at] of this.#seen) if (at < this.#logsFromMs) this.#seen.delete(id);
  }

  async #fromQueues(urls: readonly string[], nowMs: number): Promise<MetricValue[]> {
    const response = await fetch(`${this.#endpoint}/_ministack/sqs/messages?account=${LOCAL_ACCOUNT}`);
    const queues = readQueues(await response.json());
    return urls.flatMap((url) => queueMetrics(url.split("/").at(-1) ?? url, queues.get(url) ?? [], nowMs));
  }

  async #put(values: readonly MetricValue[]): Promise<void> {
    for (const [Namespace, ofNamespace] of Map.groupBy(values, (value) => value.namespace)) {
      for (let start = 0; start < ofNamespace.length; start += PUT_LIMIT) {
        const MetricData = ofNamespace.slice(start, start + PUT_LIMIT).map((value) => ({
          MetricName: value.name,
          Value: value.value,
          Unit: value.unit as "Count",
          Timestamp: new Date(value.timestamp),
          Dimensions: Object.entries(value.dimensions).map(([Name, Value]) => ({ Name, Value })),
        }));
        await this.#cloudWatch.send(new PutMetricDataCommand({ Namespace, MetricData }));
      }
    }
  }

  async #evaluate(AlarmNames: string[], nowMs: number): Promise<void> {
    if (AlarmNames.length === 0) return;
    const { MetricAlarms: alarms = [] } = await this.#cloudWatch.send(new DescribeAlarmsCommand({ AlarmNames }));
    const values = await this.#valuesOf(alarms, nowMs);
    for (const [index, alarm] of alarms.entries()) {
      const state = evaluateAlarm(alarm, values[index] ?? [], nowMs);
      if (state === undefined || state === alarm.StateValue || alarm.AlarmName === undefined) continue;
      const StateReason = `${alarm.MetricName ?? ""} ${alarm.ComparisonOperator ?? ""} ${alarm.Threshold ?? ""}: ${state}`;
      await this.#cloudWatch.send(
        new SetAlarmStateCommand({ AlarmName: alarm.AlarmName, StateValue: state, StateReason }),
      );
    }
  }

  async #valuesOf(alarms: readonly MetricAlarm[], nowMs: number): Promise<PeriodValue[][]> {
    const spanMs = Math.max(
      ...alarms.map(({ Period = 60, EvaluationPeriods = 1 }) => Period * (EvaluationPeriods + 2)),
    );
    const { MetricDataResults = [] } = await this.#cloudWatch.send(
      new GetMetricDataCommand({
        StartTime: new Date(nowMs - spanMs * 1000),
        EndTime: new Date(nowMs + 1000),
        MetricDataQueries: alarms.map(({ Namespace, MetricName, Dimensions, Period = 60, Statistic }, index) => ({
          Id: `a${index}`,
          MetricStat: { Metric: { Namespace, MetricName, Dimensions }, Period, Stat: Statistic },
        })),
      }),
    );
    const byId = new Map(MetricDataResults.map((result) => [result.Id, result]));
    return alarms.map((_, index) => {
      const { Timestamps = [], Values = [] } = byId.get(`a${index}`) ?? {};
      return Timestamps.map((at, position) => ({ at: at.getTime(), value: Values[position] ?? 0 }));
    });
  }
}
