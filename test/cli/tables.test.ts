import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runCommand } from "../../cli/run.ts";
import { fakeHub } from "./fake-hub.ts";

const NOW = new Date("2026-11-21T12:00:00Z");
const MINUTE_AGO = new Date(NOW.getTime() - 60_000).toISOString();
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });
});
afterEach(() => {
  vi.useRealTimers();
});

const ZONE = { ready: 2, total: 2 };
const CLUSTER = {
  registration: {
    name: "prod-eu",
    identity: "arn@1",
    state: "Active",
    access: { type: "kubeconfig", secret: "outrigger/prod-eu" },
    labels: { team: "metrics" },
    capabilities: ["observe", "rollouts"],
    namespaces: [],
    allow: { secrets: [], roles: [], urls: [], alarms: ["errors"] },
    monitorIntervalSeconds: 90,
    discoverIntervalSeconds: 30,
    installCustomResources: true,
    at: MINUTE_AGO,
    eventId: "event-0",
    registeredAt: MINUTE_AGO,
    version: "v1.35.4",
  },
  health: {
    cluster: "prod-eu",
    identity: "arn@1",
    class: "Degraded",
    since: MINUTE_AGO,
    observedAt: MINUTE_AGO,
    latencyMs: 12.4,
    checks: [{ name: "nodes", ok: false, reason: "NotReady", message: "5 of 6 nodes are Ready" }],
    nodes: {
      ready: 5,
      total: 6,
      byZone: { "eu-west-1a": { ready: 1, total: 2 }, "eu-west-1b": ZONE, "eu-west-1c": ZONE },
    },
    version: "1.35",
    expiresAt: 1,
  },
};
const condition = (type: string, status: string, reason: string, message: string) => ({
  type,
  status,
  reason,
  message,
});
const rollout = (name: string, status?: unknown) => ({
  key: { cluster: "prod-eu", home: "cluster", kind: "MultiAZRollout", namespace: "mimir", name },
  dueAt: 0,
  updatedAt: MINUTE_AGO,
  ...(status === undefined ? {} : { status }),
});
const ROLLOUTS = [
  rollout("ingester", {
    phase: "Progressing",
    currentZone: "zone-b",
    updatedReplicas: 7,
    replicas: 12,
    conditions: [condition("Ready", "False", "Rolling", "zone-b is worked on")],
  }),
  rollout("store-gateway", { phase: "Completed", conditions: [condition("Ready", "True", "Completed", "")] }),
  rollout("compactor"),
  rollout("ruler", { phase: "Idle", conditions: [condition("Ready", "True", "UpToDate", "")] }),
  rollout("typo", { phase: "Idle", conditions: [condition("Ready", "True", "NoStatefulSets", "no match")] }),
  rollout("back", { phase: "Completed", conditions: [condition("Ready", "True", "RolledBack", "went back")] }),
];

const ELSEWHERE = { ...rollout("ruler"), key: { ...rollout("ruler").key, cluster: "prod-us" } };
const DISCOVERY = {
  ...rollout("prod-us"),
  key: { ...ELSEWHERE.key, kind: "Discovery", namespace: "", name: "prod-us" },
};
interface Filter {
  kind?: string;
  namespace?: string;
  cluster?: string;
}
const resourcesOf = ({ kind, namespace, cluster }: Filter) =>
  [...ROLLOUTS, ELSEWHERE, DISCOVERY].filter(
    ({ key }) =>
      (kind ?? key.kind) === key.kind &&
      (namespace ?? key.namespace) === key.namespace &&
      (cluster ?? key.cluster) === key.cluster,
  );

const LOST = { name: "prod-old", cause: "its registration is not as it was", nextStep: "deploy the newest version" };

async function run(line: string, unreadable?: (typeof LOST)[]) {
  let [stdout, stderr] = ["", ""];
  const data: Record<string, unknown> = {
    "cluster.list": [CLUSTER],
    "cluster.get": CLUSTER,
    "fleet.list": [],
    status: { clusters: { Active: 1 }, resources: { MultiAZRollout: { Completed: 1 } }, overdue: 0 },
  };
  const hub = fakeHub(({ action, ...filter }: Filter & { action: string }) => ({
    ok: true,
    data: action === "resource.list" ? resourcesOf(filter) : data[action],
    ...(unreadable && { unreadable }),
  }));
  const streams = { stdout: (text: string) => void (stdout += text), stderr: (text: string) => void (stderr += text) };
  const exitCode = await runCommand(line.split(" "), streams, async () => hub);
  return { exitCode, stdout, stderr, hub };
}

/** Cells of each line, however wide the columns are. */
const cells = (text: string): string[][] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => line.split(/ {2,}/));

test("clusters, one a line", async () => {
  const { stdout } = await run("cluster list");
  expect(cells(stdout)).toEqual([
    ["NAME", "STATE", "HEALTH", "VERSION", "NODES", "SINCE", "RECORDED", "AGE"],
    ["prod-eu", "Active", "Degraded", "v1.35.4", "5/6", "60s", "60s", "60s"],
  ]);
});

const WARNING = "Warning: Cluster prod-old: its registration is not as it was. Deploy the newest version.\n";

test("a cluster that the hub cannot read is listed and told of, for people and for machines", async () => {
  const { exitCode, stdout, stderr } = await run("cluster list", [LOST]);
  expect(cells(stdout).map(([name, state]) => [name, state])).toEqual([
    ["NAME", "STATE"],
    ["prod-eu", "Active"],
    ["prod-old", "Unreadable"],
  ]);
  expect([exitCode, stderr]).toEqual([0, WARNING]);
  expect(JSON.parse((await run("cluster list -o json", [LOST])).stdout)).toEqual([
    CLUSTER,
    { registration: { name: "prod-old", state: "Unreadable" }, unreadable: LOST.cause },
  ]);
});

