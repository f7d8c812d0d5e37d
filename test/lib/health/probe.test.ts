import { beforeEach, describe, expect, it } from "vitest";
import { type ProbePorts, runProbe } from "../../../lib/health/probe.ts";
import { ApiError, ConnectionError } from "../../../lib/kubernetes/errors.ts";
import { RetryableError, TerminalError } from "../../../lib/work/verdict.ts";
import { at, registration } from "../registry/build.ts";
import { fakeCluster, fakeHub } from "../registry/hub.ts";

let hub: ReturnType<typeof fakeHub>;
beforeEach(async () => {
  hub = fakeHub();
  await hub.registry.save(registration(), undefined);
});
let seconds = 0;
/** One probe, 30 s after the last one by the API server's clock. */
async function probe(ports: ProbePorts = hub.ports, clusters = ["prod"]) {
  hub.clock.nowMs += 30_000;
  seconds += 30;
  const { readyz } = hub.cluster;
  const now = at(seconds);
  hub.cluster.readyz = () => ({ ...readyz(), observedAt: now });
  const outcomes = await runProbe(ports, { version: 1, clusters, dueAt: 0 });
  hub.cluster.readyz = readyz;
  return outcomes;
}
const changes = () => hub.events.map(({ detail }) => [detail["from"], detail["to"]]);

describe("a probe", () => {
  it("is two requests when all is well", async () => {
    await probe();
    expect(hub.cluster.requests).toEqual(["GET /readyz?verbose", "LIST nodes"]);
  });

  it("asks the older path where readyz is not known", async () => {
    hub.cluster.readyz = () => ({
      status: hub.cluster.requests.at(-1) === "GET /healthz" ? 200 : 404,
      headers: {},
      body: "ok",
    });
    expect(await probe()).toEqual([{ cluster: "prod", result: "Healthy" }]);
    expect(hub.cluster.requests).toEqual(["GET /readyz?verbose", "GET /healthz", "LIST nodes"]);
  });

  it("writes and tells when the class changes, and is silent while it does not", async () => {
    await probe();
    await probe();
    hub.cluster.readyz = () => ({ status: 500, headers: {}, body: "[-]etcd failed: reason withheld" });
    await probe();
    const since = (await hub.registry.loadHealth("prod"))?.since;
    await probe();
    expect(changes()).toEqual([
      [undefined, "Healthy"],
      ["Healthy", "Unhealthy"],
    ]);
    expect(await hub.registry.loadHealth("prod")).toMatchObject({ class: "Unhealthy", since });
  });

  it("writes every five minutes though nothing changes", async () => {
    await probe();
    const first = (await hub.registry.loadHealth("prod"))?.observedAt ?? "";
    for (let count = 0; count < 9; count += 1) await probe();
    expect((await hub.registry.loadHealth("prod"))?.observedAt).toBe(first);
    await probe();
    expect(Date.parse((await hub.registry.loadHealth("prod"))?.observedAt ?? "") - Date.parse(first)).toBe(300_000);
    expect(changes()).toHaveLength(1);
  });

  it("writes a change of node counts without telling of a class that stayed", async () => {
    const node = (status: string) => ({
      metadata: { name: "n" },
      status: { conditions: [{ type: "Ready", status, lastTransitionTime: at(seconds + 30) }] },
    });
    hub.cluster.nodes = () => [node("True")];
    await probe();
    hub.cluster.nodes = () => [node("False")];
    await probe();
    expect(await hub.registry.loadHealth("prod")).toMatchObject({ class: "Healthy", nodes: { ready: 0, total: 1 } });
    expect(changes()).toHaveLength(1);
  });

  it("starts without history for a cluster created anew", async () => {
    await probe();
    await hub.registry.save(registration({ identity: "new", at: at(1) }), registration());
    await probe();
    expect(changes()).toEqual([
      [undefined, "Healthy"],
      [undefined, "Healthy"],
    ]);
  });

  const sick: [sentence: string, error: Error, expected: string][] = [
    ["does not answer", new ConnectionError("timeout", "https://x", "no answer"), "Unreachable"],
    ["has another certificate authority", new ConnectionError("tls", "https://x", "self-signed"), "Unreachable"],
    ["is gone from EKS", new TerminalError("ClusterUnknown", "there is no EKS cluster prod"), "Unreachable"],
    ["has a kubeconfig that is refused", new TerminalError("KubeconfigRefused", "exec"), "AuthFailed"],
    ["may not be described", new TerminalError("AccessDenied", "no"), "AuthFailed"],
  ];
  it.each(sick)("of a cluster that %s is a result like any other", async (_sentence, error, expected) => {
    const connect = async () => Promise.reject(error);
    expect(await probe({ ...hub.ports, connect })).toEqual([{ cluster: "prod", result: expected }]);
    expect(await hub.registry.loadHealth("prod")).toMatchObject({ class: expected });
  });

  it("says nothing about a cluster while AWS is too busy to say how it is reached", async () => {
    const connect = async () => Promise.reject(new RetryableError("Throttled"));
    expect(await probe({ ...hub.ports, connect })).toEqual([{ cluster: "prod", result: "unknown" }]);
    expect(await hub.registry.loadHealth("prod")).toBeUndefined();
  });

  it("never lets one cluster touch another, and counts both kinds", async () => {
    await hub.registry.save(registration({ name: "sick" }), undefined);
    await hub.registry.save(registration({ name: "leaving", state: "Deregistering" }), undefined);
    await hub.registry.save(registration({ name: "unobserved", capabilities: ["rollouts"] }), undefined);
    const sickCluster = fakeCluster();
    sickCluster.readyz = () => {
      throw new ApiError({ status: 503, reason: "", message: "no", request: "GET /readyz" });
    };
    const connect = async ({ name }: { name: string }) => (name === "sick" ? sickCluster.client : hub.cluster.client);
    expect(
      await probe({ ...hub.ports, connect }, ["sick", "prod", "leaving", "unobserved", "unknown", "prod"]),
    ).toEqual([
      { cluster: "leaving", result: "skipped" },
      { cluster: "prod", result: "Healthy" },
      { cluster: "sick", result: "Unhealthy" },
      { cluster: "unknown", result: "skipped" },
      { cluster: "unobserved", result: "skipped" },
    ]);
    expect(hub.counted["ProbeLatency"]).toHaveLength(1);
  });

  it("goes back to the queue when the hub's own table fails, after the others were probed", async () => {
    await hub.registry.save(registration({ name: "other" }), undefined);
    const registry = {
      ...hub.registry,
      load: async (name: string) =>
        name === "prod" ? Promise.reject(new Error("table down")) : hub.registry.load(name),
    };
    await expect(probe({ ...hub.ports, registry }, ["prod", "other"])).rejects.toThrow("table down");
    expect(await hub.registry.loadHealth("other")).toMatchObject({ class: "Healthy" });
  });
});
