import type { Fault } from "./draw.ts";
import type { Kind } from "./kinds.ts";
import { RESOURCE } from "./names.ts";
import type { World } from "./world.ts";

/** How long a person waits for an answer, milliseconds. */
const RETRY_MS = 10_000;

/** Somebody stops the rollout in the hub, and lets it go on later, whether or not they heard that it had stopped. */
export const stopped =
  (kind: Kind, type: "pause" | "abort") =>
  async (world: World, { forMs }: Fault): Promise<void> => {
    const [lane] = world.lanes;
    if (lane === undefined) return;
    const resume = async (): Promise<void> => {
      world.wishes.stopped = undefined;
      let heard = false;
      // A person who hears of a failure, or of nothing, orders once more.
      world.clock.after(RETRY_MS, () => heard || void resume());
      heard = await lane.order(RESOURCE, "resume");
    };
    let over = false;
    world.clock.after(forMs, () => {
      over = true;
      void resume();
    });
    // An abort that is ordered before the hub has looked at a resource created again is of the one before.
    const isKnown = (): boolean =>
      lane.owners((name) => world.model.find("multiazrollouts", name)).includes(lane.ownerOf(RESOURCE));
    const known = isKnown();
    if (!(await lane.order(RESOURCE, type)) || over) return;
    world.fire(kind);
    // An abort is of the rollout the hub knows of, which may not be the newest.
    const aims = Object.entries(lane.aimOf(RESOURCE) ?? {});
    const newest = aims.every(([name, revision]) => world.judge.facts.wanted(name).now === revision);
    const meant = type === "pause" || (known && isKnown() && newest);
    if (meant) world.wishes.stopped = { type, owner: lane.ownerOf(RESOURCE), since: world.clock.now() };
  };

/** Somebody orders the rollout under way back. */
export async function orderedBack(world: World): Promise<void> {
  // It lifts a pause as soon as it is written, whether or not anybody hears of that.
  world.wishes.stopped = undefined;
  world.wishes.rollbackOrderedAt = world.clock.now();
  if (await world.lanes[0]?.order(RESOURCE, "rollback")) world.fire("rollback ordered");
}
