import { describe, expect, test } from "vitest";
import { STRUCK_MS } from "./case.ts";
import type { Stage } from "./environment.ts";
import { DONE_MS, play, SLOW } from "./play.ts";

/** Runs the longest case, too: one group, its worker killed after every one of its deletes. */
const all = process.env["OUTRIGGER_E2E"] === "all";

/** Every place between two steps of a message at which a process may die. */
export function killPoints(stage: () => Stage): void {
  describe.concurrent("a process of the hub is killed; another one ends the rollout as if nothing had been", () => {
    test("between claim and send: dispatch has claimed the row and sent nothing", () =>
      play(stage(), { name: "claim-send" }, async (one) => {
        await one.change();
        // Work comes to dispatch when its worker has died.
        await one.kill("take-pencil");
        await one.kill("claim-send");
        expect(one.deletes()).toEqual([]);
        await one.expectRolledOut(DONE_MS);
      }));

    test("between send and take: the message has arrived, nobody has taken the work", () =>
      play(stage(), { name: "send-take" }, async (one) => {
        await one.change();
        await one.kill("send-take");
        await one.expectRolledOut(DONE_MS);
      }));

    test("between take and pencil: nothing is saved yet", () =>
      play(stage(), { name: "take-pencil" }, async (one) => {
        await one.change();
        await one.kill("take-pencil");
        await one.expectRolledOut(DONE_MS);
        expect(await one.leases.recoveries()).toBeGreaterThanOrEqual(1);
      }));

    test("between pencil and act: the delete is written down and was not done", () =>
      play(stage(), { name: "pencil-act" }, async (one) => {
        await Promise.all([one.kill("pencil-act"), one.change()]);
        expect(one.deletes()).toEqual([]);
        await one.expectRolledOut(DONE_MS);
        expect(await one.leases.recoveries()).toBeGreaterThanOrEqual(1);
      }));

    test.for([0, 1, 2])("after each single delete of one zone, zone %i", (zone) =>
      play(stage(), { name: `after-delete-${zone}`, readyAfter: SLOW }, async (one) => {
        const times = one.group.replicas;
        if (zone === 0) await Promise.all([one.kill("after-delete", times), one.change()]);
        else {
          await one.change();
          await one.untilDeleted(zone * times, STRUCK_MS);
          await one.kill("after-delete", times);
        }
        await one.expectRolledOut(DONE_MS);
        expect(await one.leases.recoveries()).toBeGreaterThanOrEqual(times);
      }),
    );

    test.runIf(all)("after each single delete of a whole rollout", () =>
      play(stage(), { name: "after-delete-all" }, async (one) => {
        const times = one.group.size;
        await Promise.all([one.kill("after-delete", times), one.change()]);
        await one.expectRolledOut(DONE_MS);
        expect(await one.leases.recoveries()).toBeGreaterThanOrEqual(times);
      }),
    );

    test("between act and ink: pods are deleted, nothing is saved of it", () =>
      play(stage(), { name: "act-ink", readyAfter: SLOW }, async (one) => {
        await one.change();
        await one.untilDeleted(1, STRUCK_MS);
        await one.kill("act-ink");
        expect(one.deletes().length, "deletes before the kill").toBeLessThan(one.group.size);
        await one.expectRolledOut(DONE_MS);
        expect(await one.leases.recoveries()).toBeGreaterThanOrEqual(1);
      }));

    test("between ink and post: all is saved, the next message was not sent", () =>
      play(stage(), { name: "ink-post", readyAfter: SLOW }, async (one) => {
        await one.change();
        await one.untilDeleted(1, STRUCK_MS);
        await one.kill("ink-post");
        expect(one.deletes().length, "deletes before the kill").toBeLessThan(one.group.size);
        await one.expectRolledOut(DONE_MS);
      }));
  });
}
