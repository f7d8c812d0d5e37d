import { setTimeout as sleep } from "node:timers/promises";
import { SendMessageBatchCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Case } from "./case.ts";
import { openStage, type Stage } from "./environment.ts";
import { arm, armAgainAndAgain } from "./faults.ts";
import { freezeBeforeActing, messageFor, startOwnWorker, untilQuiet } from "./frozen.ts";
import { until } from "./groups.ts";
import { type Audit, readAudit } from "./history.ts";
import { DONE_MS, play, STRUCK_MS } from "./play.ts";
import { deploySecondHub, keptStatus } from "./second-hub.ts";

/** Longer than a handover, so that a pass ends in the middle of a rollout. */
const SLOW = "1500ms";
/** How long nothing may happen where nothing is allowed to: two looks of the hub. */
const STILL_MS = 25_000;
/** Runs the longest case, too: one group, its worker killed after every one of its deletes. */
const all = process.env["OUTRIGGER_E2E"] === "all";

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});

afterAll(async () => {
  await stage?.stop();
});

describe.concurrent("a process of the hub is killed; another one ends the rollout as if nothing had been", () => {
  test("between claim and send: dispatch has claimed the row and sent nothing", () =>
    play(stage, { name: "claim-send" }, async (one) => {
      const key = one.group.key();
      await one.change();
      // Work comes to dispatch when its worker has died.
      await arm(stage.faultDirectory, "take-pencil", key).untilStruck(STRUCK_MS);
      await arm(stage.faultDirectory, "claim-send", key).untilStruck(STRUCK_MS);
      expect(one.deletes()).toEqual([]);
      await one.expectRolledOut(DONE_MS);
    }));

  test("between send and take: the message has arrived, nobody has taken the work", () =>
    play(stage, { name: "send-take" }, async (one) => {
      await one.change();
      await arm(stage.faultDirectory, "send-take", one.group.key()).untilStruck(STRUCK_MS);
      await one.expectRolledOut(DONE_MS);
    }));

  test("between take and pencil: nothing is saved yet", () =>
    play(stage, { name: "take-pencil" }, async (one) => {
      await one.change();
      await arm(stage.faultDirectory, "take-pencil", one.group.key()).untilStruck(STRUCK_MS);
      await one.expectRolledOut(DONE_MS);
      expect(await one.leases.recoveries()).toBeGreaterThanOrEqual(1);
    }));

  test("between pencil and act: the delete is written down and was not done", () =>
    play(stage, { name: "pencil-act" }, async (one) => {
      const killed = arm(stage.faultDirectory, "pencil-act", one.group.key());
      await one.change();
      await killed.untilStruck(STRUCK_MS);
      expect(one.deletes()).toEqual([]);
      await one.expectRolledOut(DONE_MS);
      expect(await one.leases.recoveries()).toBeGreaterThanOrEqual(1);
    }));

  test.for([0, 1, 2])("after each single delete of one zone, zone %i", (zone) =>
    play(stage, { name: `after-delete-${zone}`, readyAfter: SLOW }, async (one) => {
      const times = one.group.replicas;
      if (zone === 0) {
        const killed = armAgainAndAgain(stage.faultDirectory, "after-delete", one.group.key(), {
          times,
          timeoutMs: STRUCK_MS,
        });
        await one.change();
        await killed;
      } else {
        await one.change();
        await one.untilDeleted(zone * times, STRUCK_MS);
        await armAgainAndAgain(stage.faultDirectory, "after-delete", one.group.key(), { times, timeoutMs: STRUCK_MS });
      }
      await one.expectRolledOut(DONE_MS);
      expect(await one.leases.recoveries()).toBeGreaterThanOrEqual(times);
    }),
  );

  test.runIf(all)("after each single delete of a whole rollout", () =>
    play(stage, { name: "after-delete-all" }, async (one) => {
      const times = one.group.size;
      const killed = armAgainAndAgain(stage.faultDirectory, "after-delete", one.group.key(), {
        times,
        timeoutMs: STRUCK_MS,
      });
      await one.change();
      await killed;
      await one.expectRolledOut(DONE_MS);
      expect(await one.leases.recoveries()).toBeGreaterThanOrEqual(times);
    }),
  );

  test("between act and ink: pods are deleted, nothing is saved of it", () =>
    play(stage, { name: "act-ink", readyAfter: SLOW }, async (one) => {
      await one.change();
      await one.untilDeleted(1, STRUCK_MS);
      await arm(stage.faultDirectory, "act-ink", one.group.key()).untilStruck(STRUCK_MS);
      expect(one.deletes().length, "deletes before the kill").toBeLessThan(one.group.size);
      await one.expectRolledOut(DONE_MS);
      expect(await one.leases.recoveries()).toBeGreaterThanOrEqual(1);
    }));

  test("between ink and post: all is saved, the next message was not sent", () =>
    play(stage, { name: "ink-post", readyAfter: SLOW }, async (one) => {
      await one.change();
      await one.untilDeleted(1, STRUCK_MS);
      await arm(stage.faultDirectory, "ink-post", one.group.key()).untilStruck(STRUCK_MS);
      expect(one.deletes().length, "deletes before the kill").toBeLessThan(one.group.size);
      await one.expectRolledOut(DONE_MS);
    }));
});

