import { expect } from "vitest";
import { type Stage, say } from "./environment.ts";
import { arm, type FaultPointName } from "./faults.ts";
import { type GroupOptions, RolloutGroup, until } from "./groups.ts";
import { type AuditedDelete, followLeases, type LeaseHistory, readDeletes } from "./history.ts";
import { type Witness, watchGroup } from "./watcher.ts";

/** One case: a group of its own, an observer of it, and the leases of its first resource. */
export interface Case {
  group: RolloutGroup;
  witness: Witness;
  leases: LeaseHistory;
  /** Changes the templates; the case's time counts from the first change. */
  change(version?: number): Promise<void>;
  /** Deletes of pods the hub has asked for. */
  deletes(): AuditedDelete[];
  /**
   * Arms a fault point at once and waits until a process of the hub was killed there; again, when it is to be more often.
   * @throws Error when no process comes by.
   */
  kill(point: FaultPointName, times?: number): Promise<void>;
  /** Waits until the observer has seen that many pods deleted. */
  untilDeleted(pods: number, timeoutMs: number): Promise<void>;
  /**
   * Waits until the rollout is complete, then judges what the observer and the API server have seen on the way.
   * @param rounds how often all pods were to be replaced so far. Default 1.
   */
  expectRolledOut(timeoutMs: number, rounds?: number): Promise<void>;
  /** Judges only the safety of what was done so far. */
  expectSafe(): Promise<void>;
  /** Adds to the line that is printed in the end. */
  note(text: string): void;
  close(): Promise<void>;
}

/** Longest time until a process of the hub comes past an armed fault point. */
export const STRUCK_MS = 200_000;

/** Creates the group and opens its observers when it is at rest. */
export async function openCase(stage: Stage, options: GroupOptions): Promise<Case> {
  const group = new RolloutGroup(stage, options);
  await group.install();
  const witness = await watchGroup(stage, group);
  const leases = followLeases(stage, group.key());
  const notes: string[] = [];
  const openedAt = Date.now();
  let changedAt: number | undefined;
  let doneAt: number | undefined;
  const seconds = (at: number): string => ((at - (changedAt ?? openedAt)) / 1000).toFixed(1);
  const deletes = (): AuditedDelete[] => readDeletes(stage.auditLogPath, group.namespace);
  const expectSafe = async (): Promise<void> => {
    const { doubleZoneEvents, peakUnavailable } = witness.tally();
    expect(doubleZoneEvents, "events with two zones disrupted").toBe(0);
    expect(peakUnavailable, "pods of one zone unavailable at once").toBeLessThanOrEqual(group.maxUnavailable);
    const wanted = await group.wantedRevisions();
    const outdated = witness.deleted().filter(({ revision }) => !wanted.has(revision));
    expect(
      surplus(
        succeeded(deletes()).map(({ pod }) => pod),
        outdated.map(({ name }) => name),
      ),
      "deletes by the hub that met no pod of an older revision",
    ).toEqual([]);
  };
  return {
    group,
    witness,
    leases,
    deletes,
    expectSafe,
    async change(version) {
      changedAt ??= Date.now();
      await group.changeTemplates(version);
    },
    async kill(point, times = 1) {
      for (let time = 1; time <= times; time += 1) {
        await arm(stage.faultDirectory, point, group.key()).untilStruck(STRUCK_MS);
        notes.push(`killed at ${point} +${seconds(Date.now())} s`);
      }
    },
    async untilDeleted(pods, timeoutMs) {
      const enough = async (): Promise<true | undefined> => witness.deleted().length >= pods || undefined;
      await until(`${group.name}: ${pods} pods deleted`, enough, timeoutMs, () => `${witness.deleted().length} are.`);
    },
    async expectRolledOut(timeoutMs, rounds = 1) {
      await group.untilCompleted(timeoutMs);
      doneAt = Date.now();
      await expectSafe();
      expect(succeeded(deletes()).length, "deletes by the hub").toBe(group.size * rounds);
      expect(witness.tally().replaced, "pods replaced, as the observer saw it").toBe(group.size);
    },
    note: (text) => void notes.push(text),
    async close() {
      witness.stop();
      await leases.stop();
      const { replaced, peakUnavailable, doubleZoneEvents } = witness.tally();
      const line = [
        `${group.name}: ${doneAt === undefined ? "ended" : "completed"} after ${seconds(doneAt ?? Date.now())} s`,
        ...notes,
        leases.describe(changedAt ?? openedAt),
        `${deletes().length} deletes, ${replaced} pods replaced, peak ${peakUnavailable}, double-zone events ${doubleZoneEvents}`,
      ];
      say(line.join("; "));
    },
  };
}

const succeeded = (deletes: readonly AuditedDelete[]): AuditedDelete[] => deletes.filter(({ code }) => code < 300);

/** Names that are more often in `these` than in `those`. */
function surplus(these: readonly string[], those: readonly string[]): string[] {
  const count = (names: readonly string[], name: string): number => names.filter((each) => each === name).length;
  return [...new Set(these)].filter((name) => count(these, name) > count(those, name));
}
