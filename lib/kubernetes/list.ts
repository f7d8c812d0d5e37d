import type { ListResult } from "./client.ts";
import { isApiError } from "./errors.ts";

/** One page of a list as the server sends it. */
export interface ListPage<T> {
  metadata?: { resourceVersion?: string; continue?: string };
  items?: T[] | null;
}

/** Reads one page. `limit` undefined = everything in one answer. */
export type ReadPage<T> = (page: {
  limit?: number;
  continue?: string;
}) => Promise<{ page: ListPage<T>; observedAt: string }>;

/** Objects per page when the caller names no number. */
export const PAGE_SIZE = 500;

/**
 * Follows `continue` until the list is complete. When the snapshot expires between two pages (410) nothing read so far is
 * worth anything: the list begins anew, the second time in one piece, which cannot expire.
 */
export async function readList<T>(readPage: ReadPage<T>, limit: number): Promise<ListResult<T>> {
  try {
    return await readPages(readPage, limit);
  } catch (error) {
    if (!isApiError(error, 410)) throw error;
  }
  try {
    return await readPages(readPage, limit);
  } catch (error) {
    if (!isApiError(error, 410)) throw error;
  }
  return readPages(readPage, undefined);
}

async function readPages<T>(readPage: ReadPage<T>, limit: number | undefined): Promise<ListResult<T>> {
  const size = limit === undefined ? {} : { limit };
  const first = await readPage(size);
  const items: T[] = first.page.items ?? [];
  let next = first.page.metadata?.continue;
  while (next !== undefined && next !== "") {
    const { page } = await readPage({ ...size, continue: next });
    for (const item of page.items ?? []) items.push(item);
    next = page.metadata?.continue;
  }
  return { items, resourceVersion: first.page.metadata?.resourceVersion ?? "", observedAt: first.observedAt };
}
