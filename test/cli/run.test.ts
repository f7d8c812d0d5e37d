import { describe, expect, test } from "vitest";
import type { FindHub } from "../../cli/command-environment.ts";
import { runCommand } from "../../cli/run.ts";
import manifest from "../../package.json" with { type: "json" };
import { registration } from "../lib/registry/build.ts";
import { fakeHub } from "./fake-hub.ts";

const nobody: FindHub = async () => {
  throw new Error("no hub is to be asked");
};

/** Runs a command line and collects what it printed. */
async function run(line: string, findHub: FindHub = nobody) {
  let [stdout, stderr] = ["", ""];
  const streams = { stdout: (text: string) => void (stdout += text), stderr: (text: string) => void (stderr += text) };
  const exitCode = await runCommand(line.split(" "), streams, findHub);
  return { exitCode, stdout, stderr };
}

test("help is no failure", async () => {
  const { exitCode, stdout } = await run("cluster register --help");
  expect(stdout).toContain("--kubeconfig-secret <name>");
  expect(exitCode).toBe(0);
});

test.each(["--version", "-V", "cluster list --version"])(
  "%s prints the package's version and asks no hub",
  async (line) => {
    expect(await run(line)).toEqual({ exitCode: 0, stdout: `${manifest.version}\n`, stderr: "" });
  },
);

describe("a failure ends with exit code 1 and one line: object, cause, next step", () => {
  test("what the hub answers", async () => {
    const error = { object: "Cluster c", cause: "it is not registered", nextStep: "See `outrigger cluster list`" };
    const { exitCode, stderr } = await run("cluster get c", async () => fakeHub(() => ({ ok: false, error })));
    expect(stderr).toBe("outrigger: Cluster c: it is not registered. See `outrigger cluster list`.\n");
    expect(exitCode).toBe(1);
  });

  test("what a lane answers", async () => {
    const error = { object: "MultiAZRollout a/b", cause: "a worker\nholds it", nextStep: "Try again in 5 s" };
    const line = "reconcile MultiAZRollout/b -n a --cluster c -o json";
    const { exitCode, stderr, stdout } = await run(line, async () => fakeHub(() => ({ error })));
    expect(stderr).toBe("outrigger: MultiAZRollout a/b: a worker holds it. Try again in 5 s.\n");
    expect(stdout).toBe("");
    expect(exitCode).toBe(1);
  });
});

test("an answer of another version is told in one line that names both ways out", async () => {
  const hub = fakeHub(() => ({ ok: true, data: [{ registration: "c" }] }));
  const { exitCode, stderr } = await run("cluster list", async () => hub);
  expect(stderr).toBe(
    `outrigger: The hub's answer: version ${manifest.version} of this command cannot read it: 0.registration: must be an object. ` +
      "Use the command of the version that is deployed, or deploy this version.\n",
  );
  expect(exitCode).toBe(1);
});

test("reconcile asks the lane of the kind and prints its answer as one line of JSON", async () => {
  const reply = {
    actions: [{ kind: "DeletePod", object: "mimir/ingester-zone-a-0", reason: "OutdatedRevision" }],
    conditions: [
      {
        type: "Ready",
        status: "False",
        reason: "Rolling",
        message: "zone a",
        lastTransitionTime: "2025-01-01T00:00:00Z",
      },
    ],
    phase: "Progressing",
    nextDueInSeconds: 30,
  };
  const hub = fakeHub(() => reply);
  const { exitCode, stdout } = await run(
    "reconcile multiazrollout/ingester -n mimir --cluster c -o json",
    async () => hub,
  );
  expect(JSON.parse(stdout)).toEqual(reply);
  expect(stdout.trimEnd()).not.toContain("\n");
  expect(exitCode).toBe(0);
  const key = { cluster: "c", home: "cluster", kind: "MultiAZRollout", namespace: "mimir", name: "ingester" };
  expect(hub.invocations).toEqual([{ functionName: "rollout", payload: { action: "reconcile", key } }]);
});

