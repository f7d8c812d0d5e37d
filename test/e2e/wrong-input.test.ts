import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { applyAccess } from "../../local/control-plane/access.ts";
import { clusterArn } from "../../local/eks/clusters.ts";
import { type Collector, collect, depthOf, inFlight, listen, reasonOf } from "./collectors.ts";
import { deleteDefinition, letEverythingIn, makeOutdated } from "./definitions.ts";
import { type Deployed, deploy, discoveryOf, healthOf, hubStatusOf, rolloutKey } from "./deployed.ts";
import { causeMissingRule, closePaths, groupOf, registerWithout } from "./missing-rule-cause.ts";
import {
  clusterOf,
  INSTALL_RULES,
  MISSING_RULES,
  type MissingRule,
  roleFor,
  rulesOf,
  slugOf,
  titleOf,
} from "./missing-rules.ts";
import {
  claimsOf,
  createNamespace,
  multiAZRollout,
  place,
  rolloutStatusOf,
  setQuota,
  waitUntilRolled,
} from "./rollout-group.ts";
import { keepRolling, type SteadyRollout } from "./steady-rollout.ts";
import {
  MALFORMED_MESSAGES,
  type Named,
  WRONG_ACCESS,
  WRONG_EVENTS,
  WRONG_SPECS,
  type WrongAccess,
} from "./wrong-tables.ts";

const WRONG = "wrong";
const LANES = ["Probe", "Reconcile", "Rollout", "Registration"] as const;
const WAIT = { timeout: 150_000, interval: 500 };
const ROLLOUTS = `/apis/rollout.grafana.com/v1alpha1/namespaces/${WRONG}/multiazrollouts`;

let deployed: Deployed;
let heard: Awaited<ReturnType<typeof listen>>;
let letters: Record<(typeof LANES)[number], Collector>;
let steady: SteadyRollout;

const url = (queue: string): string => deployed.outputs[`${queue}Url`] ?? "";
const admin = (cluster: string) => deployed.cluster(cluster).admin;
const slug = (what: string): string =>
  what
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");

/** Waits until the text names everything. */
async function names(text: () => Promise<string> | string, parts: readonly (string | RegExp)[]): Promise<void> {
  await vi.waitFor(async () => {
    const shown = await text();
    for (const part of parts) {
      if (typeof part === "string") expect(shown).toContain(part);
      else expect(shown).toMatch(part);
    }
  }, WAIT);
}
const partsOf = ({ object, cause, nextStep }: Named) => [object, cause, nextStep];

/** What the hub said on the bus about an event it refused. */
function rejectionOf(cluster: string | undefined): string {
  const all = heard.events().filter(({ detailType }) => detailType === "Cluster Registration Rejected");
  const problems = all
    .filter(({ detail }) => detail["cluster"] === cluster)
    .flatMap(({ detail }) => detail["problems"] as string[]);
  return problems.join("\n");
}

/** What each row of the roles is told, looked for from the moment it is caused on: some of it shows for a while only. */
const told = new Map<MissingRule, Promise<unknown>>();

beforeAll(async () => {
  deployed = await deploy({ clusters: ["east", "loose"] });
  heard = await listen(deployed);
  letters = Object.fromEntries(
    LANES.map((lane) => [lane, collect(deployed.sqs, url(`${lane}DeadLetterQueue`))]),
  ) as typeof letters;
  const arn = clusterArn({ name: "east", region: "us-east-1", accountId: "000000000000" });
  const namespaces = ["healthy", WRONG];
  await deployed.send("Cluster Updated", {
    name: "east",
    arn,
    namespaces,
    discoverInterval: "10s",
    monitorInterval: "10s",
  });
  steady = await keepRolling({ admin: admin("east"), namespace: "healthy", name: "ingester", replicas: 2 });
  await Promise.all([letEverythingIn(admin("loose")), closePaths(admin("loose"))]);
  await Promise.all([
    ...["east", "loose"].map(createWrong),
    ...WRONG_EVENTS.map(({ detailType, detail }) => deployed.send(detailType, detail)),
    ...MALFORMED_MESSAGES.map(({ queue, body }) =>
      deployed.sqs.send(new SendMessageCommand({ QueueUrl: url(`${queue}Queue`), MessageBody: body })),
    ),
    ...WRONG_ACCESS.map(registerWrong),
  ]);
  for (const rule of MISSING_RULES) {
    const cause = causeMissingRule(deployed, rule).then(() => names(whereShown(rule), partsOfRule(rule)));
    // Told to the row's own test.
    told.set(
      rule,
      cause.catch((error: unknown) => error),
    );
  }
});

