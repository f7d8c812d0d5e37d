import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { STRUCK_MS } from "./case.ts";
import type { Stage } from "./environment.ts";
import { until } from "./groups.ts";
import { DONE_MS, play, SLOW } from "./play.ts";

/** How long nothing may happen where nothing is allowed to: two looks of the hub. */
const STILL_MS = 25_000;

/** The cluster changes under a rollout. */
export function changes(stage: () => Stage): void {
  describe.concurrent("the cluster changes on the way", () => {
    test("a member is deleted: no other zone starts until a person accepts the new one", () =>
      play(stage(), { name: "deleted", readyAfter: SLOW }, async (one) => {
        const { group } = one;
        const [, second = ""] = stage().zones;
        const path = group.setPath(group.setName(second));
        await one.change();
        await one.untilDeleted(1, STRUCK_MS);
        await stage().admin.request("DELETE", path, { propagationPolicy: "Orphan" });
        await group.untilStatus((status) => reasonOf(status) === "MembershipChanged", STRUCK_MS);
        const before = one.deletes().length;
        await sleep(STILL_MS);
        expect(one.deletes().length, "deletes after the change").toBe(before);
        await group.createStatefulSet(second, 2);
        await sleep(STILL_MS);
        expect(reasonOf(await group.status()), "of another member of that name").toBe("MembershipChanged");
        expect(one.deletes().length, "deletes after the change").toBe(before);
        const zones = new Set(one.deletes().map(({ pod }) => pod.replace(/-\d+$/, "")));
        expect(zones.size, "zones begun").toBe(1);
        await group.deleteResource();
        await group.createResource(group.name);
        await one.expectRolledOut(DONE_MS);
      }));

    test("a member loses its label: no other zone starts until it has it again", () =>
      play(stage(), { name: "relabelled", readyAfter: SLOW }, async (one) => {
        const { group } = one;
        const [, second = ""] = stage().zones;
        const path = group.setPath(group.setName(second));
        const label = (value: string | null) =>
          stage().admin.request(
            "PATCH",
            path,
            { metadata: { labels: { "rollout-group": value } } },
            "application/merge-patch+json",
          );
        await one.change();
        await one.untilDeleted(1, STRUCK_MS);
        await label(null);
        await group.untilStatus((status) => reasonOf(status) === "MembershipChanged", STRUCK_MS);
        const before = one.deletes().length;
        await sleep(STILL_MS);
        expect(one.deletes().length, "deletes after the change").toBe(before);
        await label(group.name);
        await one.expectRolledOut(DONE_MS);
      }));

    test("a quota refuses the recreated pods: the budget is respected, and all goes on when it is lifted", () =>
      play(stage(), { name: "quota", maxUnavailable: 2 }, async (one) => {
        const { group } = one;
        const quotas = `/api/v1/namespaces/${group.namespace}/resourcequotas`;
        const quota = { metadata: { name: "pods" }, spec: { hard: { pods: String(group.size - 2) } } };
        await stage().admin.request("POST", quotas, quota);
        const isKnown = async () => {
          const found = (await stage().admin.request("GET", `${quotas}/pods`)) as {
            status?: { used?: { pods?: string } };
          };
          return found.status?.used?.pods === String(group.size) || undefined;
        };
        await until("quota: counted", isKnown, STRUCK_MS);
        await one.change();
        await one.untilDeleted(2, STRUCK_MS);
        await sleep(STILL_MS);
        expect(one.deletes().length, "deletes while pods do not come back").toBe(2);
        expect((await group.status())?.phase).toBe("Progressing");
        await stage().admin.request(
          "PATCH",
          `${quotas}/pods`,
          { spec: { hard: { pods: String(group.size * 2) } } },
          "application/merge-patch+json",
        );
        await one.expectRolledOut(DONE_MS);
        expect(one.witness.tally().peakUnavailable).toBe(2);
      }));
  });
}

function reasonOf(status: { conditions: { type: string; reason: string }[] } | undefined): string | undefined {
  return status?.conditions.find(({ type }) => type === "Ready")?.reason;
}
