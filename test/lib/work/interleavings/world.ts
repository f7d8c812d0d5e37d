import { runDispatch } from "../../../../lib/work/dispatch.ts";
import type { WorkKey } from "../../../../lib/work/keys.ts";
import type { Worker } from "../../../../lib/work/lane-worker.ts";
import type { WorkMessage } from "../../../../lib/work/messages.ts";
import type { WorkQueue } from "../../../../lib/work/ports.ts";
import { scheduleWork } from "../../../../lib/work/post.ts";
import type { Session } from "../../../../lib/work/reconciler.ts";
import type { WorkStore } from "../../../../lib/work/store.ts";
import { RetryableError } from "../../../../lib/work/verdict.ts";
import { runWork } from "../../../../lib/work/worker.ts";
import { createFakeClock } from "../../../fakes/clock.ts";
import { createFakeLane, reconciliationOf } from "../../../fakes/lane.ts";
import { registrationOf } from "../../../fakes/registration.ts";
import { createFakeWorkStore, rowId } from "../../../fakes/work-store.ts";

/** Longer than any lease, delay and reclaim together: a row due later than this would be as good as lost. */
const LONGEST_WAIT_MS = 400_000;
const VISIBILITY_MS = 720_000;
const REDELIVERY_MS = 10_000;
const INVOCATION_MS = 120_000;

export const KEYS: WorkKey[] = ["ingester", "store-gateway"].map((name) => ({
  cluster: "prod",
  home: "cluster",
  kind: "MultiAZRollout",
  namespace: "mimir",
  name,
}));

/** A process: it goes from one call of a port to the next, when the driver lets it. */
export interface Actor {
  name: string;
  calls: ((dieAfter: boolean) => Promise<void>)[];
  state: "running" | "ended" | "dead";
  onDeath(): void;
}

interface QueuedMessage {
  message: WorkMessage;
  deliverAtMs: number;
}

