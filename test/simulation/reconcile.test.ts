import { describe, expect, test } from "vitest";
import type { ResourceType } from "../../lib/kubernetes/client.ts";
import { ApiError, ConnectionError } from "../../lib/kubernetes/errors.ts";
import type { StatefulSet } from "../../lib/kubernetes/objects.ts";
import type { MultiAZRollout } from "../../lib/rollouts/observation.ts";
import type { ClientOptions } from "./client.ts";
import { Scenario, SELECTOR } from "./scenario.ts";

type Fail = NonNullable<ClientOptions["fail"]>;

const forbidden = (verb: string, { plural }: ResourceType): ApiError =>
  new ApiError({ status: 403, reason: "Forbidden", message: `cannot ${verb} ${plural}`, request: `${verb} ${plural}` });

/** A scenario with its templates changed and one message on its way. */
async function started(fail?: Fail): Promise<Scenario> {
  const scenario = new Scenario({ hub: fail === undefined ? {} : { client: { fail } } });
  scenario.changeTemplates("new");
  await scenario.clock.run(() => false, 500);
  scenario.hub.post();
  return scenario;
}

const until = (scenario: Scenario, seconds: number) => scenario.clock.run(() => false, seconds * 1_000);
const ready = (scenario: Scenario) => scenario.hub.last?.status.conditions[0];

describe("a cluster that refuses", () => {
  const rows: [Parameters<Fail>[0], string][] = [
    ["get", "multiazrollouts"],
    ["list", "multiazrollouts"],
    ["list", "statefulsets"],
    ["list", "pods"],
    ["list", "deployments"],
    ["watch", "pods"],
    ["watch", "statefulsets"],
    ["watch", "multiazrollouts"],
  ];
  test.each(rows)("%s %s holds, names the rule, and deletes nothing", async (verb, plural) => {
    let refuse = true;
    const scenario = await started((asked, type) =>
      refuse && asked === verb && type.plural === plural ? forbidden(verb, type) : undefined,
    );
    await until(scenario, 40);
    expect(ready(scenario)).toMatchObject({ status: "False", reason: "Forbidden" });
    expect(ready(scenario)?.message).toContain(`cannot ${verb} ${plural}`);
    expect(scenario.invariants.deletes).toBeLessThanOrEqual(verb === "watch" ? 1 : 0);
    expect(scenario.hub.metrics["rollout_operator_group_reconciles_failed_total"]).toBe(1);
    refuse = false;
    expect(await scenario.runUntilCompleted("new")).toBe(true);
    expect(scenario.invariants.violations).toEqual([]);
  });

  test.each(["statefulsets", "pods"])("the write of %s holds and is tried again", async (plural) => {
    let refuse = true;
    const scenario = await started((verb, type) =>
      refuse && (verb === "patch" || verb === "delete") && type.plural === plural ? forbidden(verb, type) : undefined,
    );
    await until(scenario, 40);
    expect(scenario.hub.last?.status.phase).toBe("Held");
    expect(ready(scenario)).toMatchObject({ reason: "WriteRefused" });
    expect(scenario.invariants.deletes).toBe(0);
    refuse = false;
    expect(await scenario.runUntilCompleted("new")).toBe(true);
  });

  test("a status that cannot be written stops nothing", async () => {
    const scenario = await started((verb, type) =>
      verb === "patch" && type.plural === "multiazrollouts" ? forbidden(verb, type) : undefined,
    );
    expect(await scenario.runUntilCompleted("new")).toBe(true);
  });
});

describe("a cluster that does not answer", () => {
  test("is tried again, and what was begun goes on", async () => {
    let silent = false;
    const scenario = await started(() =>
      silent ? new ConnectionError("timeout", "https://prod", "no answer") : undefined,
    );
    await scenario.clock.run(() => scenario.invariants.deletes === 2, 60_000);
    silent = true;
    await until(scenario, 60);
    expect(ready(scenario)?.reason).toMatch(/Unreachable|WriteRefused/);
    expect(scenario.hub.last?.status["rollout"]).toMatch(/^rollout\./);
    silent = false;
    expect(await scenario.runUntilCompleted("new")).toBe(true);
    expect(scenario.invariants.violations).toEqual([]);
    expect(scenario.invariants.deletes).toBe(9);
  });

  test("without the CustomResourceDefinition holds everything and says so", async () => {
    const missing = new ApiError({
      status: 404,
      reason: "",
      message: "page not found",
      request: "GET /apis/rollout.grafana.com/v1alpha1/x",
    });
    const scenario = await started((_verb, type) => (type.plural === "multiazrollouts" ? missing : undefined));
    await until(scenario, 30);
    expect(ready(scenario)).toMatchObject({ reason: "CustomResourceMissing" });
  });
});

