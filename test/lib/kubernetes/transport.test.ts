import { subscribe, unsubscribe } from "node:diagnostics_channel";
import dns from "node:dns";
import { createServer, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import type { ClusterAccess, KubernetesClient } from "../../../lib/kubernetes/client.ts";
import { ApiError, ConnectionError } from "../../../lib/kubernetes/errors.ts";
import { createKubernetesClient, type TransportOptions } from "../../../lib/kubernetes/transport.ts";
import { PODS } from "../../../lib/kubernetes/types.ts";
import { createCertificateAuthority } from "../../../local/control-plane/certificates.ts";
import { type ApiServer, failure, sendJson, startApiServer } from "./api-server.ts";
import { earlyTimers } from "./early-timers.ts";

let server: ApiServer;
const clients: KubernetesClient[] = [];
const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "a", namespace: "x", uid: "u" } };

beforeAll(async () => {
  server = await startApiServer();
});
afterAll(() => server.stop());
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

function connect(access: Partial<ClusterAccess> = {}, options: TransportOptions = {}): KubernetesClient {
  const client = createKubernetesClient({ ...server.access, ...access }, options);
  clients.push(client);
  return client;
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail("the call succeeded"),
    (error: unknown) => error,
  );
}

describe("a call", () => {
  test("sends what the API asks for, verb by verb", async () => {
    server.answer((_request, response) => sendJson(response, 200, pod));
    const client = connect({ token: async () => "secret" });
    await client.get(PODS, { namespace: "x", name: "a" });
    await client.create(PODS, pod);
    await client.replace(PODS, pod, { subresource: "status" });
    await client.patch(PODS, { namespace: "x", name: "a" }, { metadata: {} }, { type: "merge" });
    await client.patch(PODS, { namespace: "x", name: "a" }, pod, { type: "apply", force: true, fieldManager: "m" });
    await client.delete(PODS, { namespace: "x", name: "a" }, { preconditions: { uid: "u" }, gracePeriodSeconds: 5 });
    expect(server.seen.map((r) => [r.method, r.path, r.query.toString(), r.headers["content-type"]])).toEqual([
      ["GET", "/api/v1/namespaces/x/pods/a", "", undefined],
      ["POST", "/api/v1/namespaces/x/pods", "fieldManager=outrigger", "application/json"],
      ["PUT", "/api/v1/namespaces/x/pods/a/status", "fieldManager=outrigger", "application/json"],
      ["PATCH", "/api/v1/namespaces/x/pods/a", "fieldManager=outrigger", "application/merge-patch+json"],
      ["PATCH", "/api/v1/namespaces/x/pods/a", "fieldManager=m&force=true", "application/apply-patch+yaml"],
      ["DELETE", "/api/v1/namespaces/x/pods/a", "", "application/json"],
    ]);
    expect(JSON.parse(server.seen[5]?.body ?? "")).toEqual({
      apiVersion: "v1",
      kind: "DeleteOptions",
      preconditions: { uid: "u" },
      gracePeriodSeconds: 5,
    });
    expect(new Set(server.seen.map((r) => r.headers.authorization))).toEqual(new Set(["Bearer secret"]));
  });

  test("keeps the path of the server's URL before every request", async () => {
    server.answer((_request, response) => sendJson(response, 200, pod));
    await connect({ server: `${server.access.server}/k8s/clusters/c-1` }).get(PODS, { namespace: "x", name: "a" });
    expect(server.seen[0]?.path).toBe("/k8s/clusters/c-1/api/v1/namespaces/x/pods/a");
  });

  test("is refused before it is sent when the name is impossible or the delete unconditional", async () => {
    server.answer((_request, response) => sendJson(response, 200, pod));
    const client = connect();
    await expect(client.get(PODS, { namespace: "x", name: "../secrets" })).rejects.toThrow(TypeError);
    await expect(client.get(PODS, { name: "a" })).rejects.toThrow("Pod a needs a namespace");
    await expect(client.delete(PODS, { namespace: "x", name: "a" }, { preconditions: {} })).rejects.toThrow(
      "no precondition",
    );
    expect(server.seen).toHaveLength(0);
  });

  test("shares a handful of connections", async () => {
    server.answer((_request, response) => sendJson(response, 200, pod));
    const before = server.connections();
    const client = connect();
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        for (let call = 0; call < 20; call += 1) await client.get(PODS, { namespace: "x", name: "a" });
      }),
    );
    expect(server.connections() - before).toBeLessThanOrEqual(8);
  });

  test("of a process that was frozen meanwhile does not trust its old connections", async () => {
    server.answer((_request, response) => sendJson(response, 200, pod));
    const client = connect();
    const call = (): Promise<unknown> => client.get(PODS, { namespace: "x", name: "a" });
    for (let calls = 0; calls < 4; calls += 1) await call();
    const before = server.connections();
    await call();
    expect(server.connections()).toBe(before);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 31_000 });
    try {
      await call();
    } finally {
      vi.useRealTimers();
    }
    expect(server.connections()).toBe(before + 1);
  });

  test("carries integers of any size", async () => {
    server.answer(({ body }, response) => response.writeHead(200).end(body) as unknown as void);
    await connect().patch(PODS, { namespace: "x", name: "a" }, { spec: { big: 9007199254740993n } }, { type: "merge" });
    expect(server.seen[0]?.body).toBe('{"spec":{"big":9007199254740993}}');
  });

  test("ends with the signal's reason, before and while it runs", async () => {
    server.answer(() => undefined);
    const reason = new Error("enough");
    const client = connect();
    await expect(client.get(PODS, { namespace: "x", name: "a" }, { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
    const controller = new AbortController();
    const running = failureOf(client.get(PODS, { namespace: "x", name: "a" }, { signal: controller.signal }));
    while (server.seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    controller.abort(reason);
    expect(await running).toBe(reason);
  });
});

describe("a failed answer becomes an ApiError", () => {
  const forbidden =
    'pods "a" is forbidden: User "outrigger" cannot get resource "pods" in API group "" in the namespace "x"';
  const cases: Record<string, { body: unknown; status: number; expected: Partial<ApiError> }> = {
    "403 with user, verb and resource as the server says": {
      status: 403,
      body: failure(403, "Forbidden", forbidden),
      expected: { status: 403, reason: "Forbidden", message: forbidden, request: "GET /api/v1/namespaces/x/pods/a" },
    },
    "422 with one cause per field": {
      status: 422,
      body: failure(422, "Invalid", "bad", {
        causes: [{ reason: "FieldValueInvalid", field: "spec.x", message: "no" }],
      }),
      expected: { reason: "Invalid", causes: [{ reason: "FieldValueInvalid", field: "spec.x", message: "no" }] },
    },
    "409 at once": {
      status: 409,
      body: failure(409, "Conflict", "changed"),
      expected: { status: 409, reason: "Conflict" },
    },
    "410 at once": {
      status: 410,
      body: failure(410, "Expired", "too old"),
      expected: { status: 410, reason: "Expired" },
    },
    "an answer that is no Status": {
      status: 418,
      body: "<html>\n  teapot </html>",
      expected: { reason: "", message: expect.stringContaining('"<html>\\n teapot </html>"') as unknown as string },
    },
  };
  for (const [name, { body, status, expected }] of Object.entries(cases)) {
    test(name, async () => {
      server.answer((_request, response) => sendJson(response, status, body));
      const error = await failureOf(connect().get(PODS, { namespace: "x", name: "a" }));
      expect(error).toBeInstanceOf(ApiError);
      if (name !== "an answer that is no Status") expect(error).toMatchObject(expected);
      else expect(error).toMatchObject({ status: 418, reason: "", message: expect.stringContaining("teapot") });
      expect(server.seen).toHaveLength(1);
    });
  }

  test("401 renews the token once and names the next step when that does not help", async () => {
    const renewals: boolean[] = [];
    server.answer((_request, response) => sendJson(response, 401, failure(401, "Unauthorized", "Unauthorized")));
    const token = async ({ renew }: { renew: boolean }): Promise<string> => {
      renewals.push(renew);
      return "expired";
    };
    const error = await failureOf(connect({ token }).create(PODS, pod));
    expect(error).toMatchObject({ name: "ApiError", status: 401, message: expect.stringContaining("access entry") });
    expect(renewals).toEqual([false, true]);
  });

  test("401 and then success with the renewed token goes unnoticed", async () => {
    server.answer(({ headers }, response) =>
      headers.authorization === "Bearer new" ? sendJson(response, 200, pod) : sendJson(response, 401, {}),
    );
    const client = connect({ token: async ({ renew }) => (renew ? "new" : "old") });
    await expect(client.create(PODS, pod)).resolves.toEqual(pod);
  });

  test("429 is waited out as long as the call's time allows, then thrown", async () => {
    server.answer(({ number }, response) =>
      number === 1 ? sendJson(response, 429, {}, { "retry-after": "0" }) : sendJson(response, 200, pod),
    );
    await expect(connect().create(PODS, pod)).resolves.toEqual(pod);
    server.answer((_request, response) => sendJson(response, 429, {}, { "retry-after": "10" }));
    const error = await failureOf(connect().create(PODS, pod, { timeoutMs: 9_900 }));
    expect(error).toMatchObject({ status: 429, retryAfterSeconds: 10 });
    expect(server.seen).toHaveLength(1);
  });
});

describe("no answer becomes a ConnectionError", () => {
  const get = (client: KubernetesClient, timeoutMs?: number): Promise<unknown> =>
    failureOf(client.get(PODS, { namespace: "x", name: "a" }, timeoutMs === undefined ? {} : { timeoutMs }));

  const timeoutMs = 20_001;

  test("timeout when the headers do not come", async () => {
    const timeout = earlyTimers(timeoutMs);
    server.answer(() => timeout.end());
    const error = await get(connect(), timeoutMs);
    expect(error).toMatchObject({
      name: "ConnectionError",
      failure: "timeout",
      message: expect.stringContaining("no answer"),
    });
  });

  test("timeout when the body stops", async () => {
    const timeout = earlyTimers(timeoutMs);
    const afterHeaders = (): void => void setImmediate(() => timeout.end());
    subscribe("undici:request:headers", afterHeaders);
    onTestFinished(() => void unsubscribe("undici:request:headers", afterHeaders));
    server.answer((_request, response) => void response.writeHead(200).write('{"kind":'));
    expect(await get(connect(), timeoutMs)).toMatchObject({
      failure: "timeout",
      message: expect.stringContaining("no complete answer"),
    });
  });

  test("timeout while every connection is taken", async () => {
    const timeout = earlyTimers(timeoutMs);
    server.answer(() => timeout.end());
    const client = connect({}, { maxSockets: 1 });
    const first = get(client, timeoutMs);
    expect(await get(client, timeoutMs)).toMatchObject({
      failure: "timeout",
      message: expect.stringContaining("no connection"),
    });
    expect(await first).toMatchObject({ failure: "timeout" });
  });

  test("timeout of a write says that it may have been carried out", async () => {
    const timeout = earlyTimers(timeoutMs);
    server.answer(() => timeout.end());
    const error = await failureOf(connect().create(PODS, pod, { timeoutMs }));
    expect(error).toMatchObject({ failure: "timeout", message: expect.stringContaining("may have been carried out") });
  });

  test("timeout when the TLS handshake never ends", async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => void sockets.push(socket)).listen(0, "127.0.0.1");
    await new Promise((resolve) => silent.once("listening", resolve));
    const { port } = silent.address() as { port: number };
    const error = await get(connect({ server: `https://127.0.0.1:${port}` }, { connectTimeoutMs: 60 }));
    expect(error).toMatchObject({ failure: "timeout" });
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  test("tls when another authority issued the certificate", async () => {
    const { certPem } = createCertificateAuthority("somebody else");
    const error = await get(connect({ caPem: certPem }));
    expect(error).toMatchObject({
      failure: "tls",
      message: expect.stringContaining("not issued by the certificate authority"),
    });
  });

  test("tls when the certificate is for another name", async () => {
    expect(await get(connect({ serverName: "example.com" }))).toMatchObject({ failure: "tls" });
  });

  test("tcp when nobody listens", async () => {
    expect(await get(connect({ server: "https://127.0.0.1:1" }))).toMatchObject({ failure: "tcp" });
  });

  test("dns when the host does not exist", async () => {
    const absent = Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" });
    const lookup = vi.spyOn(dns, "lookup");
    lookup.mockImplementation(((_name: string, _options: object, done: (error: Error) => void) =>
      done(absent)) as typeof dns.lookup);
    onTestFinished(() => lookup.mockRestore());
    const error = await get(connect({ server: "https://cluster.invalid" }));
    expect(error).toMatchObject({ failure: "dns", message: expect.stringContaining("cluster.invalid") });
    expect(lookup).toHaveBeenCalled();
  });

  test("dns when the name leads to an address that is refused, without contacting it", async () => {
    const before = server.connections();
    const access = { server: server.access.server.replace("127.0.0.1", "localhost") };
    const refuseAddress = (address: string): boolean => address === "::1" || address.startsWith("127.");
    const error = await get(connect({ ...access, refuseAddress }));
    expect(error).toMatchObject({
      failure: "dns",
      message: expect.stringContaining("a loopback or link-local address"),
    });
    expect(server.connections()).toBe(before);
    server.answer((_request, response) => sendJson(response, 200, pod));
    const allowed = connect({ ...access, refuseAddress: () => false });
    await expect(allowed.get(PODS, { namespace: "x", name: "a" })).resolves.toEqual(pod);
  });

  test("credentials when no token can be had, without sending anything", async () => {
    server.answer((_request, response) => sendJson(response, 200, pod));
    const token = (): Promise<string> => Promise.reject(new Error("no role"));
    expect(await get(connect({ token }))).toMatchObject({
      failure: "credentials",
      message: expect.stringContaining("no role"),
    });
    expect(server.seen).toHaveLength(0);
  });

  test("timeout when the token does not come", async () => {
    const token = (): Promise<string> => new Promise(() => undefined);
    expect(await get(connect({ token }), 60)).toMatchObject({ failure: "timeout" });
  });

  test("reset twice for a read, once for a write", async () => {
    server.answer((_request, response) => void response.socket?.destroy());
    expect(await get(connect())).toMatchObject({ failure: "reset" });
    expect(server.seen).toHaveLength(2);
    server.answer((_request, response) => void response.socket?.destroy());
    expect(await failureOf(connect().create(PODS, pod))).toBeInstanceOf(ConnectionError);
    expect(server.seen).toHaveLength(1);
  });

  test("a connection dropped before the answer is made good for reads and for deletes bound to a UID", async () => {
    const dropFirst = (): void =>
      server.answer(({ number }, response) =>
        number === 1 ? void response.socket?.destroy() : sendJson(response, 200, pod),
      );
    const client = connect();
    dropFirst();
    await expect(client.get(PODS, { namespace: "x", name: "a" })).resolves.toEqual(pod);
    dropFirst();
    await client.delete(PODS, { namespace: "x", name: "a" }, { preconditions: { uid: "u" } });
    dropFirst();
    const name = { namespace: "x", name: "a" };
    const error = await failureOf(client.delete(PODS, name, { preconditions: { resourceVersion: "1" } }));
    expect(error).toMatchObject({ failure: "reset" });
  });

  test("reset when the client is closed meanwhile", async () => {
    server.answer(() => undefined);
    const client = connect();
    const running = get(client);
    while (server.seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await client.close();
    expect(await running).toMatchObject({ failure: "reset" });
  });
});

describe("a raw request", () => {
  test("hands back any status with its headers and the server's time", async () => {
    server.answer((_request, response) => {
      response.writeHead(500, { date: "Sat, 21 Nov 2026 10:00:00 GMT", "x-a": "b" });
      response.end("[-]etcd failed");
    });
    const answer = await connect().raw("GET", "/readyz?verbose");
    expect(answer).toMatchObject({ status: 500, body: "[-]etcd failed", observedAt: "2026-11-21T10:00:00.000Z" });
    expect(answer.headers["x-a"]).toBe("b");
    expect(server.seen.map((r) => [r.path, r.query.has("verbose")])).toEqual([["/readyz", true]]);
  });

  test("renews the token once on 401 and hands the second 401 back", async () => {
    server.answer((_request, response) => sendJson(response, 401, {}));
    await expect(connect({ token: async () => "t" }).raw("GET", "/readyz")).resolves.toMatchObject({ status: 401 });
    expect(server.seen).toHaveLength(2);
  });
});

test("a client certificate is presented", async () => {
  const mutual = await startApiServer({ requestCert: true });
  mutual.answer((_request, response) => sendJson(response, 200, pod));
  const name = { namespace: "x", name: "a" };
  const clientCertificate = mutual.authority.issue({ commonName: "outrigger" });
  await expect(connect({ ...mutual.access, clientCertificate }).get(PODS, name)).resolves.toEqual(pod);
  expect(await failureOf(connect(mutual.access).get(PODS, name))).toBeInstanceOf(ConnectionError);
  await mutual.stop();
});
