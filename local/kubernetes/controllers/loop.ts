import type { ApiContext } from "../api/context.ts";
import type { Change } from "../store.ts";

/** A controller: which changes concern it, and what it does about one key. */
export interface Controller {
  /** @returns the keys to look at because of a change. */
  keysOf(change: Change): readonly string[];
  /** Brings one thing in order. @returns when to look again, milliseconds; undefined = at the next change. */
  reconcile(key: string): number | undefined;
}

const FIRST_RETRY_MS = 10;
const LONGEST_RETRY_MS = 10_000;

/**
 * Runs a controller: each key at most once at a time, soon after a change; after a failure again, ever later.
 * @returns stops it.
 */
export function runController(context: ApiContext, controller: Controller): () => void {
  const { clock, store } = context;
  const waiting = new Set<string>();
  const timers = new Map<string, () => void>();
  const failures = new Map<string, number>();
  let cancel: (() => void) | undefined;
  let stopped = false;

  const later = (key: string, delayMs: number): void => {
    timers.get(key)?.();
    timers.set(
      key,
      clock.after(delayMs, () => {
        timers.delete(key);
        enqueue(key);
      }),
    );
  };
  const work = (): void => {
    cancel = undefined;
    const [key] = waiting;
    if (key === undefined || stopped) return;
    waiting.delete(key);
    try {
      const again = controller.reconcile(key);
      failures.delete(key);
      if (again !== undefined) later(key, again);
    } catch {
      const count = failures.get(key) ?? 0;
      failures.set(key, count + 1);
      later(key, Math.min(FIRST_RETRY_MS * 2 ** count, LONGEST_RETRY_MS));
    }
    if (waiting.size > 0) cancel = clock.after(0, work);
  };
  const enqueue = (key: string): void => {
    waiting.add(key);
    cancel ??= clock.after(0, work);
  };
  const unsubscribe = store.subscribe((change) => {
    for (const key of controller.keysOf(change)) enqueue(key);
  });
  return () => {
    stopped = true;
    unsubscribe();
    cancel?.();
    for (const end of timers.values()) end();
  };
}
