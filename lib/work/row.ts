import type { WorkKey } from "./keys.ts";
import { LEASE_GRACE_MS, RECLAIM_AFTER_MS, wholeMs } from "./schedule.ts";
import { postedShard, shardOf, waitingShard } from "./shard.ts";
import type { NextDue, NotTaken, WorkRow } from "./store.ts";

/**
 * What each step makes of a WORK item. Pure: the adapters turn these into conditional writes, the fake runs them as
 * they are. Every row they return is in the due index, has `ticket > ticketDone`
 * and times in whole milliseconds.
 */

/** A row while its work waits for dispatch. */
const waiting = (key: WorkKey, dueAtMs: number) => ({ dueAt: wholeMs(dueAtMs), dueShard: waitingShard(shardOf(key)) });

/** A row while somebody answers for it until `reclaimAtMs`. */
const answeredFor = (key: WorkKey, reclaimAtMs: number) => ({
  dueAt: wholeMs(reclaimAtMs),
  dueShard: postedShard(shardOf(key)),
});

/**
 * schedule: one more ticket. While a lease is held (or was left behind by a dead worker) the due time stays: ink sees
 * that the ticket grew, and if ink never comes the row is due when the lease ends. Without a message of its own a
 * schedule never makes earlier work later.
 */
export function scheduledRow(row: WorkRow | undefined, key: WorkKey, dueAtMs: number, posted: boolean): WorkRow {
  const place = posted ? answeredFor(key, dueAtMs + RECLAIM_AFTER_MS) : waiting(key, dueAtMs);
  if (row === undefined) return { key, ticket: 1, ticketDone: 0, leaseUntil: 0, fence: 0, ...place };
  const next = { ...row, ticket: row.ticket + 1 };
  if (row.leaseUntil > 0) return next;
  if (!posted && row.dueAt <= dueAtMs) return next;
  return { ...next, ...place };
}

/** claim: dispatch answers for the message until `reclaimAtMs`. Undefined when the row is not the one seen. */
export function claimedRow(row: WorkRow | undefined, seenDueAt: number, reclaimAtMs: number): WorkRow | undefined {
  if (row === undefined || row.dueAt !== seenDueAt) return undefined;
  return { ...row, ...answeredFor(row.key, reclaimAtMs) };
}

/** take: the fence grows, the row is due again shortly after the lease ends. */
export function takenRow(
  row: WorkRow | undefined,
  ticket: number,
  lease: { owner: string; nowMs: number; leaseUntilMs: number },
): WorkRow | NotTaken {
  if (row === undefined) return "unknown";
  if (ticket <= row.ticketDone) return "ticketDone";
  if (row.leaseUntil >= lease.nowMs) return "leaseLive";
  return {
    ...row,
    fence: row.fence + 1,
    owner: lease.owner,
    leaseUntil: wholeMs(lease.leaseUntilMs),
    ...answeredFor(row.key, lease.leaseUntilMs + LEASE_GRACE_MS),
  };
}

/**
 * ink: the ticket that was taken is done and the lease is free. A ticket that grew meanwhile is due now, and the
 * caller posts it; else the next ticket is due as the caller asks.
 */
export function inkedRow(
  row: WorkRow,
  takenTicket: number,
  next: NextDue,
  nowMs: number,
): { row: WorkRow; dueAtMs: number; posted: boolean } {
  const grew = row.ticket > takenTicket;
  const dueAtMs = wholeMs(grew ? nowMs : next.nextDueAtMs);
  const posted = next.leaveToDispatch !== true && (grew || next.posted);
  const place = posted ? answeredFor(row.key, dueAtMs + RECLAIM_AFTER_MS) : waiting(row.key, dueAtMs);
  const ticket = grew ? row.ticket : takenTicket + 1;
  return { row: { ...row, ticket, ticketDone: takenTicket, leaseUntil: 0, ...place }, dueAtMs, posted };
}

/** release: the lease is free, the ticket is not done. `posted`: its message comes again, else dispatch sends one. */
export function releasedRow(row: WorkRow, dueAtMs: number, posted: boolean): WorkRow {
  const place = posted ? answeredFor(row.key, dueAtMs + RECLAIM_AFTER_MS) : waiting(row.key, dueAtMs);
  return { ...row, leaseUntil: 0, ...place };
}

/** @returns whether this worker still owns the row: nobody took it since and its own ink has not been written. */
export function isHeldBy(row: WorkRow | undefined, mine: { fence: number; owner: string }): boolean {
  return row !== undefined && row.fence === mine.fence && row.owner === mine.owner && row.leaseUntil > 0;
}

/** @returns whether this worker's ink (or release) is what freed the lease: a retry after a lost reply succeeded before. */
export function isFreedBy(row: WorkRow | undefined, mine: { fence: number; owner: string }): boolean {
  return row !== undefined && row.fence === mine.fence && row.owner === mine.owner && row.leaseUntil === 0;
}
