import type { Registration } from "../../lib/registry/registration.ts";
import { clusterPk, resourceSk, type WorkKey } from "../../lib/work/keys.ts";
import type { ActionOutcome, ActionRecord } from "../../lib/work/reconciler.ts";
import * as rows from "../../lib/work/row.ts";
import { postedShard, waitingShard } from "../../lib/work/shard.ts";
import type { Holding, StateRow, WorkRow, WorkStore } from "../../lib/work/store.ts";
import { LeaseLostError } from "../../lib/work/verdict.ts";

/** An audit row as the fake keeps it. */
export interface AuditRecord {
  key: WorkKey;
  intended: ActionRecord[];
  outcomes: ActionOutcome[];
  by?: string | undefined;
}

/** The in-memory `WorkStore`, with what a test may look at and set. */
export interface FakeWorkStore extends WorkStore {
  rows: Map<string, WorkRow>;
  states: Map<string, StateRow>;
  registrations: Map<string, Registration>;
  audit: Map<string, AuditRecord>;
}

export const rowId = (key: WorkKey): string => `${clusterPk(key.cluster)}/${resourceSk(key)}`;

/** Due work in memory: the pure row transitions, applied one at a time. */
export function createFakeWorkStore(options: { now(): number }): FakeWorkStore {
  const store = {
    rows: new Map<string, WorkRow>(),
    states: new Map<string, StateRow>(),
    registrations: new Map<string, Registration>(),
    audit: new Map<string, AuditRecord>(),
  };
  const held = (holding: Holding): WorkRow => {
    const row = store.rows.get(rowId(holding.key));
    if (row === undefined || !rows.isHeldBy(row, holding))
      throw new LeaseLostError(`Fence ${holding.fence} is not the newest.`);
    return row;
  };
  const saveState = (key: WorkKey, identity: string, state: unknown, status: unknown) => {
    const updatedAt = new Date(options.now()).toISOString();
    store.states.set(rowId(key), structuredClone({ key, identity, state, status, updatedAt }));
  };
  return {
    ...store,
    async schedule(key, dueAtMs, { posted }) {
      const row = rows.scheduledRow(store.rows.get(rowId(key)), key, dueAtMs, posted);
      store.rows.set(rowId(key), row);
      return { ticket: row.ticket };
    },
    async listDue(shard, nowMs, untilMs) {
      return [...store.rows.values()]
        .filter((row) =>
          row.dueShard === waitingShard(shard)
            ? row.dueAt <= untilMs
            : row.dueShard === postedShard(shard) && row.dueAt <= nowMs,
        )
        .map(({ key, dueAt }) => ({ key, dueAt }));
    },
    async claim(key, seenDueAt, reclaimAtMs) {
      const row = rows.claimedRow(store.rows.get(rowId(key)), seenDueAt, reclaimAtMs);
      if (row === undefined) return undefined;
      store.rows.set(rowId(key), row);
      return { ticket: row.ticket };
    },
    async take(key, ticket, lease) {
      const row = rows.takenRow(store.rows.get(rowId(key)), ticket, lease);
      if (typeof row === "string") return row;
      store.rows.set(rowId(key), row);
      return { row, state: store.states.get(rowId(key)), registration: store.registrations.get(key.cluster) };
    },
    async pencil(taken, intent, auditId) {
      const row = held(taken);
      const registration = store.registrations.get(taken.key.cluster);
      if (row.leaseUntil <= options.now()) throw new LeaseLostError("The lease has run out.");
      if (registration?.identity !== taken.identity || registration.state === "Deregistered")
        throw new LeaseLostError("The cluster was registered anew.");
      const status = intent.status ?? store.states.get(rowId(taken.key))?.status;
      saveState(taken.key, taken.identity, intent.state, status);
      store.audit.set(auditId, { key: taken.key, intended: [...intent.actions], outcomes: [] });
    },
    async recordOutcomes(_key, auditId, outcomes) {
      const audit = store.audit.get(auditId);
      if (audit !== undefined) audit.outcomes = [...outcomes];
    },
    async ink(taken, result) {
      const before = store.rows.get(rowId(taken.key));
      if (before !== undefined && rows.isFreedBy(before, taken))
        return { ticket: before.ticket, dueAtMs: before.dueAt, posted: false };
      const inked = rows.inkedRow(held(taken), taken.ticket, result, options.now());
      store.rows.set(rowId(taken.key), inked.row);
      saveState(taken.key, taken.identity, result.state, result.status);
      const audit = result.auditId === undefined ? undefined : store.audit.get(result.auditId);
      if (audit !== undefined) audit.outcomes = [...result.outcomes];
      return { ticket: inked.row.ticket, dueAtMs: inked.dueAtMs, posted: inked.posted };
    },
    async saveStatus(taken, status) {
      if (held(taken).leaseUntil <= options.now()) throw new LeaseLostError("The lease has run out.");
      const before = store.states.get(rowId(taken.key));
      if (before === undefined || before.identity === taken.identity)
        saveState(taken.key, taken.identity, before?.state, status);
    },
    async order(key, change, { auditId, action, by }) {
      const row = store.rows.get(rowId(key));
      if (row === undefined) return false;
      store.rows.set(rowId(key), { ...row, orders: structuredClone(change(row.orders)) });
      store.audit.set(auditId, { key, intended: [action], outcomes: [{ ...action, result: "done" }], by });
      return true;
    },
    async release(taken, dueAtMs, { posted }) {
      const before = store.rows.get(rowId(taken.key));
      if (before !== undefined && rows.isFreedBy(before, taken)) return;
      store.rows.set(rowId(taken.key), rows.releasedRow(held(taken), dueAtMs, posted));
    },
    async look(key) {
      return { row: store.rows.get(rowId(key)), registration: store.registrations.get(key.cluster) };
    },
    async load(key) {
      return store.rows.get(rowId(key));
    },
    async loadState(key) {
      return store.states.get(rowId(key));
    },
    async listCluster(cluster) {
      return [...store.rows.entries()]
        .filter(([, row]) => row.key.cluster === cluster)
        .map(([id, row]) => ({ row, state: store.states.get(id) }));
    },
    async forget(key, fence, { ticket } = {}) {
      const row = store.rows.get(rowId(key));
      if (row === undefined) return;
      if (row.fence !== fence || (ticket !== undefined && row.ticket !== ticket)) {
        throw new LeaseLostError(`The row has changed since fence ${fence}.`);
      }
      store.rows.delete(rowId(key));
      store.states.delete(rowId(key));
    },
  };
}
