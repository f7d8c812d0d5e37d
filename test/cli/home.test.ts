import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readManifests } from "../../cli/manifests.ts";
import { runCommand } from "../../cli/run.ts";
import { hubKey } from "../../lib/hub/resource.ts";
import { ID, SPEC } from "../lib/hub/rows.ts";
import { createWorld, manifest } from "../lib/hub/world.ts";
import { type FakeHub, fakeHub } from "./fake-hub.ts";

let folder: string;
let world: ReturnType<typeof createWorld>;
let hub: FakeHub;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "outrigger-manifests-"));
  mkdirSync(join(folder, "more/deep"), { recursive: true });
  mkdirSync(join(folder, "none"));
  const file = (path: string, text: string) => writeFileSync(join(folder, path), text);
  const yaml = (name: string, extra = "") =>
    `apiVersion: rollout.grafana.com/v1alpha1\nkind: MultiAZRollout\nmetadata: {name: ${name}, namespace: mimir}\n` +
    `spec:\n  statefulSetSelector: {matchLabels: {app: ingester}}\n${extra}`;
  file("one.yaml", yaml("ingesters"));
  file("paused.yaml", yaml("ingesters", "  paused: yes\n"));
  file("wrong.yaml", `${yaml("first")}---\n${yaml("second", "  azOrdr: [a]\n")}`);
  file("broken.yaml", "kind: [\n");
  file("text.yaml", "just text\n");
  file("more/a.yml", `${yaml("a")}---\n${yaml("b")}---\n`);
  file("more/deep/c.json", JSON.stringify({ kind: "List", items: [manifest({}, { name: "c" })] }));
  file("more/notes.txt", "no resource");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeEach(async () => {
  world = createWorld();
  hub = fakeHub((request) => world.ask(request.action, { ...request }));
  hub.putEvent = async (detailType, detail) => {
    hub.events.push({ detailType, detail });
    const { name, labels, at } = detail as { name: string; labels: Record<string, string>; at: string };
    await world.join(name, labels, { at, eventId: "event-1" });
    return "event-1";
  };
  await world.join("eu", { stage: "prod" });
  await world.join("us", { stage: "prod" });
  await world.join("lab", { stage: "dev" });
});

async function run(line: string) {
  let [stdout, stderr] = ["", ""];
  const streams = { stdout: (text: string) => void (stdout += text), stderr: (text: string) => void (stderr += text) };
  const words = line.split(" ").map((word) => word.replaceAll("@", `${folder}/`).replaceAll("%", " "));
  const exitCode = await runCommand(words, streams, async () => hub);
  return { exitCode, stdout, stderr };
}

describe("wrong usage: exit code 2, one line, nobody asked", () => {
  test.each<[string, RegExp]>([
    ["apply --cluster eu", /required option '-f, --file <path...>'/],
    ["apply -f @one.yaml", /Nothing says where the resources go: give one of --cluster/],
    ["apply -f @one.yaml --cluster eu --all-clusters", /More than one option says where/],
    ["apply -f @one.yaml --cluster a#b", /Cluster "a#b": must start with/],
    ["apply -f @one.yaml -l stage=prod,", /it has an empty part. Write it as stage=prod/],
    ["apply -f @one.yaml -l stage=prod%eu", /"stage=prod eu" cannot be read/],
    ["apply -f @one.yaml -l region%in%(a%b)", /values holds "a b", which is no label value/],
    ["apply -f @none --all-clusters", /no resource in it. Name files or folders with .yaml/],
    ["delete", /either KIND\/NAME, e.g. MultiAZRollout\/ingesters, or files with -f/],
    ["delete MultiAZRollout/a -f @one.yaml", /either KIND\/NAME/],
    ["delete MultiAZRollout", /write it as KIND\/NAME/],
    ["delete Rollout/a", /works on no such kind/],
    ["delete -f @more/deep/../../broken-kind --cluster eu", /no such file/],
    ["describe MultiAZRollout/UPPER", /Name "UPPER": must be the name/],
    ["audit", /required option '--cluster <name>'/],
    ["audit --cluster eu --limit 900", /--limit 900: it is outside 1..200/],
    ["cluster label eu", /missing required argument 'label'/],
    ["cluster label eu stage", /Label stage: write key=value to set it, or key- to take it away/],
    ["cluster label eu a=1 a-", /Label a: it is named twice/],
    ["cluster label eu a%b=1", /Label a b: is no label key/],
  ])("%s", async (line, says) => {
    const { exitCode, stderr, stdout } = await run(line);
    expect(stderr).toMatch(says);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(stdout).toBe("");
    expect(exitCode).toBe(/no such file/.test(stderr) ? 1 : 2);
    expect(hub.invocations).toEqual([]);
  });
});

