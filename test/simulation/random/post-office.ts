import type { WorkMessage } from "../../../lib/work/messages.ts";
import type { FailedPosting, WorkPosting, WorkQueue } from "../../../lib/work/ports.ts";
import { redeliverySeconds } from "../../../lib/work/schedule.ts";
import type { Random } from "./chance.ts";
import type { Process } from "./process.ts";

export type PostFault = "message twice" | "message late" | "message lost" | "message not sent";

export interface PostOfficeOptions {
  random: Random;
  befall: (kinds: readonly PostFault[]) => PostFault | undefined;
  /** Told of a message that arrives after one that was sent later. */
  overtaken: () => void;
  /** Works on a message; rejects when it is to come again. */
  deliver: (message: WorkMessage, receives: number) => Promise<unknown>;
}

/** Receives before a message goes to the dead-letter queue. */
const MOST_RECEIVES = 5;
/** How long a message stays unseen after a worker that never answered, milliseconds. */
const VISIBILITY_MS = 720_000;

/** A queue that delivers at least once, in any order. */
export class SimulatedQueue {
  readonly #clock: Process["clock"];
  readonly #options: PostOfficeOptions;
  #sent = 0;
  #newest = 0;

  constructor(clock: Process["clock"], options: PostOfficeOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** The queue as one process sees it. */
  of(process: Process): WorkQueue {
    return {
      send: (postings) =>
        process.ask(async () => {
          await this.#clock.sleep(5 + this.#options.random() * 10);
          return postings.flatMap((posting) => this.#accept(posting));
        }),
    };
  }

  #accept(posting: WorkPosting): FailedPosting<WorkPosting>[] {
    const { random, befall } = this.#options;
    const fault = befall(["message twice", "message late", "message lost", "message not sent"]);
    if (fault === "message not sent") return [{ posting, cause: "InternalError" }];
    if (fault === "message lost") return [];
    const number = ++this.#sent;
    const arrive = (lateMs: number): void => {
      this.#clock.after(posting.delaySeconds * 1_000 + lateMs, () => this.#deliver(posting.message, 1, number));
    };
    arrive(10 + random() * 40 + (fault === "message late" ? random() * 120_000 : 0));
    if (fault === "message twice") arrive(20 + random() * (random() < 0.5 ? 200 : 60_000));
    return [];
  }

  #deliver(message: WorkMessage, receives: number, number: number): void {
    if (number < this.#newest) this.#options.overtaken();
    this.#newest = Math.max(this.#newest, number);
    let answered = false;
    const again = (afterMs: number): void => {
      if (receives < MOST_RECEIVES) this.#clock.after(afterMs, () => this.#deliver(message, receives + 1, number));
    };
    this.#options.deliver(message, receives).then(
      () => {
        answered = true;
      },
      () => {
        answered = true;
        again(redeliverySeconds(receives) * 1_000);
      },
    );
    this.#clock.after(VISIBILITY_MS, () => {
      if (!answered) again(0);
    });
  }
}
