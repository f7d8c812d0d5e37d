import type { WorkKey } from "../work/keys.ts";
import type { Log } from "../work/ports.ts";
import type { StateRow } from "../work/store.ts";
import type { TakeBack } from "./ports.ts";
import type { Registration } from "./registration.ts";

type Within = Omit<Parameters<TakeBack>[0], "key" | "state"> & {
  registration: Pick<Registration, "identity">;
  log: Log;
};

/**
 * Tells pods that a resource has prepared for their end that they stay. What is saved of an earlier cluster of that name is
 * not about these pods.
 */
export async function keepPreparedPods(
  { takeBack }: { takeBack: TakeBack },
  { registration, log, ...within }: Within,
  { key, saved }: { key: WorkKey; saved: StateRow | undefined },
): Promise<void> {
  if (saved?.identity !== registration.identity) return;
  const outcomes = await takeBack({ ...within, key, state: saved.state });
  if (outcomes.length > 0) log("info", "Prepared pods were told that they stay", { key, outcomes });
}
