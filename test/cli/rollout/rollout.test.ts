import { describe, expect, test } from "vitest";
import type { OutputFormat } from "../../../cli/output.ts";
import { orderRollout } from "../../../cli/rollout/order.ts";
import { planRollout } from "../../../cli/rollout/plan.ts";
import { showRollout } from "../../../cli/rollout/status.ts";
import { fakeHub } from "../fake-hub.ts";

const view = (cluster: string, changes: Record<string, unknown> = {}, home = "cluster") => ({
  key: { cluster, home, kind: "MultiAZRollout", namespace: "mimir", name: "ingester" },
  dueAt: 0,
  status: {
    phase: "Paused",
    currentZone: "zone-b",
    updated: "3/9",
    zones: [
      { name: "zone-a", statefulSets: ["ingester-zone-a"], replicas: 3, updated: 3, available: 3, phase: "Completed" },
      { name: "zone-b", statefulSets: ["ingester-zone-b"], replicas: 6, updated: 0, available: 6, phase: "Pending" },
    ],
    conditions: [{ type: "Ready", status: "False", reason: "ApprovalNeeded", message: "approve it." }],
    approval: { token: "zone-a.12345678", of: "the zone after zone-a" },
    ...changes,
  },
});

const PLAN = {
  actions: [{ kind: "DeletePod", object: "mimir/ingester-a-0", reason: "Outdated" }],
  conditions: [
    { type: "Ready", status: "False", reason: "ReplacingPods", message: "Outdated pods are being replaced." },
    {
      type: "Scaled",
      status: "False",
      reason: "WaitingForRollout",
      message: "Pods of zone-a are being replaced first.",
    },
  ],
  phase: "Progressing",
  nextDueInSeconds: 2,
  zones: [{ name: "zone-a", outdated: 3, maxUnavailable: [1], places: [1], unready: [] }],
};

/** A hub that knows these rollouts, takes orders, and looks ahead. */
function setup(rollouts: unknown[], answers: { order?: unknown; plan?: unknown } = {}, format: OutputFormat = "table") {
  const [lines, notes]: [string[], string[]] = [[], []];
  const hub = fakeHub(({ action }) => {
    if (action === "resource.list") return { ok: true, data: rollouts };
    if (action === "order") return answers.order ?? { ordered: { kind: "K", object: "o", reason: "Ordered" } };
    return answers.plan ?? PLAN;
  });
  const output = {
    format,
    line: (text: string) => void lines.push(text),
    note: (text: string) => void notes.push(text),
  };
  const orders = () =>
    hub.invocations.flatMap(({ functionName, payload }) => {
      const { action, order, key } = payload as { action: string; order: unknown; key: { home: string } };
      return action === "order" ? [{ functionName, order, home: key.home }] : [];
    });
  return { hub, lines, notes, orders, environment: { hub: async () => hub, output } };
}
const where = { namespace: "mimir" };

