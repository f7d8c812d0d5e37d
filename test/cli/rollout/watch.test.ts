import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import type { CommandEnvironment } from "../../../cli/command-environment.ts";
import { UsageError } from "../../../cli/failure.ts";
import type { OutputFormat } from "../../../cli/output.ts";
import { squaresOf } from "../../../cli/rollout/render.ts";
import { watchRollout } from "../../../cli/rollout/watch.ts";
import { Terminal } from "../../../docs/terminal.ts";
import { fakeHub } from "../fake-hub.ts";

const zone = (name: string, pods: string, phase: string, unready: string[] = []) => ({
  name,
  statefulSets: [`ingester-${name}`],
  replicas: pods.length,
  updated: pods.replaceAll(/[^Nn]/g, "").length,
  available: pods.replaceAll(/[^No]/g, "").length,
  phase,
  pods,
  ...(unready.length === 0 ? {} : { unready }),
});

/** A rollout as the hub tells it. */
function look(phase: string, reason: string, [a, b]: [string, string], more: Record<string, unknown> = {}) {
  const zones = [zone("zone-a", a, "Updating"), zone("zone-b", b, "Pending")];
  const updatedReplicas = zones.reduce((sum, { updated }) => sum + updated, 0);
  return {
    key: { cluster: "prod", home: "cluster", kind: "MultiAZRollout", namespace: "mimir", name: "ingester" },
    dueAt: 0,
    status: {
      phase,
      updatedReplicas,
      replicas: a.length + b.length,
      rollout: "rollout.1",
      startedAt: "2026-11-21T10:00:00Z",
      zones,
      conditions: [{ type: "Ready", status: "False", reason, message: `${reason} it is.` }],
      ...more,
    },
  };
}
const begun = look("Progressing", "ReplacingPods", ["tooo", "oooo"]);
const halfWay = look("Progressing", "WaitingForPods", ["NNNN", "Nnoo"]);
const finished = { finishedAt: "2026-11-21T10:01:05Z" };
const done = look("Completed", "Completed", ["NNNN", "NNNN"], finished);
const earlier = look("Completed", "Completed", ["NNNN", "NNNN"], { ...finished, rollout: "rollout.0" });

type Look = ReturnType<typeof look> | "gone" | Error;

/** Watches a hub that tells these one after the other, the last one for ever. */
async function watch(
  looks: Look[],
  options: { format?: OutputFormat; for?: string; endAfter?: number; columns?: number; plan?: unknown } = {},
) {
  const [lines, notes]: [string[], string[]] = [[], []];
  const ending = new AbortController();
  const screen = new Terminal();
  let count = 0;
  const plan = () => (typeof options.plan === "function" ? options.plan() : options.plan);
  const hub = fakeHub(({ action }) => {
    if (action !== "resource.list") return plan() ?? { error: { object: "o", cause: "c", nextStep: "n" } };
    const told = looks[Math.min(count, looks.length - 1)];
    count += 1;
    if (count === options.endAfter) ending.abort();
    if (told instanceof Error) throw told;
    return { ok: true, data: told === undefined || told === "gone" ? [] : [told] };
  });
  const { columns } = options;
  const environment: CommandEnvironment = {
    hub: async () => hub,
    output: {
      format: options.format ?? "table",
      line: (text) => void lines.push(text),
      note: (text) => void notes.push(text),
    },
    ...(columns === undefined
      ? {}
      : { terminal: { write: (text: string) => screen.write(text), columns: () => columns } }),
  };
  const goal = options.for === undefined ? {} : { for: options.for };
  const failure = await watchRollout(
    environment,
    "ingester",
    { namespace: "mimir", timeout: 0, ...goal },
    { pollMs: 1, signal: ending.signal },
  ).then(
    () => undefined,
    (error: unknown) => error as Error,
  );
  const drawn = screen.lines().map((cells) =>
    cells
      .map(({ text }) => text)
      .join("")
      .trimEnd(),
  );
  return { lines, notes, failure, drawn, hub };
}

