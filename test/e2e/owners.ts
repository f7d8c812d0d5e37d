import { describe, expect, test } from "vitest";
import { STRUCK_MS } from "./case.ts";
import { clusterDetail, type Stage } from "./environment.ts";
import { until } from "./groups.ts";
import { readAudit } from "./history.ts";
import { DONE_MS, play } from "./play.ts";
import { deploySecondHub, keptStatus } from "./second-hub.ts";

/** More than one owner of one StatefulSet. */
export function owners(stage: () => Stage): void {
  describe.concurrent("who owns a StatefulSet", () => {
    test("two resources select the same ones: the second is held, Overlap, and names the owner", () =>
      play(stage(), { name: "overlap", resources: ["overlap-a", "overlap-b"] }, async (one) => {
        const { group } = one;
        await one.change();
        await one.expectRolledOut(DONE_MS);
        const phases = await Promise.all(group.resources.map((name) => group.status(name)));
        const winner = group.resources.find((_name, index) => phases[index]?.phase === "Completed") ?? "";
        const loser = group.resources.find((name) => name !== winner) ?? "";
        const held = await group.untilStatus((status) => status?.phase === "Held", STRUCK_MS, loser);
        const condition = held?.conditions.find(({ type }) => type === "Held");
        expect(condition).toMatchObject({ status: "True", reason: "Overlap" });
        expect(condition?.message).toContain(`${stage().outputs["HubId"]}.${clusterDetail().name}/overlap/${winner}`);
        one.note(`${loser} is held`);
      }));

    test("two hubs register one cluster: the second is held, Overlap, and names the first", () =>
      play(stage(), { name: "two-hubs" }, async (one) => {
        const key = one.group.key();
        const [second] = await Promise.all([
          deploySecondHub(stage(), "Second", one.group.namespace),
          one.change().then(() => one.expectRolledOut(DONE_MS)),
        ]);
        const isHeld = async () => {
          const status = await keptStatus(second, key);
          return status?.phase === "Held" ? status : undefined;
        };
        const held = await until("two-hubs: held by the second hub", isHeld, STRUCK_MS);
        await one.change(3);
        await one.expectRolledOut(DONE_MS, 2);
        const { conditions } = (await isHeld()) ?? held;
        const condition = conditions.find(({ type }) => type === "Held");
        expect(condition).toMatchObject({ status: "True", reason: "Overlap" });
        expect(condition?.message).toContain(`${stage().outputs["HubId"]}.${clusterDetail().name}/two-hubs/two-hubs`);
        expect(await readAudit(second, key), "batches of the second hub").toEqual([]);
      }));
  });
}
