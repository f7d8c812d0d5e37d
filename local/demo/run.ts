import { setTimeout as sleep } from "node:timers/promises";
import type { V1Pod } from "@kubernetes/client-node";
import { localAws, openHub } from "../../cli/hub.ts";
import type { ResourceChangedDetail } from "../../lib/registry/events.ts";
import type { LocalState } from "../state.ts";
import { DemoCluster, type RolloutStatus } from "./cluster.ts";
import { readyCondition } from "./describe-status.ts";
import { GROUPS, type Group } from "./scenario.ts";
import type { Watcher } from "./watcher.ts";

/** How one rollout went. */
export interface RolloutResult {
  cluster: string;
  name: string;
  phase: string;
  /** Of its Ready condition. */
  reason: string;
  /** Pods replaced, as the observer saw it. */
  replaced: number;
  peakUnavailable: number;
  doubleZoneEvents: number;
  /** From the change of the templates to the phase it ended in. */
  seconds: number;
  /** What is not as expected; empty when all is. */
  problems: string[];
}

const FOUND_TIMEOUT_MS = 60_000;
const DONE_TIMEOUT_MS = 120_000;
const POLL_MS = 400;

/** Whom the demo is played to. */
export interface Audience {
  /** A step of the scenario, one line. */
  tell(line: string): void;
  /** Every event of the observers' watches. */
  onPod(cluster: string, type: string, pod: V1Pod): void;
  /** Each look at a rollout's status, from the change of the templates on. */
  onStatus(cluster: string, group: Group, status: RolloutStatus | undefined, seconds: number): void;
  onEnd(cluster: string, group: Group, seconds: number): void;
}

/** Plays the scenario on running clusters. */
export async function playScenario(local: LocalState, audience: Audience): Promise<RolloutResult[]> {
  const hub = await openHub({ stack: local.stack, local: true }, localAws(local));
  const clusters = local.clusters.map((cluster) => new DemoCluster(cluster));
  /** As a pipeline does after `kubectl apply`: the hub looks at once instead of at its next interval. */
  const announce = (cluster: DemoCluster, { name, namespace }: Group): Promise<string> =>
    hub.putEvent("Resource Changed", {
      cluster: cluster.name,
      kind: "MultiAZRollout",
      namespace,
      name,
    } satisfies ResourceChangedDetail);
  const pairs = clusters.flatMap((cluster) => GROUPS.map((group) => ({ cluster, group })));

  audience.tell(`${GROUPS.map(({ name }) => name).join(", ")}: creating StatefulSets, one per zone`);
  for (const { name, updateStrategy } of GROUPS) {
    if (updateStrategy === "OnDelete") continue;
    audience.tell(`${name} is left on ${updateStrategy} on purpose: Outrigger must refuse to touch it`);
  }
  await Promise.all(clusters.map((cluster) => cluster.install()));
  audience.tell("all pods are Ready; applying a MultiAZRollout for each group");
  await Promise.all(clusters.map((cluster) => cluster.applyRollouts()));
  await Promise.all(
    pairs.map(async ({ cluster, group }) => {
      await announce(cluster, group);
      await waitForStatus(cluster, group, FOUND_TIMEOUT_MS, (status) => status !== undefined);
    }),
  );

  const watchers = await Promise.all(
    clusters.map((cluster) => cluster.watch((type, pod) => audience.onPod(cluster.name, type, pod))),
  );
  try {
    audience.tell("every rollout has been seen by the hub; changing the templates");
    return await Promise.all(
      pairs.map(async ({ cluster, group }) => {
        const watcher = watchers[clusters.indexOf(cluster)];
        if (watcher === undefined) throw new Error(`Cluster ${cluster.name} has no observer.`);
        const startedAt = performance.now();
        await cluster.changeTemplates(group);
        await announce(cluster, group);
        return follow(cluster, group, watcher, startedAt, audience);
      }),
    );
  } finally {
    for (const watcher of watchers) watcher.stop();
  }
}

/** Follows one rollout to the phase it is expected to end in. */
async function follow(
  cluster: DemoCluster,
  group: Group,
  watcher: Watcher,
  startedAt: number,
  audience: Audience,
): Promise<RolloutResult> {
  const changes = group.image.after !== group.image.before;
  const elapsed = (): number => (performance.now() - startedAt) / 1000;
  const status = await waitForStatus(cluster, group, DONE_TIMEOUT_MS, (now) => {
    audience.onStatus(cluster.name, group, now, elapsed());
    if (now === undefined) return false;
    const { phase, updatedReplicas } = now;
    return phase === group.expected.phase && (!changes || updatedReplicas === cluster.podsOf(group));
  });
  const seconds = elapsed();
  audience.onEnd(cluster.name, group, seconds);
  const result = {
    cluster: cluster.name,
    name: group.name,
    phase: status?.phase ?? "Unknown",
    reason: readyCondition(status)?.reason ?? "",
    ...watcher.of(group.name),
    seconds: Math.round(seconds * 10) / 10,
  };
  const current = await cluster.countCurrent(group);
  return { ...result, problems: judge(result, group, cluster.podsOf(group), current) };
}

/** What is not as the scenario expects it. */
export function judge(result: Omit<RolloutResult, "problems">, group: Group, pods: number, current: number): string[] {
  const { expected } = group;
  const replaced = group.image.after === group.image.before ? 0 : pods;
  const checks: [holds: boolean, problem: string][] = [
    [result.phase === expected.phase, `phase ${result.phase} instead of ${expected.phase}`],
    [!("reason" in expected) || result.reason === expected.reason, `reason ${result.reason}`],
    [result.replaced === replaced, `${result.replaced} pods replaced instead of ${replaced}`],
    [current === pods, `${current} of ${pods} pods run the wanted template`],
    [result.doubleZoneEvents === 0, `two zones were disrupted at once in ${result.doubleZoneEvents} events`],
    [
      result.peakUnavailable <= group.maxUnavailable,
      `${result.peakUnavailable} pods of a zone were unavailable at once`,
    ],
  ];
  return checks.flatMap(([holds, problem]) => (holds ? [] : [problem]));
}

/** @returns the last status when the time is over, too: the judge says what is wrong with it. */
async function waitForStatus(
  cluster: DemoCluster,
  group: Group,
  timeoutMs: number,
  isDone: (status: RolloutStatus | undefined) => boolean,
): Promise<RolloutStatus | undefined> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const status = await cluster.statusOf(group);
    if (isDone(status) || Date.now() > deadline) return status;
    await sleep(POLL_MS);
  }
}
