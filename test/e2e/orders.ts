import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { CommandEnvironment } from "../../cli/command-environment.ts";
import { orderRollout } from "../../cli/rollout/order.ts";
import { watchRollout } from "../../cli/rollout/watch.ts";
import type { Order } from "../../lib/rollouts/orders.ts";
import type { Case } from "./case.ts";
import { CLUSTER, type Stage } from "./environment.ts";
import { until } from "./groups.ts";
import { readOrders } from "./history.ts";
import { DONE_MS, play, SLOW } from "./play.ts";

/** How long nothing may be deleted once the status says so: longer than a batch takes, milliseconds. */
const STILL_MS = 5_000;
/** From an order to the status that tells of it, on a machine that does much else. */
const HEEDED_MS = 60_000;

/** What people order with the command while a rollout goes on. */
export function orders(stage: () => Stage): void {
  describe.concurrent("people order while a rollout goes on", () => {
    test("paused, resumed, aborted and rolled back: nothing is deleted but what was ordered", () =>
      play(stage(), { name: "orders", readyAfter: SLOW }, async (one) => {
        const told: { phase: string; reason: string }[] = [];
        const environment = commandOf(stage(), (line) => void told.push(readyOf(line)));
        const where = { namespace: one.group.namespace, cluster: CLUSTER };
        const order = (type: Order["type"]): Promise<void> =>
          orderRollout(commandOf(stage()), one.group.name, { ...where, type });
        const before = await one.group.wantedRevisions();

        await one.change();
        await one.untilDeleted(1, HEEDED_MS);
        const watched = watchRollout(environment, one.group.name, { ...where, timeout: 300 }).then(
          () => "completed",
          (error: unknown) => String(error),
        );
        await order("pause");
        const paused = await stillAt(one, "PausedByOrder");
        expect(paused, "pods deleted before the pause").toBeLessThan(one.group.size);
        const isTold = async () => told.some(({ reason }) => reason === "PausedByOrder") || undefined;
        await until("orders: the watch tells of the pause", isTold, HEEDED_MS, () => JSON.stringify(told));

        await order("resume");
        await one.untilDeleted(paused + 2, HEEDED_MS);
        await order("abort");
        const aborted = await stillAt(one, "Aborted");
        expect(await watched).toContain("Aborted by arn:aws:");

        await order("rollback");
        const isBack = (status: { conditions: { reason: string }[] } | undefined): boolean =>
          status?.conditions[0]?.reason === "RolledBack";
        await one.group.untilStatus(isBack, DONE_MS);
        expect(await one.group.wantedRevisions()).toEqual(before);
        const pods = await one.group.pods();
        expect(new Set(pods.map(({ metadata }) => metadata.labels?.["controller-revision-hash"]))).toEqual(before);
        const { doubleZoneEvents, peakUnavailable } = one.witness.tally();
        expect({ doubleZoneEvents, peakUnavailable }).toEqual({ doubleZoneEvents: 0, peakUnavailable: 1 });
        const all = one.deletes().filter(({ code }) => code < 300).length;
        expect(all, "deletes there and back").toBe(2 * aborted);

        const ordered = await readOrders(stage(), one.group.key());
        expect(ordered.map(({ kind }) => kind)).toEqual([
          "PauseRollout",
          "ResumeRollout",
          "AbortRollout",
          "RollBackRollout",
        ]);
        for (const { by } of ordered) expect(by).toMatch(/^arn:aws:/);
        one.note(`paused after ${paused} deletes, aborted after ${aborted}, ${all} in all`);
      }));
  });
}

/** Waits until the status gives this reason, and sees that nothing is deleted any more. @returns deletes so far. */
async function stillAt(one: Case, reason: string): Promise<number> {
  await one.group.untilStatus((status) => status?.conditions[0]?.reason === reason, HEEDED_MS);
  const deleted = one.deletes().length;
  await sleep(STILL_MS);
  expect(one.deletes().length, `deletes asked for by the hub after ${reason}`).toBe(deleted);
  expect(one.witness.deleted().length, `deletes seen after ${reason}`).toBe(deleted);
  return deleted;
}

function commandOf({ hub }: Stage, line: (text: string) => void = () => undefined): CommandEnvironment {
  return { hub: async () => hub, output: { format: "json", line, note: () => undefined } };
}

function readyOf(line: string): { phase: string; reason: string } {
  const { status } = JSON.parse(line) as { status?: { phase: string; conditions: { reason: string }[] } };
  return { phase: status?.phase ?? "", reason: status?.conditions[0]?.reason ?? "" };
}