describe.concurrent("several workers for one resource", () => {
  test("the same message three times and two people at once: one of them works", () =>
    play(stage, { name: "twice" }, async (one) => {
      const key = one.group.key();
      const { hub, outputs } = stage;
      await untilQuiet(stage, key);
      await one.change();
      await one.group.wantedRevisions();
      const MessageBody = JSON.stringify(await messageFor(stage, key));
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
      const fences = (await readAudit(stage, key)).map(({ fence }) => fence);
      expect(fences, "batches of an older lease after those of a newer one").toEqual(fences.toSorted((a, b) => a - b));
    }));

  /** Freezes a worker after pencil and before its first delete. `awake` wakes it and judges what it does. */
  const frozen = (name: string, run: (one: Case, awake: () => Promise<void>) => Promise<void>): Promise<void> =>
    play(stage, { name }, async (one) => {
      const key = one.group.key();
      const worker = await startOwnWorker(stage, name);
      try {
        await untilQuiet(stage, key);
        await one.change();
        await one.group.wantedRevisions();
        await freezeBeforeActing(worker, stage, key);
        const [intended] = await readAudit(stage, key);
        expect(deletesOf(intended?.intended), "deletes it has written down").toHaveLength(1);
        await run(one, async () => {
          worker.wake();
          const log = await worker.ended();
          const [batch] = await readAudit(stage, key);
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

describe.concurrent("who owns a StatefulSet", () => {
  test("two resources select the same ones: the second is held, Overlap, and names the owner", () =>
    play(stage, { name: "overlap", resources: ["overlap-a", "overlap-b"] }, async (one) => {
      const { group } = one;
      await one.change();
      await one.expectRolledOut(DONE_MS);
      const phases = await Promise.all(group.resources.map((name) => group.status(name)));
      const winner = group.resources.find((_name, index) => phases[index]?.phase === "Completed") ?? "";
      const loser = group.resources.find((name) => name !== winner) ?? "";
      const held = await group.untilStatus((status) => status?.phase === "Held", STRUCK_MS, loser);
      const condition = held?.conditions.find(({ type }) => type === "Held");
      expect(condition).toMatchObject({ status: "True", reason: "Overlap" });
      expect(condition?.message).toContain(`${stage.outputs["HubId"]}/overlap/${winner}`);
      one.note(`${loser} is held`);
    }));

  test("two hubs register one cluster: the second is held, Overlap, and names the first", () =>
    play(stage, { name: "two-hubs" }, async (one) => {
      const key = one.group.key();
      const [second] = await Promise.all([
        deploySecondHub(stage, "Second", one.group.namespace),
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
      expect(condition?.message).toContain(`${stage.outputs["HubId"]}/two-hubs/two-hubs`);
      expect(await readAudit(second, key), "batches of the second hub").toEqual([]);
    }));
});

describe.concurrent("the cluster changes on the way", () => {
  test("a member is deleted: no other zone starts until a person accepts the new one", () =>
    play(stage, { name: "deleted", readyAfter: SLOW }, async (one) => {
      const { group } = one;
      const [, second = ""] = stage.zones;
      const path = group.setPath(group.setName(second));
      await one.change();
      await one.untilDeleted(1, STRUCK_MS);
      await stage.admin.request("DELETE", path, { propagationPolicy: "Orphan" });
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
    play(stage, { name: "relabelled", readyAfter: SLOW }, async (one) => {
      const { group } = one;
      const [, second = ""] = stage.zones;
      const path = group.setPath(group.setName(second));
      const label = (value: string | null) =>
        stage.admin.request(
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
    play(stage, { name: "quota", maxUnavailable: 2 }, async (one) => {
      const { group } = one;
      const quotas = `/api/v1/namespaces/${group.namespace}/resourcequotas`;
      const quota = { metadata: { name: "pods" }, spec: { hard: { pods: String(group.size - 2) } } };
      await stage.admin.request("POST", quotas, quota);
      const isKnown = async () => {
        const found = (await stage.admin.request("GET", `${quotas}/pods`)) as { status?: { used?: { pods?: string } } };
        return found.status?.used?.pods === String(group.size) || undefined;
      };
      await until("quota: counted", isKnown, STRUCK_MS);
      await one.change();
      await one.untilDeleted(2, STRUCK_MS);
      await sleep(STILL_MS);
      expect(one.deletes().length, "deletes while pods do not come back").toBe(2);
      expect((await group.status())?.phase).toBe("Progressing");
      await stage.admin.request(
        "PATCH",
        `${quotas}/pods`,
        { spec: { hard: { pods: String(group.size * 2) } } },
        "application/merge-patch+json",
      );
      await one.expectRolledOut(DONE_MS);
      expect(one.witness.tally().peakUnavailable).toBe(2);
    }));
});

function reasonOf(status: { conditions: { type: string; reason: string }[] } | undefined): string | undefined {
  return status?.conditions.find(({ type }) => type === "Ready")?.reason;
}

function deletesOf(batch: Partial<Audit["outcomes"][number]>[] = []): (string | undefined)[] {
  return batch.filter(({ kind }) => kind === "DeletePod").map(({ result }) => result);
}