test("the look for resources is named like its cluster, as EKS names clusters", async () => {
  const conditions = [{ type: "Ready", status: "True", reason: "Discovered", message: "" }];
  const hub = fakeHub(() => ({ actions: [], conditions, phase: "Discovered", nextDueInSeconds: 30 }));
  const { stdout, exitCode } = await run("reconcile Discovery/Prod_EU --cluster Prod_EU", async () => hub);
  expect(stdout).toBe("Discovered; looked at again in 30 s\nReady=True Discovered\nNo action was needed.\n");
  expect(exitCode).toBe(0);
  const key = { cluster: "Prod_EU", home: "cluster", kind: "Discovery", namespace: "", name: "Prod_EU" };
  expect(hub.invocations).toEqual([{ functionName: "reconcile", payload: { action: "reconcile", key } }]);
});

test("register sends the event as typed, and without --wait returns at once", async () => {
  const hub = fakeHub(() => ({ ok: true, data: [] }));
  const line =
    "cluster register c --region eu-west-1 --account 123456789012 -l team=a -l stage=prod --capability observe --no-wait --no-install-custom-resources";
  const { exitCode } = await run(line, async () => hub);
  expect(exitCode).toBe(0);
  expect(hub.events).toEqual([
    {
      detailType: "Cluster Registered",
      detail: {
        name: "c",
        region: "eu-west-1",
        accountId: "123456789012",
        labels: { team: "a", stage: "prod" },
        capabilities: ["observe"],
        installCustomResources: false,
        at: expect.stringMatching(/^\d{4}-.*Z$/),
      },
    },
  ]);
  expect(hub.invocations).toEqual([]);
});

test("register allows alarms and URLs to be asked, and says what a registration had that is left out", async () => {
  const at = new Date(Date.now() + 60_000).toISOString();
  const allow = { secrets: [], roles: [], urls: ["https://prometheus.example.com"], alarms: ["old"] };
  const before = registration({
    name: "c",
    at,
    labels: { stage: "prod" },
    capabilities: ["observe"],
    namespaces: ["mimir"],
    allow,
    installCustomResources: false,
  });
  const probe = { class: "Healthy", since: at, observedAt: at, latencyMs: 1, checks: [], expiresAt: 1 };
  const health = { cluster: "c", identity: before.identity, ...probe };
  const hub = fakeHub(() => ({ ok: true, data: [{ registration: before, health }] }));
  const line = "cluster register c --kubeconfig-secret s --allow-alarm errors latency -l stage=dev";
  const { exitCode, stderr } = await run(line, async () => hub);
  expect(hub.events).toMatchObject([{ detail: { allow: { alarms: ["errors", "latency"] } } }]);
  expect(stderr).toBe(
    "Warning: Cluster c: it had --namespace mimir, --allow-url https://prometheus.example.com, --capability observe, " +
      "--no-install-custom-resources; what is left out falls back to its default. " +
      "To keep it, register it again with all options.\n",
  );
  expect(exitCode).toBe(0);
});

test("register names the role and the intervals that a registration had", async () => {
  const at = new Date(Date.now() + 60_000).toISOString();
  const arn = "arn:aws:eks:eu-west-1:222222222222:cluster/c";
  const roleArn = "arn:aws:iam::222222222222:role/outrigger";
  const where = { clusterName: "c", arn, region: "eu-west-1", accountId: "222222222222" };
  const before = registration({
    name: "c",
    at,
    access: { type: "eks", ...where, roleArn, externalId: "platform-7" },
    monitorIntervalSeconds: 60,
    discoverIntervalSeconds: 10,
  });
  const probe = { class: "Healthy", since: at, observedAt: at, latencyMs: 1, checks: [], expiresAt: 1 };
  const health = { cluster: "c", identity: before.identity, ...probe };
  const hub = fakeHub(() => ({ ok: true, data: [{ registration: before, health }] }));
  const { stderr } = await run(`cluster register c --arn ${arn} -l stage=prod`, async () => hub);
  expect(stderr).toContain(
    `it had --role-arn ${roleArn}, --external-id platform-7, --monitor-interval 60s, --discover-interval 10s; what is left out`,
  );
});

test("the stack and the local environment are chosen by options before or after the command", async () => {
  const asked: unknown[] = [];
  const findHub: FindHub = async (options) => {
    asked.push(options);
    return fakeHub(() => ({ ok: true, data: [] }));
  };
  await run("--stack Second cluster list", findHub);
  await run("cluster list --local", findHub);
  expect(asked).toEqual([
    { stack: "Second", local: false },
    { stack: "Outrigger", local: true },
  ]);
});