describe("apply", () => {
  test("says what it did and where", async () => {
    const { stdout, exitCode } = await run("apply -f @one.yaml -l stage=prod");
    expect(stdout).toBe(
      "MultiAZRollout mimir/ingesters created (generation 1)\n  cluster eu: create\n  cluster us: create\n",
    );
    expect(exitCode).toBe(0);
    expect((await world.hub.hub.loadFleet(ID))?.spec).toEqual(SPEC);
  });

  test("--dry-run shows each field that would change, and changes nothing", async () => {
    await run("apply -f @one.yaml -l stage=prod");
    const { stdout } = await run("apply -f @paused.yaml -l stage%in%(dev) --dry-run");
    expect(stdout.split("\n")).toEqual([
      "MultiAZRollout mimir/ingesters would be configured (generation 2)",
      "  spec.paused: – → true",
      '  selector.matchExpressions: – → [{"key":"stage","operator":"In","values":["dev"]}]',
      '  selector.matchLabels: {"stage":"prod"} → –',
      "  cluster lab: create",
      "",
    ]);
    expect(await world.hub.hub.loadFleet(ID)).toMatchObject({ generation: 1 });
  });

  test("writes nothing unless all of it is right", async () => {
    const { stderr, exitCode } = await run("apply -f @one.yaml -f @wrong.yaml --cluster lab");
    expect(stderr).toMatch(
      /^outrigger: File \S+wrong.yaml: MultiAZRollout mimir\/second: spec.azOrdr: there is no such field; did you mean azOrder\? Correct it and apply it again\.\n$/,
    );
    expect(exitCode).toBe(1);
    expect(world.hub.hub.specs.size).toBe(0);
  });

  test("a file that holds no resource is named, a wrong cluster is no fault of a file", async () => {
    expect((await run("apply -f @one.yaml -f @text.yaml --cluster lab")).stderr).toMatch(
      /^outrigger: File \S+text.yaml: resource: must be an object\. Correct it/,
    );
    expect((await run("apply -f @one.yaml --cluster la")).stderr).toMatch(
      /^outrigger: Cluster la: it is not registered/,
    );
  });

  test("folders, with -R what is below them; JSON says all", async () => {
    const names = async (line: string) =>
      (JSON.parse((await run(line)).stdout) as { name: string }[]).map(({ name }) => name);
    expect(await names("apply -f @more --cluster lab -o json")).toEqual(["a", "b"]);
    expect(await names("apply -f @more -R --cluster lab -o json --dry-run")).toEqual(["a", "b", "c"]);
  });

  test("stdin, and text that is no YAML", async () => {
    const stdin = async () => "kind: X\n---\nkind: Z\n";
    expect(await readManifests(["-"], { recursive: false, stdin })).toEqual([
      { source: "stdin", manifest: { kind: "X" } },
      { source: "stdin", manifest: { kind: "Z" } },
    ]);
    const { stderr, exitCode } = await run("apply -f @broken.yaml --cluster lab");
    expect(stderr).toMatch(/broken.yaml, line \d+, column \d+: /);
    expect(exitCode).toBe(1);
  });

  test("warnings go to stderr", async () => {
    const { stderr } = await run("apply -f @one.yaml -l stage=none");
    expect(stderr).toMatch(/^Warning: MultiAZRollout mimir\/ingesters: no registered cluster has such labels now/);
  });
});

