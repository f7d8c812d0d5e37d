import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";
import { afterEach, describe, expect, test, vi } from "vitest";
import { GROUP_LABEL, ZONE_LABEL } from "../../local/demo/scenario.ts";
import { type Watcher, watchPods } from "../../local/demo/watcher.ts";

const GROUP = "db";
const NAMESPACE = "data";

const pod = (uid: string, resourceVersion: string) => ({
  metadata: { name: uid, uid, resourceVersion, labels: { [GROUP_LABEL]: GROUP, [ZONE_LABEL]: "a" } },
  status: { conditions: [{ type: "Ready", status: "True" }] },
});
const list = (resourceVersion: string, ...items: unknown[]) => ({
  kind: "PodList",
  apiVersion: "v1",
  metadata: { resourceVersion },
  items,
});
const bookmark = (resourceVersion: string) => ({ type: "BOOKMARK", object: { metadata: { resourceVersion } } });
const EXPIRED = { type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } };

/** As long as a busy machine may take for a few requests. */
const PATIENCE = { timeout: 20_000 };
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** An API server that answers each list and each watch with the next of these; the last watch stays open. */
async function observe(lists: unknown[], watches: object[][]): Promise<{ watcher: Watcher; asked: URLSearchParams[] }> {
  const asked: URLSearchParams[] = [];
  const open = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://server");
    expect(pathname).toBe(`/api/v1/namespaces/${NAMESPACE}/pods`);
    response.setHeader("content-type", "application/json");
    if (!searchParams.has("watch")) return response.end(JSON.stringify(lists.shift()));
    asked.push(searchParams);
    const events = watches.shift();
    for (const event of events ?? []) response.write(`${JSON.stringify(event)}\n`);
    if (events !== undefined) return response.end();
    response.flushHeaders();
    return open.add(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(
    () => new Promise((resolve) => server.close(resolve)),
    () => server.closeAllConnections(),
  );
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: "c", server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, skipTLSVerify: true },
    { name: "u" },
  );
  const watcher = await watchPods(config, new Map([[GROUP, 1]]), { namespace: NAMESPACE });
  cleanups.push(() => watcher.stop());
  return { watcher, asked };
}

const versionsAsked = (asked: readonly URLSearchParams[]) => asked.map((each) => each.get("resourceVersion"));

describe("an observer of pods", () => {
  test("has the server end each watch with a bookmark, sooner than its client gives up a quiet one", async () => {
    const { watcher, asked } = await observe([list("5", pod("one", "3"))], [[bookmark("40")], [bookmark("90")]]);
    await vi.waitFor(() => expect(versionsAsked(asked)).toEqual(["5", "40", "90"]), PATIENCE);
    for (const each of asked) {
      expect(each.get("allowWatchBookmarks")).toBe("true");
      expect(Number(each.get("timeoutSeconds"))).toBeGreaterThan(2);
      expect(Number(each.get("timeoutSeconds"))).toBeLessThan(30);
    }
    expect(watcher.of(GROUP)).toEqual({ replaced: 0, peakUnavailable: 0, doubleZoneEvents: 0 });
  });

  test("counts the events of one watch after the other", async () => {
    const { watcher, asked } = await observe(
      [list("5", pod("one", "3"))],
      [[{ type: "DELETED", object: pod("one", "6") }], [{ type: "ADDED", object: pod("two", "7") }]],
    );
    await vi.waitFor(() => expect(versionsAsked(asked)).toEqual(["5", "6", "7"]), PATIENCE);
    expect(watcher.of(GROUP)).toEqual({ replaced: 1, peakUnavailable: 1, doubleZoneEvents: 0 });
  });

  test("goes on after an expired version when no pod is new", async () => {
    const lists = [list("5", pod("one", "3")), list("70", pod("one", "3"))];
    const { watcher, asked } = await observe(lists, [[EXPIRED]]);
    await vi.waitFor(() => expect(versionsAsked(asked)).toEqual(["5", "70"]), PATIENCE);
    expect(watcher.of(GROUP).replaced).toBe(0);
  });

  test("says nothing any more when pods have changed behind an expired version", async () => {
    const lists = [list("5", pod("one", "3")), list("70", pod("two", "69"))];
    const { watcher, asked } = await observe(lists, [[EXPIRED]]);
    const missed = "The observer's watch at version 5 expired, and pods have changed since.";
    await vi.waitFor(() => expect(() => watcher.of(GROUP)).toThrow(missed), PATIENCE);
    expect(versionsAsked(asked)).toEqual(["5"]);
  });
});
