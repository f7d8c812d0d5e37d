import { expect, test } from "vitest";
import { createVirtualClock } from "../../../local/kubernetes/clock.ts";
import type { KubeObject } from "../../../local/kubernetes/object.ts";
import { seeded } from "../../contract/kubernetes/random-manifests.ts";
import { statefulSet } from "../../kubernetes/stateful-set.ts";
import { inProcessCluster } from "./in-process.ts";

const SETS = "/apis/apps/v1/namespaces/default/statefulsets";
const PODS = "pods.";
const day = 24 * 60 * 60_000;

interface Story {
  /** What happened, a line for each change of a pod. */
  lines: string[];
  endedAt: string;
}

/** Creates sixty pods, changes their template, and lets the controller bring each to it. */
async function tellStory(seed: number): Promise<Story> {
  const clock = createVirtualClock();
  const { core, ask } = await inProcessCluster({ clock, random: seeded(seed) });
  const lines: string[] = [];
  core.store.subscribe(({ type, resource, object }) => {
    if (resource !== PODS) return;
    const { phase } = object["status"] as { phase: string };
    lines.push(
      `${new Date(clock.now()).toISOString()} ${type} ${object.metadata.name} ${phase} ${object.metadata.uid}`,
    );
  });
  const set = statefulSet("web", 60, { "outrigger.dev/sim-ready-after": "20s..40s" }) as {
    spec: Record<string, unknown>;
  };
  set.spec["updateStrategy"] = { type: "RollingUpdate" };
  await ask("POST", SETS, set);
  const statusOf = (): Record<string, unknown> =>
    (core.store.get("statefulsets.apps", "default", "web") as KubeObject)["status"] as Record<string, unknown>;
  expect(clock.runUntil(() => statusOf()["readyReplicas"] === 60, day)).toBe(true);
  const image = {
    spec: { template: { spec: { containers: [{ name: "main", image: "registry.example.com/app:2" }] } } },
  };
  await ask("PATCH", `${SETS}/web`, image, "application/merge-patch+json");
  const isDone = (): boolean =>
    statusOf()["currentRevision"] === statusOf()["updateRevision"] && statusOf()["updatedReplicas"] === 60;
  expect(clock.runUntil(() => statusOf()["observedGeneration"] === 2, day)).toBe(true);
  expect(clock.runUntil(isDone, day)).toBe(true);
  core.stop();
  return { lines, endedAt: new Date(clock.now()).toISOString() };
}

test("a rolling update of sixty pods takes its half hour of virtual time", async () => {
  const { lines, endedAt } = await tellStory(1);
  const minutes = (Date.parse(endedAt) - Date.UTC(2026, 0, 1)) / 60_000;
  expect(minutes).toBeGreaterThan(20);
  expect(minutes).toBeLessThan(45);
  expect(lines.filter((line) => line.includes(" ADDED "))).toHaveLength(120);
  expect(lines.filter((line) => line.includes(" DELETED "))).toHaveLength(60);
});

test("the same seed tells the same story, another seed another", async () => {
  const [first, again, other] = [await tellStory(7), await tellStory(7), await tellStory(8)];
  expect(again).toEqual(first);
  expect(other.endedAt).not.toBe(first.endedAt);
});

test("nothing happens while the clock stands still", async () => {
  const clock = createVirtualClock();
  const { core, ask } = await inProcessCluster({ clock });
  await ask("POST", SETS, statefulSet("web", 3));
  expect(core.store.list(PODS)).toEqual([]);
  clock.advance(60_000);
  const phases = core.store.list(PODS).map((pod) => (pod["status"] as { phase: string }).phase);
  expect(phases).toEqual(["Running", "Running", "Running"]);
  core.stop();
});

test("timers run in the order of their time, and then as they were set", () => {
  const clock = createVirtualClock(0);
  const ran: string[] = [];
  const note = (name: string) => (): void => void ran.push(`${name} at ${clock.now()}`);
  clock.after(20, note("late"));
  clock.after(10, note("first"));
  clock.after(10, note("second"));
  const cancel = clock.after(15, note("never"));
  clock.after(5, () => clock.after(0, note("nested")));
  cancel();
  clock.advance(30);
  expect(ran).toEqual(["nested at 5", "first at 10", "second at 10", "late at 20"]);
  expect(clock.now()).toBe(30);
  expect(clock.runUntil(() => false, 1_000)).toBe(false);
});