describe("the resource", () => {
  test("with a wrong spec is refused in its status, and goes on when it is corrected", async () => {
    const scenario = await started();
    await scenario.clock.run(() => scenario.invariants.deletes === 1, 60_000);
    const update = { maxUnavailable: "x%" };
    scenario.model.changeResource("ingesters", { statefulSetSelector: SELECTOR, rollingUpdate: update });
    await until(scenario, 30);
    const { status } = scenario.model.find<MultiAZRollout>("multiazrollouts", "ingesters") ?? {};
    expect(status).toMatchObject({ phase: "Refused", conditions: [{ reason: "InvalidSpec" }, {}, {}, {}] });
    expect(status?.["rollout"]).toMatch(/^rollout\./);
    expect(status?.conditions?.[0]?.message).toContain("spec.rollingUpdate.maxUnavailable");
    scenario.model.changeResource("ingesters", scenario.spec);
    expect(await scenario.runUntilCompleted("new")).toBe(true);
  });

  test("deleted and created again starts clean", async () => {
    const scenario = await started();
    await scenario.clock.run(() => scenario.invariants.deletes === 2, 60_000);
    scenario.model.remove("multiazrollouts", "ingesters");
    scenario.model.addResource("ingesters", scenario.spec);
    expect(await scenario.runUntilCompleted("new")).toBe(true);
    expect(scenario.invariants.violations).toEqual([]);
    expect(scenario.hub.events.filter(({ detailType }) => detailType === "Rollout Started")).toHaveLength(2);
  });

  test("that selects others gives back those it leaves", async () => {
    const scenario = await started();
    await scenario.runUntilCompleted("new");
    scenario.model.changeResource("ingesters", { statefulSetSelector: { matchLabels: { zone: "zone-a" } } });
    await until(scenario, 30);
    const claimed = scenario.model
      .all<StatefulSet>("statefulsets")
      .filter(({ metadata }) => metadata.annotations?.["outrigger.dev/rollout"] !== undefined);
    expect(claimed.map(({ metadata }) => metadata.name)).toEqual(["ingester-zone-a"]);
  });

  test("that selects nothing any more in the middle of a rollout gives all back", async () => {
    const scenario = await started();
    await scenario.runUntilCompleted("new");
    scenario.changeTemplates("newer");
    await scenario.clock.run(() => scenario.invariants.deletes === 11, 60_000);
    scenario.model.changeResource("ingesters", { statefulSetSelector: { matchLabels: { zone: "none" } } });
    await until(scenario, 60);
    expect(ready(scenario)).toMatchObject({ reason: "NoStatefulSets" });
    const claims = scenario.model.all<StatefulSet>("statefulsets").map(({ metadata }) => metadata.annotations);
    expect(claims).toEqual([{}, {}, {}]);
    const zones = ["Rollout Zone Completed", "Rollout Zone Completed", "Rollout Zone Completed"];
    const events = ["Rollout Started", ...zones, "Rollout Completed", "Rollout Started"];
    expect(scenario.hub.events.map(({ detailType }) => detailType)).toEqual(events);
    scenario.model.changeResource("ingesters", scenario.spec);
    expect(await scenario.runUntilCompleted("newer")).toBe(true);
    expect(scenario.invariants.violations).toEqual([]);
  });
});

describe("a direct pass", () => {
  test("plans and executes once, and waits for nothing", async () => {
    const scenario = new Scenario();
    scenario.changeTemplates("new");
    await scenario.clock.run(() => false, 500);
    const before = scenario.clock.now();
    scenario.hub.post("direct");
    await scenario.clock.run(() => scenario.hub.results.length === 1, 60_000);
    expect(scenario.clock.now() - before).toBeLessThan(1_000);
    expect(scenario.hub.last?.actions.map(({ kind, object, result }) => `${kind} ${object} ${result}`)).toEqual([
      "ClaimStatefulSet mimir/ingester-zone-a done",
      "ClaimStatefulSet mimir/ingester-zone-b done",
      "ClaimStatefulSet mimir/ingester-zone-c done",
      "DeletePod mimir/ingester-zone-a-0 done",
    ]);
    expect(scenario.hub.last?.verdict).toMatchObject({ type: "requeueAfter" });
  });

  test("right after another has nothing to do, and nothing once all is new", async () => {
    const scenario = new Scenario();
    scenario.changeTemplates("new");
    await scenario.clock.run(() => false, 500);
    const pass = async (): Promise<number> => {
      const known = scenario.hub.results.length;
      scenario.hub.post("direct");
      await scenario.clock.run(() => scenario.hub.results.length > known, 60_000);
      return scenario.hub.last?.actions.length ?? -1;
    };
    expect(await pass()).toBe(4);
    expect(await pass()).toBe(0);
    for (let step = 0; step < 20 && !scenario.isRolledOut("new"); step++) {
      await until(scenario, 5);
      await pass();
      expect(await pass()).toBe(0);
    }
    expect(scenario.isRolledOut("new")).toBe(true);
    expect(scenario.invariants.violations).toEqual([]);
  });
});

test("an idle rollout costs two requests", async () => {
  const scenario = new Scenario();
  scenario.hub.post("direct");
  await scenario.clock.run(() => scenario.hub.results.length === 1, 10_000);
  const first = scenario.hub.requests;
  scenario.hub.post("direct");
  await scenario.clock.run(() => scenario.hub.results.length === 2, 10_000);
  expect(scenario.hub.requests - first).toBe(2);
});
