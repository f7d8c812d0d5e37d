import { Duration, Stack } from "aws-cdk-lib";
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  Metric,
  Stats,
  TextWidget,
} from "aws-cdk-lib/aws-cloudwatch";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import type { FunctionName } from "../functions/environment.ts";
import { METRICS_NAMESPACE, type MetricName } from "../lib/work/metrics.ts";
import type { QueueName } from "./names.ts";
import type { FedQueue } from "./queues.ts";

export interface HubDashboardProps {
  queues: Record<QueueName, FedQueue>;
  functions: Record<FunctionName, LambdaFunction>;
  alarms: readonly Alarm[];
}

const HALF = 12;

/** One page: is it alive, is it keeping up, what fails. */
export class HubDashboard extends Construct {
  constructor(scope: Construct, id: string, props: HubDashboardProps) {
    super(scope, id);
    const { stackName } = Stack.of(this);
    const own = (metricName: MetricName, statistic: string, label: string = metricName): Metric =>
      new Metric({
        namespace: METRICS_NAMESPACE,
        metricName,
        dimensionsMap: { Stack: stackName },
        period: Duration.minutes(1),
        statistic,
        label,
      });
    const graph = (title: string, left: IMetric[], right: IMetric[] = []): GraphWidget =>
      new GraphWidget({ title, left, right, width: HALF, leftYAxis: { min: 0 } });
    const ofQueues = (metric: (queue: FedQueue, label: string) => IMetric): IMetric[] =>
      Object.entries(props.queues).map(([name, queue]) => metric(queue, name));
    const ofFunctions = (metric: (fn: LambdaFunction, label: string) => IMetric): IMetric[] =>
      Object.entries(props.functions).map(([name, fn]) => metric(fn, name));

    const dashboard = new Dashboard(this, "Dashboard", { defaultInterval: Duration.hours(3) });
    dashboard.addWidgets(
      new TextWidget({ markdown: `# Outrigger \`${stackName}\``, width: 24, height: 1 }),
      new AlarmStatusWidget({ title: "Alarms", alarms: [...props.alarms], width: 24, height: 5 }),
      graph(
        "Dispatch",
        [own("DispatchHeartbeat", Stats.SUM), own("DispatchedWork", Stats.SUM)],
        [own("DispatchFailedRows", Stats.SUM)],
      ),
      graph("Due to taken, ms", [own("DueToTakenLag", Stats.p(50), "p50"), own("DueToTakenLag", Stats.p(99), "p99")]),
      graph("Clusters", [
        own("ClustersHealthy", Stats.MAXIMUM),
        own("ClustersUnhealthy", Stats.MAXIMUM),
        own("ClustersUnknown", Stats.MAXIMUM),
      ]),
      graph("Probe latency, ms", [own("ProbeLatency", Stats.p(50), "p50"), own("ProbeLatency", Stats.p(99), "p99")]),
      graph(
        "Messages waiting",
        ofQueues(({ queue }, label) => queue.metricApproximateNumberOfMessagesVisible({ label })),
      ),
      graph(
        "Oldest message, s",
        ofQueues(({ queue }, label) => queue.metricApproximateAgeOfOldestMessage({ label })),
      ),
      graph(
        "Dead letters",
        ofQueues(({ deadLetters }, label) => deadLetters.metricApproximateNumberOfMessagesVisible({ label })),
        [own("MalformedMessages", Stats.SUM), own("RegistrationsRejected", Stats.SUM)],
      ),
      graph(
        "Function errors",
        ofFunctions((fn, label) => fn.metricErrors({ label })),
        [own("LeaseLost", Stats.SUM)],
      ),
      graph(
        "Function duration p99, ms",
        ofFunctions((fn, label) => fn.metricDuration({ label, statistic: Stats.p(99) })),
      ),
      graph(
        "Concurrent executions",
        ofFunctions((fn, label) => fn.metric("ConcurrentExecutions", { label, statistic: Stats.MAXIMUM })),
      ),
    );
  }
}
