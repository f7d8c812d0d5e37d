import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CloudFormationClient, DescribeStackResourcesCommand } from "@aws-sdk/client-cloudformation";
import { CloudWatchLogsClient, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { askApi } from "../../cli/api.ts";
import { type AwsConfig, type Hub, localAws, openHub } from "../../cli/hub.ts";
import type { ResourceView } from "../../lib/registry/query.ts";
import { parseEmbeddedMetrics } from "../../local/aws/embedded-metrics.ts";
import type { AdminClient } from "../../local/control-plane/admin-client.ts";
import { openControlPlane } from "../../local/control-plane/start.ts";
import { hostEnvironment } from "../../local/host-client.ts";
import { clustersDirectory } from "../../local/stop.ts";
import { createNamespace, createRollout, createStatefulSets } from "../e2e/rollout-group.ts";
import { type Bench, rounded } from "./bench.ts";

const CLUSTER = "bench";
const NAMESPACE = "bench";
const RESOURCES = 50;
/** Of each resource, seconds; the default of the custom resource. */
const INTERVAL_SECONDS = 30;
const DEFAULT_MINUTES = 20;
const SETTLE_TIMEOUT_MS = 180_000;
const DURATION_METRIC = "rollout_operator_group_reconcile_duration_seconds";
/** Log lines are stored when an invocation ends. */
const LOGS_LATE_MS = 5_000;

/**
 * 50 rollouts of a deployed stack that are looked at every 30 s, although the schedule fires once a minute only: how late
 * each look begins after it was due, and whether any was left out.
 * @param options.minutes how long it is measured; default 20.
 */
export const bench: Bench = async (log, { minutes = DEFAULT_MINUTES } = {}) => {
  const directory = await mkdtemp(join(tmpdir(), "bench-interval-"));
  const environment = await hostEnvironment({ directory, clusters: [CLUSTER] }, log);
  try {
    const { state } = environment;
    const aws = localAws(state);
    const hub = await openHub({ stack: state.stack, local: true }, aws);
    const { admin } = await openControlPlane(join(clustersDirectory(directory), CLUSTER));
    await createGroups(admin);
    await waitUntilSettled(hub);
    await admin.close();
    const fromMs = Date.now();
    const toMs = fromMs + minutes * 60_000;
    log(
      `${RESOURCES} resources every ${INTERVAL_SECONDS} s; measured until ${new Date(toMs).toISOString().slice(11, 19)} UTC`,
    );
    await sleep(toMs - fromMs + LOGS_LATE_MS);
    const lines = await readLogs(aws, state.stack, { fromMs, toMs });
    return figures(lines, minutes);
  } finally {
    await environment.stop();
    await rm(directory, { recursive: true, force: true });
  }
};

async function createGroups(admin: AdminClient): Promise<void> {
  await createNamespace(admin, NAMESPACE);
  const rollingUpdate = { rollingUpdate: { maxUnavailable: 1, intervalSeconds: INTERVAL_SECONDS } };
  for (let number = 0; number < RESOURCES; number += 1) {
    const group = { admin, namespace: NAMESPACE, name: `group-${number}`, replicas: 1 };
    await createStatefulSets(group);
    await createRollout(group, rollingUpdate);
  }
}

/** Until every resource was looked at and has nothing to do. */
async function waitUntilSettled(hub: Hub): Promise<void> {
  const deadline = Date.now() + SETTLE_TIMEOUT_MS;
  const question = { action: "resource.list", kind: "MultiAZRollout", cluster: CLUSTER } as const;
  for (;;) {
    const views = (await askApi(hub, question)) as ResourceView[];
    const idle = views.filter(({ status }) => (status as { phase?: string } | undefined)?.phase === "Idle");
    if (idle.length === RESOURCES) return;
    if (Date.now() > deadline) {
      throw new Error(`Only ${idle.length} of ${RESOURCES} rollouts are idle; see the log of the rollout function.`);
    }
    await sleep(1_000);
  }
}

interface LogLine {
  stream: string;
  /** When the invocation that wrote it ended. */
  atMs: number;
  message: string;
}

async function readLogs(aws: AwsConfig, stack: string, span: { fromMs: number; toMs: number }): Promise<LogLine[]> {
  const cloudFormation = new CloudFormationClient(aws);
  const logs = new CloudWatchLogsClient(aws);
  const { StackResources = [] } = await cloudFormation.send(new DescribeStackResourcesCommand({ StackName: stack }));
  const group = StackResources.find(
    ({ ResourceType, LogicalResourceId = "" }) =>
      ResourceType === "AWS::Logs::LogGroup" && /Rollout/.test(LogicalResourceId),
  );
  const query = { logGroupName: group?.PhysicalResourceId, startTime: span.fromMs, endTime: span.toMs };
  const lines: LogLine[] = [];
  let nextToken: string | undefined;
  do {
    const page = await logs.send(
      new FilterLogEventsCommand({ ...query, ...(nextToken === undefined ? {} : { nextToken }) }),
    );
    for (const { message = "", timestamp = 0, logStreamName: stream = "" } of page.events ?? []) {
      lines.push({ stream, atMs: timestamp, message });
    }
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  cloudFormation.destroy();
  logs.destroy();
  return lines;
}

function figures(lines: readonly LogLine[], minutes: number): Record<string, number> {
  const lags = lines
    .flatMap(({ message }) => parseEmbeddedMetrics(message))
    .filter(({ name }) => name === "DueToTakenLag")
    .map(({ value }) => value / 1000)
    .toSorted((a, b) => a - b);
  const gaps = gapsOf(lines).toSorted((a, b) => a - b);
  return {
    resources: RESOURCES,
    minutes,
    passes: lags.length,
    expected_passes: Math.floor((minutes * 60) / INTERVAL_SECONDS) * RESOURCES,
    missed: gaps.reduce((sum, seconds) => sum + Math.max(0, Math.round(seconds / INTERVAL_SECONDS) - 1), 0),
    lag_p50: rounded(percentile(lags, 50)),
    lag_p99: rounded(percentile(lags, 99)),
    lag_max: rounded(lags.at(-1) ?? Number.NaN),
    gap_p50: rounded(percentile(gaps, 50)),
    gap_max: rounded(gaps.at(-1) ?? Number.NaN),
  };
}

/** One look at one resource. */
interface Pass {
  name: string;
  fromMs: number;
  toMs: number;
}

/** Seconds from the end of one pass over a resource to the start of the next: how long nobody looked. */
function gapsOf(lines: readonly LogLine[]): number[] {
  return [...Map.groupBy(passesOf(lines), ({ name }) => name).values()].flatMap((ofOne) => {
    const passes = ofOne.toSorted((a, b) => a.toMs - b.toMs);
    return passes.slice(1).map(({ fromMs }, index) => (fromMs - (passes[index]?.toMs ?? fromMs)) / 1000);
  });
}

/** Each pass ends with a line that names the resource, and one with its metrics. */
function passesOf(lines: readonly LogLine[]): Pass[] {
  const named = new Map<string, string>();
  return lines.flatMap(({ stream, atMs, message }) => {
    const name = /"message":"(MultiAZRollout [^"]+ in cluster [^"]+)"/.exec(message)?.[1];
    if (name !== undefined) named.set(stream, name);
    const duration = parseEmbeddedMetrics(message).find((metric) => metric.name === DURATION_METRIC);
    const ended = named.get(stream);
    if (duration === undefined || ended === undefined) return [];
    return [{ name: ended, fromMs: atMs - duration.value * 1000, toMs: atMs }];
  });
}

/** Nearest rank. */
function percentile(sorted: readonly number[], percent: number): number {
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? Number.NaN;
}
