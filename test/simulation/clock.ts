import { setImmediate } from "node:timers/promises";

interface Timer {
  at: number;
  order: number;
  /** Undefined once it is not wanted any more. */
  fire: (() => void) | undefined;
}

const isBefore = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** Time that passes only when everybody waits. */
export class VirtualClock {
  #now: number;
  #order = 0;
  /** A binary heap: the timer that fires next is the first. */
  readonly #timers: Timer[] = [];

  constructor(startMs = Date.parse("2026-11-21T10:00:00Z")) {
    this.#now = startMs;
  }

  /** Epoch milliseconds. */
  now(): number {
    return this.#now;
  }

  iso(): string {
    return new Date(this.#now).toISOString();
  }

  /** Calls back after `ms`; returns a function that forgets it. */
  after(ms: number, fire: () => void): () => void {
    const timer: Timer = { at: this.#now + Math.max(0, ms), order: this.#order++, fire };
    this.#push(timer);
    return () => {
      timer.fire = undefined;
    };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.after(ms, resolve);
      signal?.addEventListener(
        "abort",
        () => {
          cancel();
          resolve();
        },
        { once: true },
      );
    });
  }

  /** Lets time pass until `done`, or until `limitMs` of it are over. @returns whether it was done. */
  async run(done: () => boolean, limitMs: number): Promise<boolean> {
    const end = this.#now + limitMs;
    for (;;) {
      await setImmediate();
      if (done()) return true;
      const next = this.#next(end);
      if (next?.fire === undefined) return false;
      this.#now = Math.max(this.#now, next.at);
      next.fire();
    }
  }

  /** Takes the timer that is to fire next, unless that is later than `end`. */
  #next(end: number): Timer | undefined {
    for (;;) {
      const first = this.#timers[0];
      if (first === undefined || (first.fire !== undefined && first.at > end)) return undefined;
      this.#shift();
      if (first.fire !== undefined) return first;
    }
  }

  #push(timer: Timer): void {
    const heap = this.#timers;
    let index = heap.push(timer) - 1;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isBefore(timer, parent)) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = timer;
  }

  #shift(): void {
    const heap = this.#timers;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      const [left, right] = [heap[2 * index + 1], heap[2 * index + 2]];
      const below = right !== undefined && left !== undefined && isBefore(right, left) ? 2 * index + 2 : 2 * index + 1;
      const child = heap[below];
      if (child === undefined || !isBefore(child, last)) break;
      heap[index] = child;
      index = below;
    }
    heap[index] = last;
  }
}

/** Seeded numbers in [0, 1). */
export function seededRandom(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