/** Whatever the API server lets in. */
async function createWrong(cluster: string): Promise<void> {
  await createNamespace(admin(cluster), WRONG);
  for (const { what, spec, door } of WRONG_SPECS) {
    if (cluster === "east" && door !== undefined) continue;
    await admin(cluster).request("POST", ROLLOUTS, multiAZRollout({ namespace: WRONG, name: slug(what) }, spec));
  }
}

async function registerWrong({ name, kubeconfig }: WrongAccess): Promise<void> {
  const kubeconfigSecret = await deployed.storeKubeconfig(name, await kubeconfig(deployed.cluster("east")));
  // Clusters of one certificate authority are one cluster to the hub: each row has namespaces of its own.
  await deployed.send("Cluster Registered", { name, kubeconfigSecret, capabilities: ["observe"], namespaces: [name] });
}

function whereShown(rule: MissingRule): () => Promise<string> {
  const cluster = slugOf(rule);
  const group = groupOf(deployed, rule);
  return {
    health: () => healthOf(deployed, cluster),
    discovery: () => discoveryOf(deployed, cluster),
    status: () => rolloutStatusOf(group),
    hub: () => hubStatusOf(deployed, rolloutKey(cluster, group.namespace, group.name)),
  }[rule.shows];
}

function partsOfRule({ verb, resource, names: more }: MissingRule): (string | RegExp)[] {
  const asked = resource.startsWith("/") ? `${verb} ${resource}` : resource;
  return [verb, asked, ...more];
}

afterAll(async () => {
  await steady?.stop().catch(() => undefined);
  await Promise.all(Object.values(letters ?? {}).map((each) => each.stop()));
  await heard?.stop();
  await deployed?.stop();
});

describe("a MultiAZRollout of the wrong shape is refused by the API server", () => {
  it.each(WRONG_SPECS.filter(({ door }) => door !== undefined))("$what", async ({ what, spec, door = [] }) => {
    const answer = admin("east").request(
      "POST",
      ROLLOUTS,
      multiAZRollout({ namespace: WRONG, name: slug(what) }, spec),
    );
    const refusal = await answer.then(
      () => "accepted",
      (error: Error) => error.message,
    );
    expect(refusal).toMatch(/answered 422/);
    for (const part of door) expect(refusal).toContain(part);
  });
});

describe.each([
  { cluster: "east", definition: "ours" },
  { cluster: "loose", definition: "somebody else's" },
])("a MultiAZRollout that got in carries a condition where the definition is $definition", ({ cluster }) => {
  it.each(WRONG_SPECS.filter(({ door }) => cluster === "loose" || door === undefined))(
    "$what",
    async ({ what, condition }) => {
      const group = { admin: admin(cluster), namespace: WRONG, name: slug(what), replicas: 0 };
      await names(() => rolloutStatusOf(group), ["Refused", "Ready=False", ...partsOf(condition)]);
    },
  );
});

describe("the definition is missing", () => {
  beforeAll(() => deleteDefinition(admin("loose")));

  it("the discovery of the cluster says so, and holds what it knew", async () => {
    const missing = "CustomResourceDefinition multiazrollouts.rollout.grafana.com is not served by cluster loose";
    const parts = [
      "Ready=False CustomResourceMissing",
      missing,
      "register with installCustomResources: true",
      "is held as it is",
    ];
    await names(() => discoveryOf(deployed, "loose"), parts);
  });
  it("a resource that was known says so in the hub", async () => {
    const key = rolloutKey("loose", WRONG, slug(WRONG_SPECS[0]?.what ?? ""));
    const { cluster, kind, namespace, name } = key;
    await deployed.send("Resource Changed", { cluster, kind, namespace, name });
    const known = () => hubStatusOf(deployed, key);
    await names(known, ["Held=True CustomResourceMissing", "MultiAZRollout is not served", "Install it"]);
  });
});

