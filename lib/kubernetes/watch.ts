import type { WatchEvent } from "./client.ts";
import { decodeWatchError } from "./decode-status.ts";
import { ConnectionError } from "./errors.ts";

/** Cuts a byte stream into lines. Works on bytes, so that a character split between two chunks stays whole. */
export class LineSplitter {
  #rest: Buffer[] = [];

  /** @returns the lines completed by this chunk, without their newline; empty lines are left out. */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
      this.#rest.push(chunk.subarray(start, end));
      const line = Buffer.concat(this.#rest).toString("utf8").trim();
      if (line !== "") lines.push(line);
      this.#rest = [];
      start = end + 1;
    }
    if (start < chunk.length) this.#rest.push(chunk.subarray(start));
    return lines;
  }

  /** @returns what came after the last newline. */
  rest(): string {
    return Buffer.concat(this.#rest).toString("utf8").trim();
  }
}

interface WireEvent {
  type: WatchEvent<unknown>["type"] | "ERROR";
  object: unknown;
}

const EVENT_TYPES: ReadonlySet<string> = new Set(["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]);

function parseEvent(line: string): WireEvent | undefined {
  try {
    const event: unknown = JSON.parse(line);
    if (typeof event !== "object" || event === null) return undefined;
    const { type, object } = event as { type?: unknown; object?: unknown };
    if (typeof type !== "string" || !EVENT_TYPES.has(type) || typeof object !== "object" || object === null)
      return undefined;
    return { type: type as WireEvent["type"], object };
  } catch {
    return undefined;
  }
}

/**
 * Reads the events of a watch. Throws `ApiError` for an ERROR event (410 `Expired`: list again and watch from there) and
 * `ConnectionError` `reset` for a stream that ends within an event.
 */
export async function* readEvents<T>(
  chunks: AsyncIterable<Buffer>,
  source: { server: string; request: string },
): AsyncGenerator<WatchEvent<T>> {
  const splitter = new LineSplitter();
  for await (const chunk of chunks) {
    for (const line of splitter.push(chunk)) yield readEvent<T>(line, source);
  }
  const rest = splitter.rest();
  if (rest !== "") yield readEvent<T>(rest, source);
}

function readEvent<T>(line: string, { server, request }: { server: string; request: string }): WatchEvent<T> {
  const event = parseEvent(line);
  if (event === undefined) {
    const message = `API server ${server} broke off or garbled its answer to ${request}: ${line.slice(0, 100)}`;
    throw new ConnectionError("reset", server, message);
  }
  if (event.type === "ERROR") throw decodeWatchError(event.object, server, request);
  return event as WatchEvent<T>;
}