describe("outrigger rollout", () => {
  test("status tells zone by zone, and what it asks for", async () => {
    const { environment, lines, notes } = setup([view("prod")]);
    await showRollout(environment, "ingester", where);
    expect(lines.join("\n").split("\n")).toEqual([
      "mimir/ingester in prod: Paused, zone zone-b, 3/9 updated",
      "ApprovalNeeded: approve it.",
      "ZONE     PHASE       UPDATED   AVAILABLE   STATEFULSETS",
      "zone-a   Completed   3/3       3/3         ingester-zone-a",
      "zone-b   Pending     0/6       6/6         ingester-zone-b",
    ]);
    expect(notes[0]).toContain("outrigger rollout approve ingester -n mimir --cluster prod");
  });

  test("status takes its kind before the name, as other commands do", async () => {
    const { environment, lines } = setup([view("prod")]);
    await showRollout(environment, "multiazrollout/ingester", where);
    expect(lines[0]).toBe("mimir/ingester in prod: Paused, zone zone-b, 3/9 updated");
  });

  test("plan tells what would be deleted and how many places are free", async () => {
    const { environment, hub, lines } = setup([view("prod")]);
    await planRollout(environment, "ingester", where);
    expect(hub.invocations.at(-1)).toMatchObject({ functionName: "rollout", payload: { action: "plan" } });
    expect(lines.join("\n").split("\n")).toEqual([
      "Progressing: Outdated pods are being replaced.",
      "WaitingForRollout: Pods of zone-a are being replaced first.",
      "NEXT        OBJECT               REASON",
      "DeletePod   mimir/ingester-a-0   Outdated",
      "ZONE     OUTDATED   MAX-UNAVAILABLE   FREE-PLACES   UNREADY",
      "zone-a   3          1                 1             –",
    ]);
  });

  const underWay = { phase: "Progressing", rollout: "rollout.12345678", approval: undefined };
  const rows: Record<string, [Parameters<typeof orderRollout>[2]["type"], Record<string, unknown>, unknown, string]> = {
    pause: ["pause", {}, { type: "pause" }, "is paused; nothing is deleted after the batch under way"],
    resume: ["resume", {}, { type: "resume" }, "goes on"],
    approve: ["approve", {}, { type: "approve", token: "zone-a.12345678" }, "approved is the zone after zone-a"],
    abort: ["abort", underWay, { type: "abort", rollout: "rollout.12345678" }, "its pods stay as they are"],
    "rollback of what is under way": [
      "rollback",
      underWay,
      { type: "rollback", rollout: "rollout.12345678" },
      "goes back to the templates it started from",
    ],
    "rollback of what is completed": [
      "rollback",
      { ...underWay, phase: "Completed" },
      { type: "rollback", rollout: "rollout.12345678" },
      "goes back",
    ],
  };
  describe.each(["cluster", "hub"])("in the home %s", (home) => {
    test.each(Object.entries(rows))(
      "%s is an order to the rollout function",
      async (_what, [type, status, order, says]) => {
        const { environment, orders, lines } = setup([view("prod", status, home)]);
        await orderRollout(environment, "ingester", { ...where, type });
        expect(orders()).toEqual([{ functionName: "rollout", order, home }]);
        expect(lines.join()).toContain(`MultiAZRollout mimir/ingester in prod ${says.startsWith("is") ? says : ""}`);
        expect(lines.join()).toContain(says);
      },
    );
  });

  test("an order is told whole as JSON", async () => {
    const { environment, lines } = setup([view("prod")], {}, "json");
    await orderRollout(environment, "ingester", { ...where, type: "pause" });
    expect(JSON.parse(lines.join())).toEqual({ key: view("prod").key, order: { type: "pause" } });
  });

  const paused = (reason: string) => ({
    ...PLAN,
    phase: "Paused",
    conditions: [{ type: "Ready", reason, message: "m" }],
  });
  const pauses: Record<string, [string, unknown, string]> = {
    "the spec of a resource in its cluster": [
      "cluster",
      paused("Paused"),
      `kubectl patch multiazrollout ingester -n mimir --type merge -p '{"spec":{"paused":false}}'`,
    ],
    "the spec of a resource in the hub": ["hub", paused("Paused"), "send that with `outrigger apply -f`"],
    "an approval that is missing": [
      "cluster",
      paused("ApprovalNeeded"),
      "outrigger rollout approve ingester -n mimir --cluster prod",
    ],
    "a StatefulSet's annotation": ["cluster", paused("StatefulSetPaused"), "End that pause as well"],
  };
  test.each(Object.entries(pauses))("resume says that %s keeps it paused, and what to do", async (_what, row) => {
    const [home, plan, says] = row;
    const { environment, orders } = setup([view("prod", {}, home)], { plan });
    await expect(orderRollout(environment, "ingester", { ...where, type: "resume" })).rejects.toThrow(says);
    expect(orders()).toHaveLength(1);
  });

  test("resume is content when nobody can look ahead", async () => {
    const { environment, lines } = setup([view("prod")], {
      plan: { error: { object: "o", cause: "c", nextStep: "n" } },
    });
    await orderRollout(environment, "ingester", { ...where, type: "resume" });
    expect(lines).toEqual(["MultiAZRollout mimir/ingester in prod goes on"]);
  });

  const refusals: Record<string, [Parameters<typeof orderRollout>[2]["type"], unknown[], string]> = {
    "approve of one the hub does not know": ["approve", [], "the hub knows none of this name"],
    "pause of one of several": [
      "pause",
      [view("prod"), view("test")],
      "there is one in each of prod, test. Say which with --cluster",
    ],
    "approve of one that asks for nothing": [
      "approve",
      [view("prod", { approval: undefined })],
      "it asks for no approval (phase Paused)",
    ],
    "abort of what is completed": [
      "abort",
      [view("prod", { ...underWay, phase: "Completed" })],
      "no rollout is under way (phase Completed, ApprovalNeeded)",
    ],
    "rollback of what never rolled": ["rollback", [view("prod", { phase: "Idle" })], "no rollout is known"],
  };
  test.each(Object.entries(refusals))(
    "%s is refused, and nothing is ordered",
    async (_what, [type, rollouts, says]) => {
      const { environment, orders } = setup(rollouts);
      await expect(orderRollout(environment, "ingester", { ...where, type })).rejects.toThrow(says);
      expect(orders()).toEqual([]);
    },
  );

  test("what the hub refuses is told", async () => {
    const error = { object: "It", cause: "that rollout is over", nextStep: "Look again." };
    const { environment } = setup([view("prod", underWay)], { order: { error } });
    await expect(orderRollout(environment, "ingester", { ...where, type: "abort" })).rejects.toThrow(
      "It: that rollout is over. Look again.",
    );
  });
});
