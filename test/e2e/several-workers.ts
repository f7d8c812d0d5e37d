import { setTimeout as sleep } from "node:timers/promises";
import { SendMessageBatchCommand, SQSClient } from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import { type Case, STRUCK_MS } from "./case.ts";
import type { Stage } from "./environment.ts";
import { freezeBeforeActing, messageFor, startOwnWorker, untilQuiet } from "./frozen.ts";
import { type Audit, readAudit } from "./history.ts";
import { DONE_MS, play } from "./play.ts";

/** More workers on one resource than one: duplicates, people, and one that was frozen. */
export function severalWorkers(stage: () => Stage): void {
  describe.concurrent("several workers for one resource", () => {
    test("the same message three times and two people at once: one of them works", () =>
      play(stage(), { name: "twice" }, async (one) => {
        const key = one.group.key();
        const { hub, outputs } = stage();
        await untilQuiet(stage(), key);
        await one.change();
        await one.group.wantedRevisions();
        const MessageBody = JSON.stringify(await messageFor(stage(), key));
        const sqs = new SQSClient({ ...hub.aws, useQueueUrlAsEndpoint: false });
        const Entries = ["1", "2", "3"].map((Id) => ({ Id, MessageBody }));
        const direct = { action: "reconcile", key };
        const [first, second] = await Promise.all([
          hub.invoke(outputs["RolloutFunction"] ?? "", direct),
          hub.invoke(outputs["RolloutFunction"] ?? "", direct),
          sqs.send(new SendMessageBatchCommand({ QueueUrl: outputs["RolloutQueueUrl"], Entries })),
        ]);
        sqs.destroy();
        const refused = [first, second].filter((answer) => "error" in (answer as object));
        one.note(`${refused.length} of 2 people were told that another worker is at it`);
        await one.expectRolledOut(DONE_MS);
        const fences = (await readAudit(stage(), key)).map(({ fence }) => fence);
        expect(fences, "batches of an older lease after those of a newer one").toEqual(
          fences.toSorted((a, b) => a - b),
        );
      }));

    /** Freezes a worker after pencil and before its first delete. `awake` wakes it and judges what it does. */
    const frozen = (name: string, run: (one: Case, awake: () => Promise<void>) => Promise<void>): Promise<void> =>
      play(stage(), { name }, async (one) => {
        const key = one.group.key();
        const worker = await startOwnWorker(stage(), name);
        try {
          await untilQuiet(stage(), key);
          await one.change();
          await one.group.wantedRevisions();
          await freezeBeforeActing(worker, stage(), key);
          const [intended] = await readAudit(stage(), key);
          expect(deletesOf(intended?.intended), "deletes it has written down").toHaveLength(1);
          await run(one, async () => {
            worker.wake();
            const log = await worker.ended();
            const [batch] = await readAudit(stage(), key);
            one.note(`woken; its delete: ${deletesOf(batch?.outcomes).join() || "not begun"}`);
            const outcomes = deletesOf(batch?.outcomes).filter((outcome) => outcome !== "skipped");
            expect(outcomes, "what came of them").toEqual([]);
            expect(log, "what became of its ink").toContain("Lease lost");
          });
        } finally {
          worker.kill();
        }
      });

    test("a worker frozen past its lease: woken, it deletes nothing even where its plan would still fit", () =>
      frozen("frozen", async (one, awake) => {
        // Whoever comes after finds the rollout paused, so the pod it had chosen is still there, outdated, and alone.
        await one.group.patchSpec({ paused: true });
        await one.group.untilStatus((status) => status?.phase === "Paused", STRUCK_MS);
        await awake();
        await sleep(2_000);
        expect(one.deletes()).toEqual([]);
        expect(one.witness.deleted()).toEqual([]);
        await one.group.patchSpec({ paused: false });
        await one.expectRolledOut(DONE_MS);
      }));

    test("a worker frozen past its lease and overtaken: woken after another change, it deletes nothing", () =>
      frozen("overtaken", async (one, awake) => {
        await one.group.untilCompleted(STRUCK_MS);
        await one.change(3);
        await awake();
        await one.expectRolledOut(DONE_MS, 2);
        expect(
          one.deletes().filter(({ code }) => code >= 300),
          "deletes that met another pod",
        ).toEqual([]);
      }));
  });
}

function deletesOf(batch: Partial<Audit["outcomes"][number]>[] = []): (string | undefined)[] {
  return batch.filter(({ kind }) => kind === "DeletePod").map(({ result }) => result);
}
