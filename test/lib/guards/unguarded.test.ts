import { describe, expect, test } from "vitest";
import { keepGuard } from "../../../lib/guards/keep.ts";
import type { KubernetesClient } from "../../../lib/kubernetes/client.ts";
import { ApiError, ConnectionError } from "../../../lib/kubernetes/errors.ts";

const SCOPE = { hubId: "hub", cluster: "prod", namespaces: [], followsInSeconds: 30 };
const MEMORY = { checkedAt: "2026-11-21T11:00:00.000Z", definition: "yesterday" };
const api = (status: number, request: string): ApiError =>
  new ApiError({ status, reason: "", message: "the server could not find the requested resource", request });
const fail = (error: Error) => async (): Promise<never> => {
  throw error;
};

/** A cluster with one labelled StatefulSet and no policy. */
const cluster = (changes: Partial<Record<keyof KubernetesClient, unknown>>): KubernetesClient =>
  ({
    list: async () => ({ items: [{ metadata: { namespace: "mimir", name: "a" } }] }),
    get: fail(api(404, "GET /policies")),
    create: async () => ({}),
    ...changes,
  }) as unknown as KubernetesClient;
const look = (client: KubernetesClient, mayWrite = true) =>
  keepGuard(client, SCOPE, {
    wanted: true,
    memory: MEMORY,
    nowMs: Date.parse("2026-11-21T12:00:00Z"),
    mayWrite: () => mayWrite,
    intend: async () => undefined,
  });

describe("a cluster without the guard it should have says why, and the pass goes on", () => {
  const timeout = new ConnectionError("timeout", "https://x", "no answer in 10 s");
  test.each<[sentence: string, client: KubernetesClient, status: string, reason: string, message: RegExp]>([
    [
      "an API server that knows no such policies",
      cluster({ create: fail(api(404, "POST /policies")) }),
      "False",
      "GuardUnsupported",
      /serves no ValidatingAdmissionPolicy .*so 1 StatefulSet labelled .* can be scaled down: Kubernetes 1.30 and newer do; upgrade it/,
    ],
    [
      "one that breaks",
      cluster({ create: fail(api(500, "POST /policies")) }),
      "False",
      "ServerError",
      /POST \/policies with 500/,
    ],
    [
      "one that does not answer",
      cluster({ create: fail(timeout) }),
      "Unknown",
      "Unreachable",
      /did not answer \(timeout\)/,
    ],
    [
      "a list that does not come",
      cluster({ list: fail(timeout) }),
      "Unknown",
      "Unreachable",
      /cluster prod did not answer/,
    ],
    [
      "a list that is forbidden",
      cluster({ list: fail(api(403, "GET /statefulsets")) }),
      "False",
      "Forbidden",
      /GET \/statefulsets.*bind outrigger:rollouts/,
    ],
  ])("%s", async (_sentence, client, status, reason, message) => {
    const { finding, memory } = await look(client);
    expect(finding).toMatchObject({ type: "Guarded", status, reason, message: expect.stringMatching(message) });
    expect(memory).toBeDefined();
  });

  test("no time left for a write", async () => {
    const { finding, memory } = await look(cluster({ create: fail(new Error("written")) }), false);
    expect(finding).toMatchObject({ status: "Unknown", reason: "NoTimeLeft" });
    // Whatever is there of it, the next pass looks.
    expect(memory).toEqual({ definition: "yesterday", checkedAt: "1970-01-01T00:00:00.000Z" });
  });

  test("what is no answer of the cluster is not swallowed", async () => {
    await expect(look(cluster({ create: fail(new TypeError("a bug")) }))).rejects.toThrow("a bug");
  });

  test("whoever creates it a moment earlier is not overwritten unseen", async () => {
    let asked = 0;
    const client = cluster({
      get: async () => {
        asked += 1;
        if (asked === 1) throw api(404, "GET /policies");
        return { kind: "ValidatingAdmissionPolicy", metadata: { name: "outrigger-no-downscale", uid: "u" } };
      },
      create: fail(api(409, "POST /policies")),
    });
    expect((await look(client)).finding).toMatchObject({
      reason: "GuardElsewhere",
      message: expect.stringContaining("belongs to somebody else"),
    });
  });
});