describe("a watched rollout", () => {
  test("is a line for each change where nobody draws", async () => {
    const { lines, failure } = await watch([begun, begun, halfWay, done]);
    expect(failure).toBeUndefined();
    expect(lines.map((line) => line.replace(/^ *[\d:]+ {2}/, ""))).toEqual([
      "Progressing  0/8  zone-a 0/4 (3 available)  zone-b 0/4  ReplacingPods: ReplacingPods it is.",
      "Progressing  6/8  zone-a 4/4  zone-b 2/4 (3 available)  WaitingForPods: WaitingForPods it is.",
      "Completed  8/8  zone-a 4/4  zone-b 4/4  Completed: Completed it is.",
    ]);
    expect(lines.at(-1)).toMatch(/^ {2}1:05 {2}/);
  });

  test("is a document for each change as JSON and YAML", async () => {
    const json = await watch([begun, begun, done], { format: "json" });
    expect(json.lines.map((line) => (JSON.parse(line) as typeof done).status.phase)).toEqual([
      "Progressing",
      "Completed",
    ]);
    const yaml = await watch([begun, done], { format: "yaml" });
    expect(yaml.lines.filter((line) => line === "---")).toHaveLength(2);
  });

  test("is drawn over itself on a terminal: a square for each pod, gates, and why it waits", async () => {
    const gated = look("Completed", "Completed", ["NNNN", "NnoN"], {
      ...finished,
      gates: [
        { name: "alarm errors", state: "Open" },
        { name: "probe", state: "NoData" },
      ],
      zones: [zone("zone-a", "NNNN", "Completed"), zone("zone-b", "Nno.", "Updating", ["ingester-1: NotReady", "x"])],
    });
    const { drawn, lines } = await watch([begun, gated], { columns: 100 });
    expect(lines).toEqual([]);
    expect(drawn.filter((line) => line !== "")).toEqual([
      "mimir/ingester in prod  Completed  ━━━━━━━━━━━─   7/8  1:05",
      "Completed: Completed it is.",
      "zone-a  ■■■■      4/4  Completed",
      "zone-b  ■□■□      2/4  Updating   ingester-1: NotReady, x",
      "gates: alarm errors Open, probe NoData",
      "■ before  □ away  ■ after",
    ]);
  });

  test("fits a narrow terminal: a large zone and a long message in several lines", async () => {
    const large = look("Completed", "Completed", ["N".repeat(50), "o".repeat(50)], finished);
    const message =
      "Nothing is deleted while several zones are unready, and all that is wrong with them is told here, to its end.";
    large.status.conditions = [{ type: "Ready", status: "False", reason: "Completed", message }];
    const { drawn } = await watch([large], { columns: 60 });
    expect(drawn.join(" ")).toContain(`Completed: ${message}`);
    expect(Math.max(...drawn.map((line) => stripVTControlCharacters(line).length))).toBeLessThan(60);
    expect(drawn.join("").match(/■/g)?.length).toBe(102);
  });

  const ends: Record<string, [Look, RegExp | undefined]> = {
    "Completed is the end": [done, undefined],
    "nothing to do is the end": [look("Idle", "UpToDate", ["oooo", "oooo"]), undefined],
    "a rollback is a failure": [look("Completed", "RolledBack", ["oooo", "oooo"], finished), /RolledBack/],
    "a stall is a failure": [look("Stalled", "ProgressDeadlineExceeded", ["noo", "ooo"]), /rollout rollback ingester/],
    "a refusal is a failure": [look("Refused", "NotOnDelete", ["ooo", "ooo"]), /NotOnDelete it is/],
    "an abort is a failure": [look("Paused", "Aborted", ["Noo", "ooo"]), /Aborted it is/],
    "a resource that goes is a failure": ["gone", /it is gone/],
  };
  test.each(Object.entries(ends))("%s", async (_what, [last, says]) => {
    const { failure } = await watch([begun, last]);
    if (says === undefined) expect(failure).toBeUndefined();
    else expect(failure?.message).toMatch(says);
  });

  test.each(["Held", "Paused", "RollingBack"])("%s is not the end", async (phase) => {
    const { failure } = await watch([look(phase, "Why", ["Noo", "ooo"]), done]);
    expect(failure).toBeUndefined();
  });

  const preview = (phase: string) => ({ actions: [], conditions: [], phase, nextDueInSeconds: 1, zones: [] });

  test("that is due and not begun is waited for: the cluster is asked once", async () => {
    const { failure, hub, lines } = await watch([earlier, earlier, begun, done], { plan: preview("Progressing") });
    expect(failure).toBeUndefined();
    expect(lines).toHaveLength(3);
    expect(hub.invocations.filter(({ functionName }) => functionName === "rollout")).toHaveLength(1);
  });

  const mended: Record<string, ReturnType<typeof look>> = {
    "a stall": look("Stalled", "ProgressDeadlineExceeded", ["noo", "ooo"]),
    "a refusal": look("Refused", "NotOnDelete", ["ooo", "ooo"]),
    "an abort": look("Paused", "Aborted", ["Noo", "ooo"]),
  };
  test.each(Object.entries(mended))("%s that was mended a moment ago is no end", async (_what, before) => {
    const { failure, hub } = await watch([before, before, halfWay, done], { plan: preview("Progressing") });
    expect(failure).toBeUndefined();
    expect(hub.invocations.filter(({ functionName }) => functionName === "rollout")).toHaveLength(1);
  });
  test.each(Object.entries(mended))("%s that was mended is an end when it comes again", async (_what, before) => {
    const { failure } = await watch([before, before, halfWay, before], { plan: preview("Progressing"), endAfter: 50 });
    expect(failure?.message).toContain(before.status.conditions[0]?.message);
  });
  test.each(Object.entries(mended))("%s that seemed mended and is found once more is an end", async (_what, end) => {
    const plans = [preview("Progressing"), preview("Progressing"), preview(end.status.phase)];
    const looks = [0, 0, 30, 60].map((seconds) => ({ ...end, updatedAt: new Date(seconds * 1000).toISOString() }));
    const { failure, hub } = await watch(looks, { plan: () => plans.shift(), endAfter: 50 });
    expect(failure?.message).toContain(end.status.conditions[0]?.message);
    expect(hub.invocations.filter(({ functionName }) => functionName === "rollout")).toHaveLength(3);
  });
  test.each(Object.entries(mended))("%s that stands is the end at once", async (_what, before) => {
    const { failure, lines } = await watch([before, halfWay, done], { plan: preview(before.status.phase) });
    expect(failure?.message).toContain(before.status.phase);
    expect(lines).toHaveLength(1);
  });

  const zoneOf = (outdated: number) => ({ name: "zone-a", outdated, maxUnavailable: [1], places: [1], unready: [] });
  test.each([
    ["that has nothing to do", preview("Completed"), 1],
    ["with nothing outdated that would be held", { ...preview("Held"), zones: [zoneOf(0)] }, 1],
    ["with outdated pods that are held", { ...preview("Held"), zones: [zoneOf(2)] }, 3],
  ])("%s ends as it should", async (_what, plan, shown) => {
    const { lines, failure } = await watch([earlier, begun, done], { plan, endAfter: 50 });
    expect(failure).toBeUndefined();
    expect(lines).toHaveLength(shown);
  });

  test("under way asks no cluster", async () => {
    const { hub } = await watch([begun, halfWay, done]);
    expect(new Set(hub.invocations.map(({ functionName }) => functionName))).toEqual(new Set(["api"]));
  });

  test("ends with its goal, whatever else", async () => {
    const stalled = look("Stalled", "ProgressDeadlineExceeded", ["noo", "ooo"]);
    expect((await watch([begun, stalled, halfWay, done], { for: "phase=Completed" })).failure).toBeUndefined();
    expect((await watch([begun, "gone"], { for: "delete" })).failure).toBeUndefined();
  });

  test("goes on when a look fails, and says so", async () => {
    const { failure, notes } = await watch([begun, new Error("Function api: throttled."), done]);
    expect(notes).toEqual(["Function api: throttled. Trying again."]);
    expect(failure).toBeUndefined();
  });

  test("that somebody ends before has failed", async () => {
    const { failure } = await watch([begun], { endAfter: 3 });
    expect(failure?.message).toMatch(/its end was not reached before the watch was ended \(phase Progressing\)/);
  });

  test("with a goal that is none is wrong usage", async () => {
    expect((await watch([begun], { for: "Completed" })).failure).toBeInstanceOf(UsageError);
  });
});

describe("squares without letters", () => {
  const rows: [replicas: number, updated: number, available: number, drawn: string][] = [
    [4, 0, 4, "oooo"],
    [4, 2, 3, "NNxo"],
    [4, 4, 4, "NNNN"],
    [4, 4, 3, "NNNx"],
    [3, 0, 0, "xxx"],
  ];
  const letters = { new: "N", down: "x", old: "o" };
  test.each(rows)("%i pods, %i updated, %i available: %s", (replicas, updated, available, drawn) => {
    const counted = { name: "z", statefulSets: [], replicas, updated, available, phase: "Updating", unready: [] };
    expect(
      squaresOf(counted)
        .map((square) => letters[square])
        .join(""),
    ).toBe(drawn);
  });
});
