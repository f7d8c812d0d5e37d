import type { ServerResponse } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { KubernetesClient, WatchEvent, WatchOptions } from "../../../lib/kubernetes/client.ts";
import type { Pod } from "../../../lib/kubernetes/objects.ts";
import { createKubernetesClient, type TransportOptions } from "../../../lib/kubernetes/transport.ts";
import { PODS } from "../../../lib/kubernetes/types.ts";
import { type ApiServer, failure, sendJson, startApiServer } from "./api-server.ts";
import { earlyTimers } from "./early-timers.ts";

let server: ApiServer;
const clients: KubernetesClient[] = [];
const date = "Sat, 21 Nov 2026 10:00:00 GMT";

beforeAll(async () => {
  server = await startApiServer();
});
afterAll(() => server.stop());
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

function connect(options: TransportOptions = {}): KubernetesClient {
  const client = createKubernetesClient(server.access, options);
  clients.push(client);
  return client;
}

const pod = (name: string): Pod => ({ metadata: { name, namespace: "x" } });

describe("a list", () => {
  test("follows `continue` and is dated by its first page", async () => {
    const pages: Record<string, object> = {
      "": { metadata: { resourceVersion: "7", continue: "p2" }, items: [pod("a"), pod("b")] },
      p2: { metadata: { resourceVersion: "7", continue: "p3" }, items: [pod("c")] },
      p3: { metadata: { resourceVersion: "7" }, items: [pod("d")] },
    };
    server.answer(({ query, number }, response) =>
      sendJson(response, 200, pages[query.get("continue") ?? ""], number === 1 ? { date } : {}),
    );
    const list = await connect().list<Pod>(PODS, {
      namespace: "x",
      labelSelector: "a in (b)",
      fieldSelector: "spec.nodeName=n",
      limit: 2,
    });
    expect(list.items.map(({ metadata }) => metadata.name)).toEqual(["a", "b", "c", "d"]);
    expect(list).toMatchObject({ resourceVersion: "7", observedAt: "2026-11-21T10:00:00.000Z" });
    expect(
      server.seen.map(({ path, query }) => [
        path,
        query.get("labelSelector"),
        query.get("fieldSelector"),
        query.get("limit"),
      ]),
    ).toEqual(Array(3).fill(["/api/v1/namespaces/x/pods", "a in (b)", "spec.nodeName=n", "2"]));
  });

  test("of nothing is empty", async () => {
    server.answer((_request, response) => sendJson(response, 200, { metadata: { resourceVersion: "1" }, items: null }));
    await expect(connect().list(PODS)).resolves.toMatchObject({ items: [], resourceVersion: "1" });
    expect(server.seen[0]?.path).toBe("/api/v1/pods");
    expect(server.seen[0]?.query.get("limit")).toBe("500");
  });

  test("asks for metadata only", async () => {
    server.answer((_request, response) => sendJson(response, 200, { metadata: { resourceVersion: "1" }, items: [] }));
    await connect().list(PODS, { as: "metadata" });
    expect(server.seen[0]?.headers.accept).toBe("application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io");
  });

  test("begins anew when its snapshot expires, the second time in one piece", async () => {
    server.answer(({ query }, response) => {
      if (query.has("continue"))
        return sendJson(response, 410, failure(410, "Expired", "the continue parameter is too old"));
      const whole = !query.has("limit");
      const items = whole ? [pod("a"), pod("b")] : [pod("a")];
      return sendJson(response, 200, {
        metadata: { resourceVersion: "9", ...(whole ? {} : { continue: "p2" }) },
        items,
      });
    });
    const list = await connect().list<Pod>(PODS, { limit: 1 });
    expect(list.items.map(({ metadata }) => metadata.name)).toEqual(["a", "b"]);
    expect(server.seen).toHaveLength(5);
  });

  test("without the server's time is no list", async () => {
    server.answer((_request, response) => {
      response.sendDate = false;
      sendJson(response, 200, { metadata: {}, items: [] });
    });
    await expect(connect().list(PODS)).rejects.toThrow("sent no Date");
  });
});

type Step = string | Buffer;

/** Answers a watch with these bytes, each written on its own; `end`, `break` and `hang` are done, not written. */
function serveWatch(...steps: Step[]): void {
  server.answer(async (_request, response: ServerResponse) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    for (const step of steps) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (step === "end") response.end();
      else if (step === "break") response.socket?.destroy();
      else if (step !== "hang") response.write(step);
    }
  });
}

const event = (type: string, object: object): string => `${JSON.stringify({ type, object })}\n`;

async function collect(
  client: KubernetesClient,
  options: Partial<WatchOptions> = {},
  onEvent: () => void = () => undefined,
): Promise<{ events: WatchEvent<Pod>[]; error: unknown }> {
  const events: WatchEvent<Pod>[] = [];
  try {
    for await (const next of client.watch<Pod>(PODS, { resourceVersion: "5", namespace: "x", ...options })) {
      events.push(next);
      onEvent();
    }
    return { events, error: undefined };
  } catch (error) {
    return { events, error };
  }
}

