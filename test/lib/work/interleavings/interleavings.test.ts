import { describe, expect, it } from "vitest";
import fc from "../../../drawn.ts";
import { rowId } from "../../../fakes/work-store.ts";
import { createWorld, KEYS, type World } from "./world.ts";

/** One thing a driver does to the world. Numbers pick among what is there. */
type Command =
  | { do: "schedule"; which: number; inMs: number }
  | { do: "dispatch" }
  | { do: "deliver" | "duplicate" | "drop"; which: number }
  | { do: "step"; which: number; times: number }
  | { do: "kill"; which: number; when: "before" | "after" }
  | { do: "pass"; ms: number };

const which = fc.nat({ max: 50 });
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("schedule" as const),
      which,
      inMs: fc.constantFrom(0, 0, 20_000, 100_000, 300_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("dispatch" as const) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("deliver" as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("duplicate" as const, "drop" as const), which }) },
  {
    weight: 14,
    arbitrary: fc.record({ do: fc.constant("step" as const), which, times: fc.integer({ min: 1, max: 6 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("kill" as const),
      which,
      when: fc.constantFrom("before" as const, "after" as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("pass" as const),
      ms: fc.constantFrom(1_000, 10_000, 60_000, 140_000, 300_000),
    }),
  },
);

const pick = <T>(items: readonly T[], index: number): T | undefined => items[index % Math.max(1, items.length)];

async function carryOut(world: World, one: Command): Promise<void> {
  switch (one.do) {
    case "schedule":
      world.schedule(KEYS[one.which % KEYS.length]!, one.inMs);
      return;
    case "dispatch":
      world.dispatch();
      return;
    case "deliver": {
      const item = pick(world.deliverable(), one.which);
      if (item !== undefined) world.deliver(item);
      return;
    }
    case "duplicate":
    case "drop": {
      const item = pick(world.queue(), one.which);
      if (item !== undefined) world[one.do](item);
      return;
    }
    case "step": {
      const actor = pick(world.actors(), one.which);
      for (let time = 0; actor !== undefined && actor.state === "running" && time < one.times; time += 1)
        await world.step(actor);
      return;
    }
    case "kill": {
      const actor = pick(world.actors(), one.which);
      if (actor !== undefined) await world.step(actor, one.when);
      return;
    }
    case "pass":
      world.clock.nowMs += one.ms;
  }
}

describe("random interleavings", () => {
  const story = fc.record({
    commands: fc.array(command, { minLength: 20, maxLength: 120 }),
    /** Seconds until the next pass; negative = the pass fails. */
    verdicts: fc.array(fc.constantFrom(0, 2, 30, 300, -1), { minLength: 1, maxLength: 4 }),
  });

  it("never lose work, never have two holders, keep one chain", async () => {
    await fc.assert(
      fc.asyncProperty(story, async ({ commands, verdicts }) => {
        const world = createWorld();
        world.setVerdicts(verdicts);
        for (const one of [{ do: "schedule", which: 0, inMs: 0 } as const, ...commands]) await carryOut(world, one);

        const open = new Map([...world.store.rows].map(([id, row]) => [id, row.ticket]));
        for (const actor of world.actors()) await world.finish(actor);
        world.setVerdicts([30]);
        const scheduledAt = new Map(world.schedules);
        await world.calm(15 * 60_000);
        for (const [id, atMs] of scheduledAt)
          expect(world.takes.some((take) => take.id === id && take.atMs >= atMs)).toBe(true);
        for (const [id, ticket] of open) expect(world.store.rows.get(id)?.ticketDone).toBeGreaterThanOrEqual(ticket);

        const before = world.takes.length;
        await world.calm(10 * 60_000);
        const passes = world.takes.slice(before);
        for (const id of open.keys()) {
          const times = passes.filter((take) => take.id === id).map(({ atMs }) => atMs);
          expect(times.length).toBeGreaterThanOrEqual(19);
          expect(times.length).toBeLessThanOrEqual(21);
          times.slice(1).forEach((time, index) => expect(time - (times[index] ?? 0)).toBe(30_000));
          const row = world.store.rows.get(id);
          const live = world
            .queue()
            .filter(({ message }) => rowId(message.key) === id && message.ticket > (row?.ticketDone ?? 0));
          expect(live).toHaveLength(1);
        }
        const fences = Map.groupBy(world.takes, ({ id }) => id);
        for (const taken of fences.values()) expect(new Set(taken.map(({ fence }) => fence)).size).toBe(taken.length);
      }),
      { numRuns: 300 },
    );
  });
});
