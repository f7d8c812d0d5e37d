import type { KubernetesClient, ResourceType, WatchEvent, WatchOptions } from "../../../lib/kubernetes/client.ts";
import type { KubernetesObject } from "../../../lib/kubernetes/objects.ts";
import type { Clock } from "../../../lib/work/ports.ts";
import type { ModelClient } from "../client.ts";
import type { VirtualClock } from "../clock.ts";
import type { Random } from "./chance.ts";

/** Reading what has piled up in a stream takes up to so long, milliseconds. */
const READING_MS = 800;

/**
 * One invocation of a lane. It acts only upon what it hears: replies, timers and events reach it neither while it is frozen
 * nor once it is dead, whatever became of its requests.
 */
export class Process {
  readonly clock: VirtualClock;
  /** What its clock is ahead of the API server's, milliseconds. */
  readonly skewMs: number;
  /** What it works on, once it has taken the lease. */
  taken: { id: string; name: string; fence: number } | undefined;
  ended = false;
  #dead = false;
  #frozenUntil = 0;
  /** How long it was frozen, milliseconds. */
  stoodStillMs = 0;
  readonly #random: Random;
  #onDeath: (() => void)[] = [];

  constructor(clock: VirtualClock, skewMs: number, random: Random) {
    this.clock = clock;
    this.#random = random;
    this.skewMs = skewMs;
  }

  get running(): boolean {
    return !this.#dead && !this.ended;
  }

  get frozen(): boolean {
    return this.#frozenUntil > this.clock.now();
  }

  kill(): void {
    this.#dead = true;
    for (const act of this.#onDeath) act();
  }

  onDeath(act: () => void): void {
    this.#onDeath.push(act);
  }

  freeze(ms: number): void {
    const until = Math.max(this.#frozenUntil, this.clock.now() + ms);
    this.stoodStillMs += until - Math.max(this.#frozenUntil, this.clock.now());
    this.#frozenUntil = until;
  }

  /** Ends when the process runs; never for a dead one. */
  async awake(): Promise<void> {
    while (this.frozen && !this.#dead) await this.clock.sleep(this.#frozenUntil - this.clock.now());
    if (this.#dead) await new Promise(() => {});
  }

  /** Makes a call whose outcome the process hears once it runs. */
  async ask<T>(call: () => Promise<T>): Promise<T> {
    await this.awake();
    try {
      return await call();
    } finally {
      await this.awake();
    }
  }

  /** The clock of this process. */
  get time(): Clock {
    return {
      now: () => this.clock.now() + this.skewMs,
      monotonicMs: () => this.clock.now(),
      sleep: (ms, signal) => this.ask(() => this.clock.sleep(ms, signal)),
    };
  }

  /** A client whose answers this process hears. */
  hears(client: ModelClient): KubernetesClient {
    this.onDeath(() => client.kill());
    const watch = <T extends KubernetesObject>(type: ResourceType, options: WatchOptions) =>
      this.#watch(client.watch<T>(type, options));
    return {
      get: (type, name) => this.ask(() => client.get(type, name)),
      list: (type, options) => this.ask(() => client.list(type, options)),
      patch: (type, name, patch, options) => this.ask(() => client.patch(type, name, patch, options)),
      delete: (type, name, options) => this.ask(() => client.delete(type, name, options)),
      create: () => client.create(),
      replace: () => client.replace(),
      raw: (method, path, options) => this.ask(() => client.raw(method, path, options)),
      close: () => client.close(),
      watch,
    };
  }

  async *#watch<T>(events: AsyncGenerator<WatchEvent<T>>): AsyncGenerator<WatchEvent<T>> {
    try {
      for await (const event of events) {
        const late = this.frozen;
        await this.awake();
        // What has piled up is read stream by stream, in any order.
        if (late) await this.clock.sleep(this.#random() * READING_MS);
        yield event;
      }
    } finally {
      await this.awake();
    }
  }
}