test.each(["status", "get MultiAZRollout -A", "fleet", "describe MultiAZRollout/ingester -n mimir"])(
  "%s tells once of a cluster that the hub cannot read",
  async (line) => {
    expect((await run(line, [LOST])).stderr).toContain(WARNING);
    expect((await run(line, [LOST])).stderr.split("prod-old")).toHaveLength(2);
    expect((await run(line)).stderr).not.toContain("Warning");
  },
);

test("a cluster that the hub cannot read is never taken for one that has left", async () => {
  const { exitCode, stderr, hub } = await run("cluster deregister prod-old", [LOST]);
  expect([exitCode, hub.events]).toEqual([1, []]);
  expect(stderr).toContain(
    "outrigger: Cluster prod-old: its registration is not as it was. Deploy the newest version.\n",
  );
});

test("one cluster with its failed check", async () => {
  const { stdout } = await run("cluster get prod-eu");
  expect(stdout).toMatch(/^Access +kubeconfig secret outrigger\/prod-eu$/m);
  expect(stdout).toMatch(/^Probed every +1m30s$/m);
  expect(stdout).toMatch(/^Allowed alarms +errors$/m);
  expect(stdout).not.toContain("Allowed URLs");
  expect(stdout).toMatch(/^Nodes +5\/6 ready \(eu-west-1a 1\/2, eu-west-1b 2\/2, eu-west-1c 2\/2\)$/m);
  expect(stdout).toMatch(/^nodes +failed +NotReady +5 of 6 nodes are Ready$/m);
});

test("resources: phase, zone, progress, and the reason where the phase does not say it all", async () => {
  const { stdout, hub } = await run("get multiazrollouts -n mimir --cluster prod-eu");
  expect(cells(stdout).map((row) => row.slice(2, 7))).toEqual([
    ["NAME", "PHASE", "ZONE", "UPDATED", "REASON"],
    ["ingester", "Progressing", "zone-b", "7/12", "Rolling"],
    ["store-gateway", "Completed", "–", "–", "–"],
    ["compactor", "–", "–", "–", "–"],
    ["ruler", "Idle", "–", "–", "–"],
    ["typo", "Idle", "–", "–", "NoStatefulSets"],
    ["back", "Completed", "–", "–", "RolledBack"],
  ]);
  const payload = { action: "resource.list", kind: "MultiAZRollout", namespace: "mimir", cluster: "prod-eu" };
  expect(hub.invocations).toEqual([{ functionName: "api", payload }]);
});

test("one resource with its conditions", async () => {
  const { stdout } = await run("get MultiAZRollout ingester -A");
  expect(stdout).toMatch(/^Updated +7\/12$/m);
  expect(stdout).toContain("Ready=False Rolling: zone-b is worked on");
});

test("a name the hub does not know fails and says where to look", async () => {
  const { exitCode, stderr } = await run("get MultiAZRollout querier -n mimir");
  expect(stderr).toBe(
    "outrigger: MultiAZRollout querier: the hub knows none of this name in namespace mimir. " +
      "See `outrigger get MultiAZRollout -A`; a new resource is found within its cluster's discover interval.\n",
  );
  expect(exitCode).toBe(1);
});

test.each([
  ["KIND/NAME", "get multiazrollout/ingester -n mimir", /^Name +ingester$/m, ""],
  ["a name of another namespace", "get MultiAZRollout ingester", "", /There is one at `-n mimir --cluster prod-eu`\./],
  [
    "a name of another namespace and cluster",
    "get MultiAZRollout ingester --cluster prod-us",
    "",
    /There is one at `-n mimir --cluster prod-eu`\./,
  ],
  [
    "a name of another namespace in a cluster that has one",
    "get MultiAZRollout ruler --cluster prod-us",
    "",
    /There is one at `-n mimir --cluster prod-us`\./,
  ],
  ["a name with a typo", "get MultiAZRollout ingestr -n mimir", "", /Did you mean ingester\?/],
  ["a name of another namespace, to describe", "describe MultiAZRollout/ingester", "", /There is one at `-n mimir/],
  ["a name with a typo in all namespaces", "get MultiAZRollout ingestr -A", "", /Did you mean ingester\?/],
  [
    "a discovery of another cluster, which has no namespace",
    "get discovery/prod-us --cluster prod-eu",
    "",
    /There is one at `--cluster prod-us`\./,
  ],
  ["nothing here", "get MultiAZRollout -n loki", "", /No MultiAZRollout found in namespace loki\. With -A/],
])("%s is understood", async (_what, line, out, err) => {
  const { stdout, stderr } = await run(line);
  expect(stdout).toMatch(out);
  expect(stderr).toMatch(err);
});

test("every list and object can be had as JSON, in one line, and as YAML", async () => {
  expect(JSON.parse((await run("cluster list -o json")).stdout)).toEqual([CLUSTER]);
  expect(JSON.parse((await run("-o json cluster get prod-eu")).stdout)).toEqual(CLUSTER);
  expect((await run("get MultiAZRollout -A -o json")).stdout.trimEnd().split("\n")).toHaveLength(1);
  expect((await run("status -o yaml")).stdout).toContain("clusters:\n  Active: 1\n");
});