/** Due work, its queue and its processes, with a driver's hand on every single call. */
export function createWorld() {
  const clock = createFakeClock();
  const store = createFakeWorkStore(clock);
  store.registrations.set("prod", registrationOf("prod"));
  const actors: Actor[] = [];
  const takes: { id: string; atMs: number; fence: number }[] = [];
  /** When each resource was last scheduled. */
  const schedules = new Map<string, number>();
  let queue: QueuedMessage[] = [];
  let verdictSeconds = [30];
  let passes = 0;

  const spawn = (name: string, run: (actor: Actor) => Promise<unknown>, onDeath = () => {}): Actor => {
    const actor: Actor = { name, calls: [], state: "running", onDeath };
    actors.push(actor);
    const end = () => {
      if (actor.state === "running") actor.state = "ended";
    };
    void run(actor).then(end, end);
    return actor;
  };

  /** A call is made only when the driver says so; a process killed at it never hears the reply. */
  const gated = <T>(actor: Actor, call: () => Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      actor.calls.push(async (dieAfter) => {
        try {
          const result = await call();
          if (!dieAfter) resolve(result);
        } catch (error) {
          if (!dieAfter) reject(error as Error);
        }
      });
    });

  const storeOf = (actor: Actor): WorkStore =>
    new Proxy(store, {
      get: (target, method) => {
        const real = Reflect.get(target, method) as unknown;
        if (typeof real !== "function") return real;
        return (...args: unknown[]) => gated(actor, async () => (await Reflect.apply(real, target, args)) as unknown);
      },
    });

  const queueOf = (actor: Actor): WorkQueue => ({
    send: (postings) =>
      gated(actor, async () => {
        for (const { message, delaySeconds } of postings)
          queue.push({ message, deliverAtMs: clock.nowMs + delaySeconds * 1000 });
        return [];
      }),
  });

  const reconcile = (actor: Actor) => async (session: Session) => {
    const id = rowId(session.key);
    const { fence } = session.lease;
    takes.push({ id, atMs: clock.nowMs, fence });
    passes += 1;
    const seconds = verdictSeconds[passes % verdictSeconds.length] ?? 30;
    if (seconds < 0) throw new RetryableError("a failure that passes");
    await session.pencil({ actions: [], state: { fence } });
    await gated(actor, async () => {});
    // What a destructive call checks right before it goes out; the row must still be this worker's.
    if (session.lease.mayWrite()) assertOwner(id, fence);
    return reconciliationOf({ verdict: { type: "requeueAfter", seconds }, state: { fence } });
  };

  function assertOwner(id: string, fence: number) {
    const row = store.rows.get(id);
    if (row?.fence !== fence || row.leaseUntil <= clock.nowMs) {
      throw new InvariantError(`A worker with fence ${fence} may write while ${JSON.stringify(row)}`);
    }
  }

  const broken: Error[] = [];
  const world = {
    clock,
    store,
    takes,
    schedules,
    actors: () => actors.filter(({ state }) => state === "running"),
    queue: () => queue,
    deliverable: () => queue.filter(({ deliverAtMs }) => deliverAtMs <= clock.nowMs),
    setVerdicts(seconds: number[]) {
      verdictSeconds = seconds;
    },
    schedule(key: WorkKey, inMs: number) {
      spawn("schedule", (actor) =>
        scheduleWork(
          { store: storeOf(actor), queue: queueOf(actor), clock, log: () => {} },
          key,
          clock.nowMs + inMs,
        ).then(() => schedules.set(rowId(key), clock.nowMs)),
      );
    },
    dispatch() {
      spawn("dispatch", (actor) => {
        const { worker } = createFakeLane();
        const clusters = { listActiveClusters: async () => ({ clusters: [], unreadable: [] }) };
        const fleet = { countFleet: async () => ({ healthy: 0, unhealthy: 0, unknown: 0 }) };
        const probeQueue = { send: async () => [] };
        const parts = { ...worker, clock, store: storeOf(actor), queue: queueOf(actor), clusters, fleet, probeQueue };
        return runDispatch(parts, { remainingMs: () => INVOCATION_MS });
      });
    },
    deliver(item: QueuedMessage) {
      queue = queue.filter((other) => other !== item);
      const back = (afterMs: number) => void queue.push({ message: item.message, deliverAtMs: clock.nowMs + afterMs });
      const startMs = clock.nowMs;
      spawn(
        "worker",
        async (actor) => {
          const { worker } = createFakeLane();
          const lane: Worker = { ...worker, clock, store: storeOf(actor), queue: queueOf(actor) };
          lane.reconcilers = [{ kind: "MultiAZRollout", lane: "rollout", reconcile: reconcile(actor) }];
          lane.faultPoint = () => gated(actor, async () => {});
          try {
            return await runWork(lane, item.message, { remainingMs: () => startMs + INVOCATION_MS - clock.nowMs });
          } catch (error) {
            if (error instanceof InvariantError) broken.push(error);
            back(REDELIVERY_MS);
            throw error;
          }
        },
        () => back(VISIBILITY_MS),
      );
    },
    duplicate: (item: QueuedMessage) => void queue.push({ ...item }),
    drop(item: QueuedMessage) {
      queue = queue.filter((other) => other !== item);
    },
    /** Lets a process make its next call; `die`: it is killed before or after the call takes effect. */
    async step(actor: Actor, die: "no" | "before" | "after" = "no") {
      const call = actor.calls.shift();
      if (die !== "no") {
        actor.state = "dead";
        actor.calls.length = 0;
        actor.onDeath();
      }
      if (call !== undefined && die !== "before") await call(die === "after");
      await new Promise((resolve) => setImmediate(resolve));
      world.check();
    },
    /** Runs a process to its end. */
    async finish(actor: Actor) {
      while (actor.state === "running") await world.step(actor);
    },
    /** The rule of rules, and the one holder of a lease. */
    check() {
      if (broken[0] !== undefined) throw broken[0];
      for (const row of store.rows.values()) {
        const lost =
          row.ticket <= row.ticketDone ||
          !/^(due|posted)#\d$/.test(row.dueShard) ||
          row.dueAt > clock.nowMs + LONGEST_WAIT_MS;
        if (lost) throw new InvariantError(`Work is lost: ${JSON.stringify(row)} at ${clock.nowMs}`);
      }
    },
    /** Time passes with nothing going wrong: dispatch each minute, every message delivered when it is due. */
    async calm(ms: number) {
      const endMs = clock.nowMs + ms;
      let nextDispatchMs = clock.nowMs;
      while (clock.nowMs < endMs) {
        const nextMessageMs = Math.min(...queue.map(({ deliverAtMs }) => deliverAtMs));
        clock.nowMs = Math.max(clock.nowMs, Math.min(nextDispatchMs, nextMessageMs, endMs));
        if (clock.nowMs >= nextDispatchMs) {
          world.dispatch();
          nextDispatchMs += 60_000;
        }
        for (const item of world.deliverable()) world.deliver(item);
        for (const actor of world.actors()) await world.finish(actor);
      }
    },
  };
  return world;
}

export type World = ReturnType<typeof createWorld>;

/** Something that must never happen has happened. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}