describe("delete", () => {
  test("waits until the clusters have let go", async () => {
    await run("apply -f @one.yaml --cluster lab");
    await world.passes();
    const done = run("delete MultiAZRollout/ingesters -n mimir --cluster lab");
    const isDeleting = (): boolean => [...world.hub.hub.specs.values()].some(({ deleting }) => deleting);
    await expect.poll(isDeleting, { timeout: 20_000 }).toBe(true);
    await world.pass("lab");
    expect(await done).toMatchObject({
      exitCode: 0,
      stdout: "MultiAZRollout mimir/ingesters deleted\n  cluster lab: remove\n",
    });
  });

  test("by file, without waiting", async () => {
    await run("apply -f @one.yaml -l stage=prod");
    await world.passes();
    expect((await run("delete -f @one.yaml --dry-run")).stdout).toMatch(
      /^MultiAZRollout mimir\/ingesters would be deleted\n/,
    );
    expect((await run("delete -f @one.yaml --no-wait")).stdout).toMatch(/^MultiAZRollout mimir\/ingesters deleting\n/);
  });

  test("what is gone already, as after an interruption, does not keep the others", async () => {
    await run("apply -f @more --cluster lab");
    const { stdout, stderr, exitCode } = await run("delete -f @one.yaml -f @more --cluster lab --no-wait");
    expect(stdout).toMatch(/^MultiAZRollout mimir\/a delet.*^MultiAZRollout mimir\/b delet/ms);
    expect(stderr).toMatch(/^outrigger: MultiAZRollout mimir\/ingesters: the hub keeps none for cluster lab\. .*\n$/);
    expect(exitCode).toBe(1);
  });

  test("says what is left when time is over", async () => {
    await run("apply -f @one.yaml -l stage=prod");
    await world.passes();
    const { stderr, exitCode } = await run("delete MultiAZRollout/ingesters -n mimir --timeout 0");
    expect(stderr).toMatch(
      /it is not gone after 0 s. See what is left with `outrigger describe MultiAZRollout\/ingesters/,
    );
    expect(exitCode).toBe(1);
  });
});

describe("describe, fleet and audit", () => {
  const conditions = [{ type: "Ready", status: "False", reason: "Overlap", message: "claimed already" }];

  test("a fleet resource: counts, what is not completed, what is wrong first, each cluster", async () => {
    await run("apply -f @one.yaml -l stage=prod");
    await world.passes();
    await world.ink(ID, "eu", { phase: "Completed", observedGeneration: 1 });
    await world.ink(ID, "us", { phase: "Held", observedGeneration: 1, conditions });
    const { stdout } = await run("describe multiazrollout/ingesters -n mimir");
    expect(stdout).toMatch(/^Selector +stage=prod$/m);
    expect(stdout).toMatch(/^Clusters +2 \(Completed 1, Held 1\)$/m);
    expect(stdout).toMatch(/^Not completed +us$/m);
    expect(stdout).toMatch(/^Worst +us: Held, Overlap: claimed already$/m);
    expect(stdout).toMatch(/^us +Held +Overlap +\S+ +claimed already$/m);
    const { stdout: list } = await run("fleet");
    expect(list).toMatch(/^mimir +ingesters +stage=prod +2 +Completed 1, Held 1 +us +us: Overlap/m);
  });

  test("a resource in one cluster: home, conditions, last actions, next due", async () => {
    await run("apply -f @one.yaml --cluster lab");
    await world.passes();
    await world.ink(ID, "lab", { phase: "Held", observedGeneration: 1, conditions });
    const action = { kind: "DeletePod", object: "mimir/ingester-0", reason: "Outdated" };
    const rest = { ...action, object: "mimir/ingester-1" };
    const at = "2026-11-21T10:00:00.000Z";
    world.audit.push({
      id: `${at}#1`,
      resource: hubKey(ID, "lab"),
      at,
      result: "intended",
      intended: [action, rest],
      outcomes: [{ ...action, result: "done" }],
    });
    const { stdout } = await run("describe MultiAZRollout/ingesters -n mimir");
    expect(stdout).toMatch(/^Home +hub$/m);
    expect(stdout).toMatch(/^Next due +(now|within \d+ s)$/m);
    expect(stdout).toMatch(/^Ready +False +Overlap +claimed already$/m);
    expect(stdout).toMatch(/DeletePod +mimir\/ingester-0 +Outdated +done$/m);
    expect(stdout).toMatch(/DeletePod +mimir\/ingester-1 +Outdated +intended$/m);
    expect((await run("audit MultiAZRollout/ingesters -n mimir --cluster lab")).stdout).toMatch(
      /ingester-1 +Outdated +intended/,
    );
    expect(hub.invocations.at(-1)?.payload).toEqual({ action: "audit.list", cluster: "lab", limit: 20, resource: ID });
  });

  test("nothing of that name", async () => {
    const { stderr, exitCode } = await run("describe MultiAZRollout/nobody -n mimir --cluster lab");
    expect(stderr).toMatch(/MultiAZRollout mimir\/nobody: the hub knows none of this name in cluster lab/);
    expect(exitCode).toBe(1);
    expect((await run("audit --cluster lab")).stderr).toBe("Nothing was done in cluster lab yet.\n");
    expect((await run("audit MultiAZRollout/a -n mimir --cluster lab")).stderr).toBe(
      "Nothing was done about MultiAZRollout mimir/a in cluster lab yet.\n",
    );
    expect(await run("audit --cluster la")).toMatchObject({
      exitCode: 1,
      stderr: "outrigger: Cluster la: it is not registered. Did you mean lab?\n",
    });
  });
});

describe("cluster label", () => {
  test("declares the registration as it is, with the labels changed", async () => {
    await world.join("x", { stage: "prod", old: "1" }, { namespaces: ["mimir"], monitorIntervalSeconds: 90 });
    const { stdout, exitCode } = await run("cluster label x team=a old-");
    expect(stdout).toMatch(/^Labels +stage=prod, team=a$/m);
    expect(exitCode).toBe(0);
    expect(hub.events).toMatchObject([
      {
        detailType: "Cluster Updated",
        detail: { name: "x", labels: { stage: "prod", team: "a" }, namespaces: ["mimir"], monitorInterval: "1m30s" },
      },
    ]);
  });

  test("changes another value only with --overwrite, and sends nothing when all is so already", async () => {
    expect((await run("cluster label eu stage=dev")).stderr).toMatch(
      /label stage is prod already. Change it with --overwrite/,
    );
    expect((await run("cluster label eu stage=prod none-")).stderr).toBe("Cluster eu has these labels already.\n");
    expect(hub.events).toEqual([]);
    expect((await run("cluster label eu stage=dev --overwrite")).stdout).toMatch(/stage=dev/);
  });
});
