import type { WorkKey } from "./keys.ts";
import type { Clock, Log, WorkQueue } from "./ports.ts";
import { planPosting } from "./schedule.ts";
import type { WorkStore } from "./store.ts";

/** What scheduling needs. */
export interface PostOffice {
  store: Pick<WorkStore, "schedule">;
  queue: WorkQueue;
  clock: Clock;
  log: Log;
}

/**
 * Schedules work and, when it is due before dispatch looks again, posts its message. A message that could not be sent
 * is logged: the row is in the due index and dispatch sends it again.
 *
 * @param dueAtMs epoch milliseconds; the past means now.
 */
export async function scheduleWork(office: PostOffice, key: WorkKey, dueAtMs: number): Promise<{ ticket: number }> {
  const plan = planPosting(dueAtMs, office.clock.now());
  const { ticket } = await office.store.schedule(key, plan.dueAtMs, { posted: plan.post });
  if (plan.post) {
    const message = { version: 1 as const, key, ticket, dueAt: plan.dueAtMs, hops: 0 };
    const failed = await office.queue.send([{ message, delaySeconds: plan.delaySeconds }]);
    for (const { cause } of failed)
      office.log("warn", "Message not sent; dispatch sends it again", { key, ticket, cause });
  }
  return { ticket };
}