describe("a watch", () => {
  test("asks for bookmarks, hands out events and ends when the server ends it", async () => {
    serveWatch(
      event("ADDED", pod("a")) + event("MODIFIED", pod("a")),
      event("BOOKMARK", { metadata: { resourceVersion: "8" } }),
      "end",
    );
    const { events, error } = await collect(connect(), { labelSelector: "a=b", timeoutMs: 29_500 });
    expect(error).toBeUndefined();
    expect(events.map(({ type }) => type)).toEqual(["ADDED", "MODIFIED", "BOOKMARK"]);
    expect(Object.fromEntries(server.seen[0]?.query ?? [])).toEqual({
      watch: "true",
      allowWatchBookmarks: "true",
      resourceVersion: "5",
      labelSelector: "a=b",
      timeoutSeconds: "30",
    });
  });

  test("puts lines and characters together that were split between chunks", async () => {
    const bytes = Buffer.from(event("ADDED", pod("zürich-🚀")) + event("DELETED", pod("b")));
    serveWatch(...Array.from(bytes, (byte) => Buffer.from([byte])), "end");
    const { events, error } = await collect(connect());
    expect(error).toBeUndefined();
    expect(events.map(({ type, object }) => [type, (object as Pod).metadata.name])).toEqual([
      ["ADDED", "zürich-🚀"],
      ["DELETED", "b"],
    ]);
  });

  test("throws 410 Expired for an ERROR event, after the events before it", async () => {
    serveWatch(
      event("ADDED", pod("a")),
      event("ERROR", failure(410, "Expired", "too old resource version: 5 (900)")),
      "hang",
    );
    const { events, error } = await collect(connect());
    expect(events).toHaveLength(1);
    expect(error).toMatchObject({
      name: "ApiError",
      status: 410,
      reason: "Expired",
      message: "too old resource version: 5 (900)",
    });
  });

  test("throws 410 when the server answers so at once", async () => {
    server.answer((_request, response) => sendJson(response, 410, failure(410, "Expired", "too old")));
    expect((await collect(connect())).error).toMatchObject({ status: 410, reason: "Expired" });
  });

  test("throws 403 with the server's words", async () => {
    server.answer((_request, response) =>
      sendJson(response, 403, failure(403, "Forbidden", 'User "u" cannot watch resource "pods"')),
    );
    expect((await collect(connect())).error).toMatchObject({
      status: 403,
      message: 'User "u" cannot watch resource "pods"',
    });
  });

  test.each<[name: string, steps: Step[], events: number]>([
    ["between two events", [event("ADDED", pod("a")), "break"], 1],
    ["within an event", [event("ADDED", pod("a")), '{"type":"ADD', "break"], 1],
    ["within an event, though it ended well", [event("ADDED", pod("a")), '{"type":"ADD', "end"], 1],
    ["with something that is no event", [event("ADDED", pod("a")), "<html>\n", "hang"], 1],
  ])("broken %s is a reset", async (_name, steps, count) => {
    serveWatch(...steps);
    const { events, error } = await collect(connect());
    expect(events).toHaveLength(count);
    expect(error).toMatchObject({ name: "ConnectionError", failure: "reset" });
  });

  test("that falls silent is a timeout", async () => {
    serveWatch(event("ADDED", pod("a")), "hang");
    const silence = earlyTimers(20_001);
    const { events, error } = await collect(connect({ watchIdleTimeoutMs: 20_001 }), {}, () => silence.end());
    expect(events).toHaveLength(1);
    expect(error).toMatchObject({ failure: "timeout", message: expect.stringContaining("sent nothing for 20001 ms") });
  });

  test("that outlives the time it was asked for is a timeout", async () => {
    serveWatch(event("ADDED", pod("a")), "hang");
    const life = earlyTimers(20_001);
    const client = connect({ requestTimeoutMs: 19_000 });
    const { events, error } = await collect(client, { timeoutMs: 1_001 }, () => life.end());
    expect(events).toHaveLength(1);
    expect(error).toMatchObject({ failure: "timeout", message: expect.stringContaining("did not end its stream") });
  });

  test("that is not answered is a timeout", async () => {
    server.answer(() => undefined);
    expect((await collect(connect({ requestTimeoutMs: 60 }))).error).toMatchObject({ failure: "timeout" });
  });

  test("ends with the signal's reason and closes its connection", async () => {
    serveWatch(event("ADDED", pod("a")), "hang");
    const controller = new AbortController();
    const reason = new Error("enough");
    const client = connect();
    const events: unknown[] = [];
    const watching = (async () => {
      for await (const next of client.watch<Pod>(PODS, { resourceVersion: "5", signal: controller.signal })) {
        events.push(next);
        controller.abort(reason);
      }
    })();
    await expect(watching).rejects.toBe(reason);
    expect(events).toHaveLength(1);
    await expect.poll(() => server.open(), { timeout: 20_000 }).toBe(0);
  });

  test("closes its connection when its reader has seen enough", async () => {
    serveWatch(event("ADDED", pod("a")), "hang");
    for await (const _event of connect().watch<Pod>(PODS, { resourceVersion: "5" })) break;
    await expect.poll(() => server.open(), { timeout: 20_000 }).toBe(0);
  });

  test("keeps its own connection: requests go on while many watches are open", async () => {
    serveWatch(event("ADDED", pod("a")), "hang");
    const client = connect({ maxSockets: 1 });
    const watches = Array.from({ length: 5 }, () =>
      client.watch<Pod>(PODS, { resourceVersion: "5" })[Symbol.asyncIterator](),
    );
    await Promise.all(watches.map((watch) => watch.next()));
    server.answer((_request, response) => sendJson(response, 200, pod("a")));
    await expect(client.get(PODS, { namespace: "x", name: "a" })).resolves.toEqual(pod("a"));
    for (const watch of watches) await watch.return?.();
  });

  test("holds a fast server back for a slow reader", async () => {
    const count = 3_000;
    const line = event("ADDED", { metadata: { name: "a", annotations: { text: "x".repeat(1_000) } } });
    server.answer((_request, response) => {
      response.writeHead(200);
      for (let i = 0; i < count; i += 1) response.write(line);
      response.end();
    });
    let seen = 0;
    for await (const _event of connect().watch<Pod>(PODS, { resourceVersion: "5" })) {
      seen += 1;
      if (seen % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(seen).toBe(count);
  });
});