describe("the hub may not install the definition", () => {
  it.each(INSTALL_RULES)("$verb $resource", async (rule) => {
    const cluster = slugOf(rule);
    if (rule.verb === "update") await makeOutdated(admin("loose"));
    await registerWithout(deployed, rule);
    const asked = rule.resource.startsWith("/") ? "path" : "resource";
    const told = [`cannot ${rule.verb} ${asked} "${rule.resource}"`, ...rule.names];
    await names(
      () => discoveryOf(deployed, cluster),
      ["CustomResourcesInstalled=False InstallFailed", cluster, ...told],
    );
    await names(
      () => JSON.stringify(heard.events().filter(({ detail }) => detail["cluster"] === cluster)),
      ["pending", "cannot"],
    );
    await applyAccess(admin("loose"), roleFor(cluster, "install"));
    await names(() => discoveryOf(deployed, cluster), [/^Discovered/, "CustomResourcesInstalled=True"]);
  });
  it("the cluster whose definition was missing goes on", async () => {
    await names(() => discoveryOf(deployed, "loose"), [/^Discovered/]);
  });
});

describe("an event is refused with every problem", () => {
  it.each(WRONG_EVENTS)("$what", async ({ cluster, named, detail }) => {
    await names(() => rejectionOf(cluster), partsOf(named));
    const text = JSON.stringify(detail).slice(1, -1);
    const kept = () =>
      letters.Registration.messages.filter(({ Body = "" }) => Body.replaceAll(" ", "").includes(text)).map(reasonOf);
    await names(() => kept().join("\n"), partsOf(named));
    expect(kept()).toHaveLength(1);
  });
});

describe("a cluster that cannot be reached or does not let the hub in says why", () => {
  it.each(WRONG_ACCESS)("$name", async ({ name, shows, named }) => {
    if (shows === "rejection") await names(() => rejectionOf(name), partsOf(named));
    else await names(() => healthOf(deployed, name), [named.class ?? "", ...partsOf(named)]);
  });
});

describe("a message that cannot be read goes to the dead-letter queue of its lane, once, with its reason", () => {
  it.each(MALFORMED_MESSAGES)("$queue: $what", async ({ queue, body, reason }) => {
    const kept = () => letters[queue].messages.filter(({ Body }) => Body === body).map(reasonOf);
    await names(() => kept().join("\n"), [...reason, /correct the message|on the hub's bus/]);
    expect(kept()).toHaveLength(1);
  });
});

const ROWS = MISSING_RULES.map((rule) => ({ title: titleOf(rule), rule }));

describe("a rule missing in a shipped role is named", () => {
  it("the tables hold each rule of each role", () => {
    const tabled = [...MISSING_RULES, ...INSTALL_RULES].map(titleOf).sort();
    expect(tabled).toEqual([...rulesOf("observe"), ...rulesOf("rollouts"), ...rulesOf("install")].sort());
  });
  it.each(ROWS)("$title", async ({ rule }) => {
    expect(await told.get(rule)).toBeUndefined();
  });
});

describe("once the rule is there, the work goes on by itself", () => {
  beforeAll(async () => {
    for (const rule of MISSING_RULES) await applyAccess(admin(clusterOf(rule)), roleFor(slugOf(rule), rule.role));
  });
  it.each(ROWS)("$title", async ({ rule }) => {
    const group = groupOf(deployed, rule);
    if (rule.role === "observe") return names(() => healthOf(deployed, slugOf(rule)), [/^Healthy/]);
    if (rule.after === "deleted") return vi.waitFor(async () => expect(await claimsOf(group)).toEqual([]), WAIT);
    if (rule.after === "unplaced") await place(group);
    if (rule.after === "refused") await setQuota(group, 3);
    // What stalled goes back to what it was.
    await waitUntilRolled(group, rule.after === "stalled" ? "1" : "2");
  });
});

describe("while all this goes on", () => {
  it("the healthy rollout of the same cluster got out version after version", async () => {
    const before = steady.completed;
    expect(before).toBeGreaterThanOrEqual(3);
    await steady.stop();
    expect(steady.completed).toBeGreaterThan(before);
    expect(await healthOf(deployed, "east")).toBe("Healthy");
  });
  it("every message was acknowledged", async () => {
    for (const lane of LANES) {
      await vi.waitFor(async () => expect(await inFlight(deployed.sqs, url(`${lane}Queue`))).toBe(0), WAIT);
    }
    expect(await depthOf(deployed.sqs, url("RegistrationQueue"))).toBe(0);
  });
  it("nothing but what was wrong is among the dead letters", () => {
    const wrong = WRONG_EVENTS.length + WRONG_ACCESS.filter(({ shows }) => shows === "rejection").length;
    const all = LANES.reduce((sum, lane) => sum + letters[lane].messages.length, 0);
    expect(all).toBe(wrong + MALFORMED_MESSAGES.length);
  });
});
