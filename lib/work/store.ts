import type { Registration } from "../registry/registration.ts";
import type { WorkKey } from "./keys.ts";
import type { ActionOutcome, ActionRecord, Intent } from "./reconciler.ts";

/**
 * The WORK item. `dueShard` is `due#n` while the work waits to be posted by dispatch and `posted#n` while a message is
 * under way or a worker holds the lease: dispatch looks ahead in the first and only at the overdue in the second, so a
 * posted row costs it neither a read nor a failed write. A row is always in one of the two.
 */
export interface WorkRow {
  key: WorkKey;
  ticket: number;
  ticketDone: number;
  /** Epoch milliseconds. */
  dueAt: number;
  dueShard: string;
  /** Epoch milliseconds; 0 = free. */
  leaseUntil: number;
  fence: number;
  /** Random per take: lets an SDK retry after a lost reply recognise its own success. */
  owner?: string | undefined;
  /** What people have ordered: kind-specific JSON, validated by the kind's own schema when read. Only `order` changes it. */
  orders?: unknown;
}

/** Who ordered what, for the audit. */
export interface OrderEntry {
  auditId: string;
  action: ActionRecord;
  /** Who they say they are; never trusted. */
  by?: string | undefined;
}

/** The STATE item: written only under the fence. */
export interface StateRow {
  key: WorkKey;
  /** The registration identity it belongs to; another identity starts clean. */
  identity: string;
  state: unknown;
  status: unknown;
  updatedAt: string;
}

export interface TakenWork {
  row: WorkRow;
  state: StateRow | undefined;
  registration: Registration | undefined;
}

/** What a worker holds after a take: it travels with every write under the fence. */
export interface Holding {
  key: WorkKey;
  fence: number;
  owner: string;
}

/** Why a message led to no work. All of them are acknowledged. */
export type NotTaken = "ticketDone" | "leaseLive" | "unknown";

/** Where ink puts the next piece of work. */
export interface NextDue {
  nextDueAtMs: number;
  /** The caller sends the message. */
  posted: boolean;
  /** The hop limit is reached: even work that is due now waits for dispatch. */
  leaveToDispatch?: boolean | undefined;
}

/** What ink writes. */
export interface InkResult extends NextDue {
  state: unknown;
  status: unknown;
  outcomes: readonly ActionOutcome[];
  /** The audit row the outcomes belong to; absent when nothing was pencilled. */
  auditId?: string | undefined;
}

/** What ink left behind: the worker posts the message when `posted`. */
export interface Inked {
  ticket: number;
  /** When the work is due (not when it is reclaimed), epoch milliseconds. */
  dueAtMs: number;
  posted: boolean;
}

/** What is forgotten only as it was when it was read. */
export interface ForgetAsRead {
  /** Of the row: nothing was scheduled since. */
  ticket?: number;
  /** `writtenBy` of the SPEC item, which goes too, with its pointer. Without it a SPEC stays: it is a resource that was just applied. */
  spec?: string;
}

/**
 * Due work, as the table keeps it. Every method is one conditional write (or read) that recognises its own success after
 * a lost reply. Contract suite: `test/contract/work-store.ts`, run on the fake and on DynamoDB.
 */
export interface WorkStore {
  /**
   * ticket+1, due at `dueAtMs`; creates the row when absent. `posted`: the caller sends the message itself, to be
   * delivered at `dueAtMs`; the row comes back 90 s later. Prefer `scheduleWork` (post.ts), which does both.
   */
  schedule(key: WorkKey, dueAtMs: number, options: { posted: boolean }): Promise<{ ticket: number }>;
  /** Rows in `due#*` up to `untilMs` and in `posted#*` up to `nowMs` (overdue = to be reclaimed). Keys only. */
  listDue(shard: number, nowMs: number, untilMs: number): Promise<{ key: WorkKey; dueAt: number }[]>;
  /** Claims a row seen in the index for posting: dueAt = reclaimAtMs, shard posted. Undefined when it changed meanwhile. */
  claim(key: WorkKey, seenDueAt: number, reclaimAtMs: number): Promise<{ ticket: number } | undefined>;
  take(
    key: WorkKey,
    ticket: number,
    options: { owner: string; nowMs: number; leaseUntilMs: number },
  ): Promise<TakenWork | NotTaken>;
  /**
   * TransactWrite: fence, lease and the registration's identity checked, state saved, audit row `intended` put.
   * Throws `LeaseLostError`.
   */
  pencil(taken: Holding & { identity: string }, intent: Intent, auditId: string): Promise<void>;
  /** Says what became of an audit row's actions; replaces what was said before. */
  recordOutcomes(key: WorkKey, auditId: string, outcomes: readonly ActionOutcome[]): Promise<void>;
  /**
   * Under the fence: ticketDone, next ticket and due time, lease freed, state, status, audit outcome. When work was
   * scheduled meanwhile (row.ticket grew) the next due time is now. Throws `LeaseLostError`.
   */
  ink(taken: Holding & { ticket: number; identity: string }, result: InkResult): Promise<Inked>;
  /**
   * Under the fence: lease freed, ticket not done, due again at `dueAtMs`. `posted`: its message goes back to the queue
   * to come again then. Throws `LeaseLostError`.
   */
  release(taken: Holding, dueAtMs: number, options: { posted: boolean }): Promise<void>;
  /**
   * Under the fence: the status so far, for whoever asks the hub while work goes on. State and inventory stay as they are;
   * a STATE item of an earlier registration is left alone. Throws `LeaseLostError`.
   */
  saveStatus(taken: Holding & { identity: string }, status: unknown): Promise<void>;
  /**
   * Replaces what people have ordered by what `change` makes of it, with its audit row in the same write. It needs neither
   * fence nor lease and frees none: a running worker finds it with `look`, the next one with `take`. Every other write
   * keeps it; `forget` removes it.
   *
   * @returns false when there is no such row. Rejects with what `change` throws.
   */
  order(key: WorkKey, change: (orders: unknown) => unknown, entry: OrderEntry): Promise<boolean>;
  /** What a running worker reads before each batch. */
  look(key: WorkKey): Promise<{ row: WorkRow | undefined; registration: Registration | undefined }>;
  load(key: WorkKey): Promise<WorkRow | undefined>;
  loadState(key: WorkKey): Promise<StateRow | undefined>;
  /** All resources of a cluster, by their STATE or WORK items. */
  listCluster(cluster: string): Promise<{ row: WorkRow; state: StateRow | undefined }[]>;
  /**
   * Removes WORK and STATE of a resource that is confirmed gone, under its fence. Throws `LeaseLostError` when an item has changed,
   * and then removes nothing; what is absent is a success.
   */
  forget(key: WorkKey, fence: number, asRead?: ForgetAsRead): Promise<void>;
}
