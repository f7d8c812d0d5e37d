/** Entries of one SQS or EventBridge batch. */
export const BATCH_SIZE = 10;

/** How often an entry is sent before it counts as failed. The SDK's own retries of whole requests come on top. */
const ATTEMPTS = 3;

/** An entry a service did not accept. */
export interface RefusedEntry {
  /** Position in the batch. */
  index: number;
  cause: string;
  /** The sender's fault: sending it again would not help. */
  permanent: boolean;
}

/** An entry that was given up on. */
export interface FailedEntry<T> {
  item: T;
  cause: string;
}

/**
 * Sends entries ten at a time and those that were refused again, up to three times.
 *
 * @param send answers with the entries that were refused; when it throws, its whole batch counts as failed.
 * @returns the entries that were not sent, and why.
 */
export async function sendInBatches<T>(
  items: readonly T[],
  send: (batch: readonly T[]) => Promise<readonly RefusedEntry[]>,
  wait: (ms: number) => Promise<void> = (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
): Promise<FailedEntry<T>[]> {
  const failed: FailedEntry<T>[] = [];
  for (let start = 0; start < items.length; start += BATCH_SIZE) {
    failed.push(...(await sendBatch(items.slice(start, start + BATCH_SIZE), send, wait)));
  }
  return failed;
}

async function sendBatch<T>(
  items: readonly T[],
  send: (batch: readonly T[]) => Promise<readonly RefusedEntry[]>,
  wait: (ms: number) => Promise<void>,
): Promise<FailedEntry<T>[]> {
  const failed: FailedEntry<T>[] = [];
  let pending = items;
  for (let attempt = 1; ; attempt += 1) {
    let refused: readonly RefusedEntry[];
    try {
      refused = await send(pending);
    } catch (error) {
      const cause = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      return [...failed, ...pending.map((item) => ({ item, cause }))];
    }
    const entries = refused.flatMap(({ index, cause, permanent }) => {
      const item = pending[index];
      return item === undefined ? [] : [{ item, cause, permanent }];
    });
    failed.push(
      ...entries
        .filter(({ permanent }) => permanent || attempt === ATTEMPTS)
        .map(({ item, cause }) => ({ item, cause })),
    );
    pending = attempt === ATTEMPTS ? [] : entries.filter(({ permanent }) => !permanent).map(({ item }) => item);
    if (pending.length === 0) return failed;
    await wait(50 * 2 ** attempt);
  }
}
