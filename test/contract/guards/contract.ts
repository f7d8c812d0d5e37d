import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { leaveGuard } from "../../../lib/guards/leave.ts";
import { clusterRole } from "../../../lib/registry/rbac.ts";
import type { ControlPlane } from "../../../local/control-plane/start.ts";
import { type GuardWorld, KilledError, openGuardWorld } from "./world.ts";

const ALL = ["policy", "binding"];
const OWNER = { hubId: "hub", cluster: "prod" };
const KNOWN = { checkedAt: "2026-11-21T12:00:00Z", definition: "known" };
const WAIT = { timeout: 20_000, interval: 50 };

/** How a cluster's guard is kept in step, with the rights of the shipped role; run on the embedded API and on the real one. */
export function guardContract(open: () => Promise<ControlPlane>): void {
  let world: GuardWorld;
  beforeAll(async () => {
    world = await openGuardWorld(await open());
    for (const name of ["a", "b"]) await world.makeSet(name, {});
  });
  afterAll(async () => world?.close());
  beforeEach(async () => {
    await world.label("a", "true");
  });
  afterEach(async () => {
    world.killAfter(Number.POSITIVE_INFINITY);
    await world.label("a", null);
    await world.label("b", null);
    await world.look();
    expect(await world.parts()).toEqual([]);
    world.forget();
  });

  describe("a guard in step with the labels", () => {
    test("nothing is put into a cluster without a label, and a look is one list", async () => {
      await world.label("a", null);
      await world.look();
      expect(await world.look()).toEqual({});
      expect(world.requests).toEqual(["list statefulsets"]);
      expect(await world.parts()).toEqual([]);
    });

    test("comes with the first label, and goes with the last", async () => {
      await world.refuses("a", false);
      expect(await world.look()).toMatchObject({
        finding: {
          type: "Guarded",
          status: "True",
          message: "1 StatefulSet labelled grafana.com/no-downscale=true cannot be scaled down",
        },
      });
      expect(await world.parts()).toEqual(ALL);
      await world.refuses("a", true);
      await world.refuses("b", false);
      await world.label("b", "true");
      expect((await world.look()).finding?.message).toContain("2 StatefulSets");
      await world.refuses("b", true);
      await world.label("a", null);
      await world.look();
      await world.refuses("a", false);
      await world.refuses("b", true);
      await world.label("b", null);
      expect((await world.look()).finding).toBeUndefined();
      expect(await world.parts()).toEqual([]);
      await world.refuses("b", false);
    });

    test("costs one list while nothing changes, and one reading of its two objects every five minutes", async () => {
      await world.look();
      for (let count = 0; count < 9; count += 1) {
        await world.look();
        expect(world.requests).toEqual(["list statefulsets"]);
      }
      await world.look();
      expect(world.requests).toHaveLength(3);
      expect(world.requests.slice(1).every((one) => one.startsWith("get "))).toBe(true);
    });

    test.each([
      ["a binding that somebody deleted", (all: GuardWorld) => all.remove(all.paths.binding)],
      ["a policy that somebody deleted", (all: GuardWorld) => all.remove(all.paths.policy)],
      [
        "a policy that somebody defused",
        (all: GuardWorld) => all.change(all.paths.policy, { spec: { failurePolicy: "Ignore", matchConditions: null } }),
      ],
      [
        "a policy that somebody gave a condition that is never met",
        (all: GuardWorld) =>
          all.change(all.paths.policy, { spec: { matchConditions: [{ name: "never", expression: "false" }] } }),
      ],
      [
        "a policy that somebody excepted a StatefulSet from",
        (all: GuardWorld) =>
          all.change(all.paths.policy, {
            spec: { matchConstraints: { objectSelector: { matchLabels: { no: "one" } } } },
          }),
      ],
      [
        "a binding that somebody narrowed",
        (all: GuardWorld) =>
          all.change(all.paths.binding, {
            spec: {
              matchResources: { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "other" } } },
            },
          }),
      ],
      [
        "a binding that somebody turned elsewhere",
        (all: GuardWorld) => all.change(all.paths.binding, { spec: { policyName: "other" } }),
      ],
    ])("%s is put right with the next reading", async (_what, spoil) => {
      await world.look();
      const specs = async () => [
        (await world.get(world.paths.policy)).spec,
        (await world.get(world.paths.binding)).spec,
      ];
      const before = await specs();
      await spoil(world);
      await world.look({}, 300_000);
      expect(await world.parts()).toEqual(ALL);
      expect(await specs()).toEqual(before);
      await world.refuses("a", true);
    });

    test("follows the namespaces of the registration at once", async () => {
      await world.look();
      await world.refuses("a", true);
      await world.look({ namespaces: ["default", "other"] });
      await world.refuses("a", true);
      const { uid } = (await world.get(world.paths.policy)).metadata;
      await world.look({ namespaces: ["default"] });
      await world.refuses("a", true);
      expect((await world.get(world.paths.policy)).metadata.uid).toBe(uid);
      // Where nothing of the registration's own is labelled, nothing is guarded.
      await world.look({ namespaces: ["kube-system"] });
      expect(await world.parts()).toEqual([]);
    });

    test("goes when the registration is no longer for rollouts", async () => {
      await world.look();
      expect(await world.look({}, 30_000, false)).toEqual({ memory: { checkedAt: expect.any(String) } });
      expect(await world.parts()).toEqual([]);
    });
  });

  describe("a process killed between two writes", () => {
    test.each([0, 1])("of an install, after %i of them: the next one finishes it", async (writes) => {
      world.killAfter(writes);
      await expect(world.look()).rejects.toThrow(KilledError);
      expect(await world.parts()).toEqual(ALL.slice(0, writes));
      expect(world.memory()?.definition).toBe("");
      world.killAfter(Number.POSITIVE_INFINITY);
      expect((await world.look()).finding?.status).toBe("True");
      expect(await world.parts()).toEqual(ALL);
      await world.refuses("a", true);
    });

    test.each([0, 1])(
      "of a removal, after %i of them: the policy went first, and the next one finishes it",
      async (writes) => {
        await world.look();
        world.killAfter(writes);
        await expect(leaveGuard(world.client, OWNER, world.memory())).rejects.toThrow(KilledError);
        expect(await world.parts()).toEqual(ALL.slice(writes));
        world.killAfter(Number.POSITIVE_INFINITY);
        await leaveGuard(world.client, OWNER, world.memory());
        expect(await world.parts()).toEqual([]);
        await world.refuses("a", false);
        await leaveGuard(world.client, OWNER, world.memory());
      },
    );
  });

  describe("a guard of another registration", () => {
    test("is left alone by looks and by a deregistration, and named", async () => {
      await world.look({ hubId: "other", cluster: "theirs" });
      world.forget();
      const theirs = (await world.get(world.paths.policy)).metadata.uid;
      expect((await world.look()).finding).toMatchObject({
        status: "False",
        reason: "GuardElsewhere",
        message: expect.stringContaining(
          "in cluster prod ValidatingAdmissionPolicy outrigger-no-downscale belongs to the registration other.theirs and is left alone",
        ),
      });
      await leaveGuard(world.client, OWNER, world.memory());
      expect((await world.get(world.paths.policy)).metadata.uid).toBe(theirs);
      expect(world.requests.filter((one) => !/^(get|list) /.test(one))).toEqual([]);
      expect(await world.parts()).toEqual(ALL);
      // Nothing of ours is labelled: nothing is anybody's trouble.
      await world.label("a", null);
      expect((await world.look()).finding).toBeUndefined();
      expect(await world.parts()).toEqual(ALL);
      await leaveGuard(world.client, { hubId: "other", cluster: "theirs" }, KNOWN);
    });
  });

  describe("a rule of the role `guards` that is missing", () => {
    const rules = (clusterRole("guards")[0]?.rules ?? []).flatMap(({ resources = [], verbs }) =>
      resources.flatMap((resource) => verbs.map((verb) => [verb, resource] as const)),
    );

    test.each(rules)("%s %s is named, and the look after it is granted goes on", async (verb, resource) => {
      const late = verb === "update" || verb === "delete";
      if (late) await world.look();
      const paths = resource === "validatingadmissionpolicies" ? world.paths.policy : world.paths.binding;
      if (verb === "update")
        await world.change(paths, { metadata: { annotations: { "outrigger.dev/definition": "old" } } });
      if (verb === "delete") await world.label("a", null);
      await world.grant((all) =>
        all.flatMap((rule) => {
          if (rule.resources?.includes(resource) !== true) return [rule];
          const others = (rule.resources ?? []).filter((one) => one !== resource);
          const verbs = rule.verbs.filter((one) => one !== verb);
          return [
            ...(others.length === 0 ? [] : [{ ...rule, resources: others }]),
            ...(verbs.length === 0 ? [] : [{ ...rule, resources: [resource], verbs }]),
          ];
        }),
      );
      await world.untilRefused(verb, resource);
      const { finding } = await world.look({}, 300_000);
      expect(finding).toMatchObject({ status: "False", reason: "Forbidden" });
      expect(finding?.message).toContain("cluster prod forbids the guard");
      expect(finding?.message).toContain(verb);
      expect(finding?.message).toContain(resource);
      expect(finding?.message).toContain("bind outrigger:guards to the group outrigger (config/rbac/guards.yaml)");
      if (verb === "get" && resource === "validatingadmissionpolicies") {
        // What was only intended does not stand in the way of a deregistration; what is known to be there does.
        await leaveGuard(world.client, OWNER, { ...KNOWN, definition: "" });
        await expect(leaveGuard(world.client, OWNER, KNOWN)).rejects.toThrow(
          /forbidden.*apply config\/rbac\/guards\.yaml .*kubectl delete validatingadmissionpolicy,.*`force: true`/,
        );
      }
      await world.grant();
      await vi.waitFor(async () => {
        const { finding: after } = await world.look({}, 300_000);
        expect(after?.status).toBe(verb === "delete" ? undefined : "True");
      }, WAIT);
      expect(await world.parts()).toEqual(verb === "delete" ? [] : ALL);
    });
  });
}
