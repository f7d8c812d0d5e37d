import { describe, expect, it } from "vitest";
import { runDispatch } from "../../../lib/work/dispatch.ts";
import { workMessageOf } from "../../../lib/work/door.ts";
import { scheduleWork } from "../../../lib/work/post.ts";
import { reclaimAt, wholeMs } from "../../../lib/work/schedule.ts";
import { RetryableError, waitMsOf } from "../../../lib/work/verdict.ts";
import { runWork } from "../../../lib/work/worker.ts";
import fc from "../../drawn.ts";
import { createFakeLane, KEY, reconciliationOf } from "../../fakes/lane.ts";
import { rowId } from "../../fakes/work-store.ts";

const schema = workMessageOf("rollout");
const roomy = { remainingMs: () => 60_000 };

/** A lane whose passes all come back with the same seconds, or fail; it looks at every message it sends. */
function arrange(seconds: number, fails: boolean) {
  const lane = createFakeLane(async () => {
    if (fails) throw new RetryableError("throttled");
    return reconciliationOf({ verdict: { type: "requeueAfter", seconds } });
  });
  const dispatch = {
    ...lane.worker,
    probeQueue: { send: async () => [] },
    clusters: { listActiveClusters: async () => ({ clusters: [], unreadable: [] }) },
    fleet: { countFleet: async () => ({ healthy: 0, unhealthy: 0, unknown: 0 }) },
  };
  const refused = () => lane.sent.filter(({ message }) => !schema.safeParse(message).success);
  return { ...lane, dispatch, refused };
}

const anySeconds = fc.oneof(
  fc.double({ min: -1, max: 400, noNaN: true }),
  fc.double(),
  fc.constantFrom(2.3003, 0.1, Number.NaN, Number.POSITIVE_INFINITY),
);
const fraction = fc.double({ min: 0, max: 0.999, noNaN: true });

describe("every message that is sent passes the door", () => {
  it("whatever seconds a pass comes back with, whatever fraction the clock and the deadline have", async () => {
    await fc.assert(
      fc.asyncProperty(anySeconds, fraction, fc.boolean(), async (seconds, part, fails) => {
        const { worker, clock, store, sent, dispatch, refused } = arrange(seconds, fails);
        clock.nowMs += part;
        const deadline = { remainingMs: () => 120_000 - part };
        await scheduleWork(worker, KEY, clock.nowMs + 1_000 * part);
        for (let round = 0; round < 3; round += 1) {
          const message = sent.at(-1)?.message;
          if (message !== undefined) await runWork(worker, message, deadline).catch(() => undefined);
          // What a worker sent is lost: dispatch finds the row again.
          clock.nowMs = Math.max(clock.nowMs, store.rows.get(rowId(KEY))?.dueAt ?? 0) + part;
          await runDispatch(dispatch, roomy);
        }
        expect(sent.length).toBeGreaterThanOrEqual(4);
        expect(refused()).toEqual([]);
        expect(Number.isSafeInteger(store.rows.get(rowId(KEY))?.dueAt)).toBe(true);
        expect(Number.isSafeInteger(store.rows.get(rowId(KEY))?.leaseUntil)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it("also for a row that an earlier version left with a fraction", async () => {
    const { clock, store, sent, dispatch, refused } = arrange(30, false);
    await store.schedule(KEY, clock.nowMs, { posted: false });
    const row = store.rows.get(rowId(KEY));
    if (row !== undefined) store.rows.set(rowId(KEY), { ...row, dueAt: row.dueAt - 999.7 });
    await runDispatch(dispatch, roomy);
    expect(sent.map(({ message }) => message.dueAt)).toEqual([clock.nowMs - 999]);
    expect(refused()).toEqual([]);
  });
});

describe("times", () => {
  it.each([
    [1_793_491_202_000.3, 1_793_491_202_001],
    [0, 0],
    [5, 5],
  ])("%d is kept as %d", (ms, whole) => {
    expect(wholeMs(ms)).toBe(whole);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 60])("%d is refused", (ms) => {
    expect(() => wholeMs(ms)).toThrow(RangeError);
  });

  it("are whole where a message counts as lost", () => {
    expect(reclaimAt(1_000.4, 0)).toBe(91_001);
  });

  it.each([
    [2.3003, 2_301],
    [0, 0],
    [-5, 0],
    [Number.NaN, 300_000],
    [Number.POSITIVE_INFINITY, 300_000],
    [1e12, 86_400_000],
  ])("a verdict of %d s waits %d ms", (seconds, ms) => {
    expect(waitMsOf({ type: "requeueAfter", seconds })).toBe(ms);
  });
});
