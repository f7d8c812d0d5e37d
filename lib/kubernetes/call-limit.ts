/** Why a call must end before its answer came. */
export type CallEnd = { type: "timeout" } | { type: "aborted"; reason: unknown };

/** The time and the signal that bound one call, retries and waiting included. Always `release` it. */
export class CallLimit {
  readonly timeoutMs: number;
  readonly #endsAt: number;
  readonly #timer: NodeJS.Timeout;
  readonly #signal: AbortSignal | undefined;
  #end: CallEnd | undefined;
  #listener: ((end: CallEnd) => void) | undefined;

  /** Throws the signal's reason when it is aborted already. */
  constructor(timeoutMs: number, signal: AbortSignal | undefined) {
    signal?.throwIfAborted();
    this.timeoutMs = timeoutMs;
    this.#endsAt = performance.now() + timeoutMs;
    this.#timer = setTimeout(() => this.#finish({ type: "timeout" }), timeoutMs);
    this.#signal = signal;
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  readonly #onAbort = (): void => this.#finish({ type: "aborted", reason: this.#signal?.reason });

  #finish(end: CallEnd): void {
    this.#end ??= end;
    this.#listener?.(this.#end);
  }

  remainingMs(): number {
    return this.#endsAt - performance.now();
  }

  /** The caller's signal ended the call. */
  aborted(): boolean {
    return this.#end?.type === "aborted";
  }

  /**
   * Ends the call when its time is over although its timer has not fired: the timers of a process that was frozen fire
   * in the order they were due, so a back-off may end before the limit does.
   * @returns why the call must end; undefined = it need not.
   */
  checkTime(): CallEnd | undefined {
    if (this.#end === undefined && this.remainingMs() <= 0) this.#finish({ type: "timeout" });
    return this.#end;
  }

  /** Calls the listener when the call must end (at once when it must already). One listener at a time; undefined removes it. */
  listen(listener: ((end: CallEnd) => void) | undefined): void {
    this.#listener = undefined;
    this.checkTime();
    this.#listener = listener;
    if (this.#end !== undefined) listener?.(this.#end);
  }

  /** Settles as the promise does, or rejects with `onEnd` of why the call must end. */
  async race<T>(promise: Promise<T>, onEnd: (end: CallEnd) => unknown): Promise<T> {
    const { promise: ended, reject } = Promise.withResolvers<never>();
    this.listen((end) => reject(onEnd(end)));
    try {
      return await Promise.race([promise, ended]);
    } finally {
      this.listen(undefined);
    }
  }

  release(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#listener = undefined;
  }
}
