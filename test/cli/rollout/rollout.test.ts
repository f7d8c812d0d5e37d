import { describe, expect, test } from "vitest";
import { approveRollout, type PatchResource, pauseRollout } from "../../../cli/rollout/change.ts";
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
  conditions: [{ type: "Ready", reason: "ReplacingPods", message: "Outdated pods are being replaced." }],
  phase: "Progressing",
  nextDueInSeconds: 2,
  zones: [{ name: "zone-a", outdated: 3, maxUnavailable: [1], places: [1], unready: [] }],
};

/** A hub that knows these rollouts, and a cluster whose patches are kept. */
function setup(rollouts: unknown[]) {
  const [lines, notes, patches]: [string[], string[], unknown[]] = [[], [], []];
  const hub = fakeHub(({ action }) => {
    if (action === "resource.list") return { ok: true, data: rollouts };
    return action === "plan" ? PLAN : {};
  });
  const patch: PatchResource = async (_hub, key, change) => void patches.push([key.cluster, change]);
  const output = {
    format: "table" as const,
    line: (text: string) => void lines.push(text),
    note: (text: string) => void notes.push(text),
  };
  return { hub, lines, notes, patches, patch, environment: { hub: async () => hub, output } };
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

  test("plan tells what would be deleted and how many places are free", async () => {
    const { environment, hub, lines } = setup([view("prod")]);
    await planRollout(environment, "ingester", where);
    expect(hub.invocations.at(-1)).toMatchObject({ functionName: "rollout", payload: { action: "plan" } });
    expect(lines.join("\n").split("\n")).toEqual([
      "Progressing: Outdated pods are being replaced.",
      "NEXT        OBJECT               REASON",
      "DeletePod   mimir/ingester-a-0   Outdated",
      "ZONE     OUTDATED   MAX-UNAVAILABLE   FREE-PLACES   UNREADY",
      "zone-a   3          1                 1             Ready",
    ]);
  });

  test.each([true, false])("pause and resume set spec.paused to %s and have it looked at", async (paused) => {
    const { environment, hub, patches, patch } = setup([view("prod")]);
    await pauseRollout(environment, "ingester", { ...where, paused }, patch);
    expect(patches).toEqual([["prod", { spec: { paused } }]]);
    expect(hub.invocations.at(-1)).toMatchObject({ functionName: "rollout", payload: { action: "reconcile" } });
  });

  test("approve answers with the token that is asked for", async () => {
    const { environment, patches, patch, lines } = setup([view("prod")]);
    await approveRollout(environment, "ingester", where, patch);
    expect(patches).toEqual([["prod", { metadata: { annotations: { "outrigger.dev/approve": "zone-a.12345678" } } }]]);
    expect(lines[0]).toContain("approved: the zone after zone-a");
  });

  const refusals: Record<string, [unknown[], string]> = {
    "one the hub does not know": [[], "the hub knows none of this name"],
    "one of several": [[view("prod"), view("test")], "there is one in each of prod, test. Say which with --cluster"],
    "one that asks for nothing": [[view("prod", { approval: undefined })], "it asks for no approval (phase Paused)"],
    "one that lives in the hub": [[view("prod", {}, "hub")], "it lives in the hub"],
  };
  test.each(Object.entries(refusals))("approve refuses %s", async (_what, [rollouts, says]) => {
    const { environment, patches, patch } = setup(rollouts);
    await expect(approveRollout(environment, "ingester", where, patch)).rejects.toThrow(says);
    expect(patches).toEqual([]);
  });
});
