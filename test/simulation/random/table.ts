import type { Intent } from "../../../lib/work/reconciler.ts";
import type { TakenWork, WorkStore } from "../../../lib/work/store.ts";
import type { Process } from "./process.ts";

/** `retried`: the first reply is lost and the SDK asks again; `unheard`: all replies are; `refused`: nothing was written. */
export type TableFault = "retried" | "unheard" | "refused";

export interface TableOptions {
  /** Milliseconds one call takes. */
  latencyMs: () => number;
  befall: (call: keyof WorkStore) => TableFault | undefined;
  /** Told of each take that succeeded, whether or not the process hears of it. */
  took: (taken: TakenWork) => void;
  /** Told of each intent that was saved. */
  pencilled: (intent: Intent) => void;
}

/** Calls that are recognised when they are made once more (the contract of the store). */
const REPEATABLE = new Set<keyof WorkStore>(["pencil", "ink", "release", "recordOutcomes"]);

/** The table as one process sees it: each call takes a while, and some go wrong. */
export function tableOf(
  store: WorkStore,
  process: Process,
  { latencyMs, befall, took, pencilled }: TableOptions,
): WorkStore {
  const through = (name: keyof WorkStore) => {
    const method = store[name] as (...args: unknown[]) => Promise<unknown>;
    return (...args: unknown[]) =>
      process.ask(async () => {
        await process.clock.sleep(latencyMs());
        const fault = befall(name);
        if (fault === "refused") throw new Error(`ThrottlingException: ${name}`);
        const first = await method.apply(store, args);
        if (name === "take" && typeof first === "object") took(first as TakenWork);
        if (name === "pencil") pencilled(args[1] as Intent);
        await process.clock.sleep(latencyMs());
        if (fault === "unheard") throw new Error(`TimeoutError: ${name}`);
        return fault === "retried" && REPEATABLE.has(name) ? await method.apply(store, args) : first;
      });
  };
  return new Proxy(store, { get: (_target, name: string) => through(name as keyof WorkStore) });
}
