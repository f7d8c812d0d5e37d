import { randomUUID } from "node:crypto";
import { beforeEach } from "vitest";
import type { Registration } from "../../../lib/registry/registration.ts";
import type { WorkKey } from "../../../lib/work/keys.ts";
import { SHARDS } from "../../../lib/work/shard.ts";
import type { Holding, InkResult, NotTaken, TakenWork, WorkStore } from "../../../lib/work/store.ts";
import { registrationOf } from "../../fakes/registration.ts";

/** One implementation, and what a test does around it. */
export interface WorkStoreSubject {
  store: WorkStore;
  /** The clock the store was given; starts anywhere. */
  clock: { nowMs: number };
  register(registration: Registration): Promise<void>;
  /** The next write is applied, but its first reply is lost and the SDK sends it again. Absent where nothing can be lost. */
  loseNextReply?(): void;
}

export const LEASE_MS = 135_000;
export const FAR_MS = 24 * 3_600_000;

/** The work of a test, on a cluster of its own. */
export function openFixture(open: () => Promise<WorkStoreSubject>) {
  let subject: WorkStoreSubject;
  let registration: Registration;
  let key: WorkKey;
  beforeEach(async () => {
    subject = await open();
    registration = registrationOf(`cluster-${randomUUID()}`);
    key = { cluster: registration.name, home: "cluster", kind: "MultiAZRollout", namespace: "mimir", name: "ingester" };
    await subject.register(registration);
  });

  const t = {
    get subject() {
      return subject;
    },
    get store() {
      return subject.store;
    },
    get key() {
      return key;
    },
    get registration() {
      return registration;
    },
    intent: { actions: [{ kind: "DeletePod", object: "mimir/ingester-0", reason: "Outdated" }], state: { step: 1 } },
    now: () => subject.clock.nowMs,
    pass(ms: number) {
      subject.clock.nowMs += ms;
    },
    /** What dispatch would see of this cluster. */
    async due(nowMs: number, untilMs: number) {
      const shards = Array.from({ length: SHARDS }, (_, shard) => subject.store.listDue(shard, nowMs, untilMs));
      return (await Promise.all(shards)).flat().filter((row) => row.key.cluster === key.cluster);
    },
    take: (ticket: number, owner: string = randomUUID()): Promise<TakenWork | NotTaken> =>
      subject.store.take(key, ticket, { owner, nowMs: t.now(), leaseUntilMs: t.now() + LEASE_MS }),
    /** Takes what must be there to be taken. */
    async taken(ticket: number): Promise<TakenWork & { holding: Holding & { ticket: number; identity: string } }> {
      const owner = randomUUID();
      const work = await t.take(ticket, owner);
      if (typeof work === "string") throw new Error(`Expected to take, but: ${work}`);
      const { fence, ticket: rowTicket } = work.row;
      return { ...work, holding: { key, fence, owner, ticket: rowTicket, identity: registration.identity } };
    },
    inkOf: (changes: Partial<InkResult> = {}): InkResult => ({
      state: { step: 2 },
      status: { phase: "Progressing", conditions: [] },
      outcomes: [],
      nextDueAtMs: t.now() + 30_000,
      posted: true,
      ...changes,
    }),
  };
  return t;
}

export type WorkStoreFixture = ReturnType<typeof openFixture>;
