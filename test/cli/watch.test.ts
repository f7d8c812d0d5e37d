import { describe, expect, test } from "vitest";
import { UsageError } from "../../cli/failure.ts";
import type { OutputFormat } from "../../cli/output.ts";
import type { ResourceView } from "../../cli/views.ts";
import { watchResources } from "../../cli/watch.ts";
import { parseGoal } from "../../cli/watch-goal.ts";

function rollout(name: string, phase: string, updated: number, ready: "True" | "False" = "False"): ResourceView {
  return {
    key: { cluster: "prod", home: "cluster", kind: "MultiAZRollout", namespace: "mimir", name },
    dueAt: 0,
    status: {
      phase,
      currentZone: "zone-a",
      updatedReplicas: updated,
      replicas: 3,
      conditions: [{ type: "Ready", status: ready, reason: ready === "True" ? "UpToDate" : "Rolling", message: "" }],
    },
  };
}

/** Watches a hub that answers from a list, the last answer for ever. An error is thrown. */
async function watch(
  answers: (ResourceView[] | Error)[],
  options: { goal?: string; format?: OutputFormat; endAfter?: number; timeoutSeconds?: number } = {},
) {
  const [lines, notes]: [string[], string[]] = [[], []];
  const ending = new AbortController();
  let looks = 0;
  const ended = watchResources({
    output: {
      format: options.format ?? "table",
      line: (text) => void lines.push(text),
      note: (text) => void notes.push(text),
    },
    load: async () => {
      const answer = answers[Math.min(looks, answers.length - 1)] ?? [];
      looks += 1;
      if (looks === options.endAfter) ending.abort();
      if (answer instanceof Error) throw answer;
      return answer;
    },
    goal: options.goal === undefined ? undefined : parseGoal(options.goal),
    what: "MultiAZRollout",
    timeoutSeconds: options.timeoutSeconds ?? 0,
    signal: ending.signal,
    pollMs: 1,
  });
  const failure = await ended.then(
    () => undefined,
    (error: unknown) => (error as Error).message,
  );
  return { lines, notes, failure };
}

const cells = (line: string): string[] => line.split(/ {2,}/);

describe("a watch", () => {
  test("prints what there is, then only rows that change, as one table", async () => {
    const [first, other] = [rollout("ingester", "Progressing", 0), rollout("store-gateway", "Idle", 3, "True")];
    const answers = [
      [first, other],
      [first, other],
      [rollout("ingester", "Progressing", 1), other],
    ];
    const { lines } = await watch(answers, { endAfter: 5 });
    expect(lines.map(cells)).toEqual([
      ["CLUSTER", "NAMESPACE", "NAME", "PHASE", "ZONE", "UPDATED", "REASON"],
      ["prod", "mimir", "ingester", "Progressing", "zone-a", "0/3", "Rolling"],
      ["prod", "mimir", "store-gateway", "Idle", "zone-a", "3/3", "–"],
      ["prod", "mimir", "ingester", "Progressing", "zone-a", "1/3", "Rolling"],
    ]);
  });

  test("tells of resources that go", async () => {
    const { lines, failure } = await watch([[rollout("ingester", "Idle", 3)], []], { goal: "delete" });
    expect(cells(lines.at(-1) ?? "").slice(2, 4)).toEqual(["ingester", "Gone"]);
    expect(failure).toBeUndefined();
  });

  test("prints each change as a line of JSON or a YAML document", async () => {
    const answers = [[rollout("a", "Idle", 0)], [rollout("a", "Idle", 1)]];
    const json = await watch(answers, { format: "json", endAfter: 3 });
    expect(json.lines.map((line) => (JSON.parse(line) as ResourceView).status?.["updatedReplicas"])).toEqual([0, 1]);
    const yaml = await watch(answers, { format: "yaml", endAfter: 3 });
    expect(yaml.lines.filter((line) => line === "---")).toHaveLength(2);
  });

  test("goes on when a look fails, and says so", async () => {
    const answers = [[], new Error("Function api: throttled."), [rollout("a", "Completed", 3)]];
    const { notes, failure } = await watch(answers, { goal: "phase=Completed" });
    expect(notes).toEqual(["Function api: throttled. Trying again."]);
    expect(failure).toBeUndefined();
  });

  test("fails when even the first look fails", async () => {
    expect((await watch([new Error("no answer")])).failure).toBe("no answer");
  });

  test("that ends before its goal is met fails", async () => {
    const { failure } = await watch([[rollout("a", "Held", 0)]], { goal: "phase=Completed", endAfter: 2 });
    expect(failure).toMatch(/^MultiAZRollout: phase=Completed was not reached before the watch was ended\./);
  });
});

describe("a goal", () => {
  const [rolling, done] = [rollout("a", "Progressing", 1), rollout("b", "Completed", 3, "True")];
  const cases: [goal: string, resources: ResourceView[], met: boolean][] = [
    ["phase=Completed", [done], true],
    ["phase=Completed", [done, rolling], false],
    ["phase=Completed", [], false],
    ["condition=Ready", [done], true],
    ["condition=Ready", [rolling], false],
    ["condition=Ready=False", [rolling], true],
    ["delete", [], true],
    ["delete", [done], false],
  ];
  test.each(cases)("%s of %j is met: %s", (goal, resources, met) => {
    expect(parseGoal(goal).isMet(resources)).toBe(met);
  });

  test.each(["Completed", "phase", "phase=", "phase=a=b", "condition=Ready=yes", "condition=", "deleted", "zone=a"])(
    "%s is none",
    (text) => {
      expect(() => parseGoal(text)).toThrow(UsageError);
    },
  );
});
