import { describe, expect, test } from "vitest";
import { ApiError, ConnectionError } from "../../lib/kubernetes/errors.ts";
import type { Pod, StatefulSet } from "../../lib/kubernetes/objects.ts";
import type { ExecuteOptions } from "../../lib/rollouts/attempt.ts";
import { writtenInto } from "../../lib/rollouts/claim.ts";
import { claimStatefulSet, releaseClaims } from "../../lib/rollouts/claims.ts";
import { executeRollout } from "../../lib/rollouts/execute.ts";
import type { RolloutAction } from "../../lib/rollouts/plan-actions.ts";
import { ModelClient } from "./client.ts";
import { VirtualClock } from "./clock.ts";
import { ClusterModel } from "./model.ts";

const clock = new VirtualClock();
const FORBIDDEN = new ApiError({ status: 403, reason: "Forbidden", message: "no rule", request: "DELETE pods/a-0" });

function cluster(): { model: ClusterModel; client: ModelClient } {
  const model = new ClusterModel({ clock });
  model.addStatefulSet("a", 4, { group: "ingester" });
  model.addStatefulSet("b", 2, { group: "ingester" });
  return { model, client: new ModelClient(model) };
}

const deletion = (model: ClusterModel, pod: string, uid?: string): RolloutAction => ({
  kind: "DeletePod",
  object: `mimir/${pod}`,
  reason: "Outdated",
  statefulSet: pod.split("-")[0] ?? "",
  zone: "a",
  pod,
  uid: uid ?? model.find<Pod>("pods", pod)?.metadata.uid ?? "none",
});
const claim = (model: ClusterModel, statefulSet: string, resourceVersion?: string): RolloutAction => {
  const found = model.find<StatefulSet>("statefulsets", statefulSet);
  return {
    kind: "ClaimStatefulSet",
    object: `mimir/${statefulSet}`,
    reason: "RolloutStarts",
    statefulSet,
    resourceVersion: resourceVersion ?? found?.metadata.resourceVersion ?? "",
    seen: found === undefined ? "" : writtenInto(found),
  };
};

const annotate = (model: ClusterModel, name: string, annotations: Record<string, string>): void => {
  const found = model.find<StatefulSet>("statefulsets", name);
  if (found === undefined) throw new Error(`no StatefulSet ${name}`);
  model.changeStatefulSet(found, { ...found, metadata: { ...found.metadata, annotations } });
};

const versionOf = (action: RolloutAction | undefined): string =>
  action?.kind === "ClaimStatefulSet" ? action.resourceVersion : "";

/** Lets the model's time pass while the call goes on. */
async function settled<T>(call: Promise<T>): Promise<T> {
  let done = false;
  const watched = call.finally(() => {
    done = true;
  });
  watched.catch(() => {});
  await clock.run(() => done, 60_000);
  return watched;
}

async function results(
  client: ModelClient,
  actions: RolloutAction[],
  options: Partial<ExecuteOptions> = {},
): Promise<string[]> {
  const all = {
    namespace: "mimir",
    owner: "hub/mimir/x",
    mayWrite: () => true,
    reached: async () => {},
    unwanted: async () => undefined,
    deleted: () => {},
    changed: () => {},
  };
  const executed = await settled(executeRollout(client, actions, { ...all, ...options }));
  return executed.map(({ outcome }) => outcome.result);
}

describe("executing a batch", () => {
  test("deletes what has the UID it had, and takes gone or replaced pods as data", async () => {
    const { model, client } = cluster();
    const actions = [deletion(model, "a-0"), deletion(model, "a-1", "another"), deletion(model, "a-9")];
    expect(await results(client, actions)).toEqual(["done", "preconditionFailed", "alreadyGone"]);
    expect(model.find<Pod>("pods", "a-1")?.metadata.deletionTimestamp).toBeUndefined();
  });

  test.each([
    ["was carried out", {}, "done", 1],
    ["got no answer", { error: new ConnectionError("timeout", "https://prod", "no answer") }, "failed", 1],
    ["was refused", { error: FORBIDDEN }, "refused", 0],
    ["was not sent", { mayWrite: false }, "skipped", 0],
  ])(
    "tells of a delete that may have been carried out once it is over: one that %s",
    async (_what, how, result, times) => {
      const { error, mayWrite = true }: { error?: Error; mayWrite?: boolean } = how;
      const { model, client } = cluster();
      if (error !== undefined) client.delete = () => Promise.reject(error);
      let told = 0;
      const options = { mayWrite: () => mayWrite, deleted: () => void told++ };
      expect([await results(client, [deletion(model, "a-0")], options), told]).toEqual([[result], times]);
    },
  );

  test("begins nothing once the lease has too little left", async () => {
    const { model, client } = cluster();
    let writes = 0;
    const actions = [claim(model, "a"), claim(model, "b"), deletion(model, "a-0")];
    expect(await results(client, actions, { mayWrite: () => writes++ < 1 })).toEqual(["done", "skipped", "skipped"]);
  });

  test("begins no delete after one was refused", async () => {
    const { model, client } = cluster();
    client.delete = () => Promise.reject(FORBIDDEN);
    const actions = Array.from({ length: 4 }, (_, ordinal) => deletion(model, `a-${ordinal}`));
    const more = [...actions, ...actions, ...actions];
    const found = await results(client, more);
    expect(found.filter((result) => result === "refused").length).toBeLessThanOrEqual(8);
    expect(found.slice(-4)).toEqual(Array(4).fill("skipped"));
  });

  test("tells a busy API server from a refusal", async () => {
    const { model, client } = cluster();
    client.delete = () =>
      Promise.reject(new ApiError({ status: 429, reason: "TooManyRequests", message: "later", request: "DELETE" }));
    expect(await results(client, [deletion(model, "a-0")])).toEqual(["failed"]);
  });

  test("writes currentRevision under a resourceVersion", async () => {
    const { model, client } = cluster();
    const write = (resourceVersion: string): RolloutAction => ({
      kind: "SetCurrentRevision",
      object: "mimir/a",
      reason: "ZoneCompleted",
      statefulSet: "a",
      resourceVersion,
      revision: "new",
    });
    const { resourceVersion = "" } = model.find("statefulsets", "a")?.metadata ?? {};
    expect(await results(client, [write("1"), write(resourceVersion)])).toEqual(["preconditionFailed", "done"]);
    expect(model.find<StatefulSet>("statefulsets", "a")?.status).toMatchObject({ currentRevision: "new", replicas: 4 });
  });
});

describe("claims", () => {
  test("are laid under a resourceVersion, again after a status change in between", async () => {
    const { model, client } = cluster();
    const target = { namespace: "mimir", name: "a", resourceVersion: "stale" };
    await expect(settled(claimStatefulSet(client, target, "hub/mimir/x"))).resolves.toMatchObject({
      result: "claimed",
    });
    expect(model.find("statefulsets", "a")?.metadata.annotations).toEqual({ "outrigger.dev/rollout": "hub/mimir/x" });
  });

  test.each([
    ["are laid all the same, and the batch goes on", "status", ["done", "done"]],
    ["are not laid, and nothing is deleted", "template", ["preconditionFailed", "skipped"]],
    ["are not laid, and nothing is deleted", "annotation", ["preconditionFailed", "skipped"]],
  ])("%s, where its %s has changed since the plan", async (_what, changed, expected) => {
    const { model, client } = cluster();
    const actions = [claim(model, "a"), deletion(model, "a-0")];
    if (changed === "status") model.deletePod("a-3");
    else if (changed === "template") model.changeTemplate("a", "newer");
    else annotate(model, "a", { "grafana.com/rollout-paused": "true" });
    await clock.run(() => false, 1_000);
    expect(model.find("statefulsets", "a")?.metadata.resourceVersion).not.toBe(versionOf(actions[0]));
    expect(await results(client, actions)).toEqual(expected);
  });

  test("of another owner stop everything, and what was claimed on the way is given back", async () => {
    const { model, client } = cluster();
    const target = { namespace: "mimir", name: "b", resourceVersion: "stale" };
    await settled(claimStatefulSet(client, target, "hub-2/mimir/x"));
    const actions = [claim(model, "a"), claim(model, "b", "stale"), deletion(model, "a-0")];
    const told: (string | undefined)[] = [];
    const changed = ({ metadata }: StatefulSet) => void told.push(metadata.annotations?.["outrigger.dev/rollout"]);
    expect(await results(client, actions, { changed })).toEqual(["done", "refused", "skipped"]);
    expect(told).toEqual(["hub/mimir/x", undefined]);
    expect(model.find("statefulsets", "a")?.metadata.annotations).toEqual({});
    expect(model.find("statefulsets", "b")?.metadata.annotations).toEqual({ "outrigger.dev/rollout": "hub-2/mimir/x" });
  });

  test("are given back on the way without the strategy that an earlier owner had adopted", async () => {
    const { model, client } = cluster();
    const adopted = { "outrigger.dev/adopted-strategy": '{"type":"RollingUpdate"}' };
    annotate(model, "a", adopted);
    const target = { namespace: "mimir", name: "b", resourceVersion: "stale" };
    await settled(claimStatefulSet(client, target, "hub-2/mimir/x"));
    const actions = [claim(model, "a"), claim(model, "b", "stale"), deletion(model, "a-0")];
    expect(await results(client, actions)).toEqual(["done", "refused", "skipped"]);
    const { metadata, spec } = model.find<StatefulSet>("statefulsets", "a") ?? {};
    expect(metadata?.annotations).toEqual(adopted);
    expect(spec?.updateStrategy).toEqual({ type: "OnDelete" });
  });

  test("that cannot be given back on the way stay, and nothing is thrown for it", async () => {
    const { model, client } = cluster();
    const target = { namespace: "mimir", name: "b", resourceVersion: "stale" };
    await settled(claimStatefulSet(client, target, "hub-2/mimir/x"));
    client.get = async (_type, { name }) => {
      if (name === "a") throw new ConnectionError("timeout", "https://prod", "no answer");
      return model.find("statefulsets", name) as never;
    };
    const actions = [claim(model, "a"), claim(model, "b", "stale"), deletion(model, "a-0")];
    expect(await results(client, actions)).toEqual(["done", "refused", "skipped"]);
    expect(model.find("statefulsets", "a")?.metadata.annotations).toEqual({ "outrigger.dev/rollout": "hub/mimir/x" });
  });

  test("of a registration are all given back, those of others are not", async () => {
    const { client } = cluster();
    const claimFor = (name: string, owner: string) =>
      settled(claimStatefulSet(client, { namespace: "mimir", name, resourceVersion: "stale" }, owner));
    await claimFor("a", "hub.prod/mimir/x");
    await claimFor("b", "hub.dev/mimir/x");
    expect(await settled(releaseClaims(client, "hub", { cluster: "prod", namespaces: [] }))).toEqual(["mimir/a"]);
    expect(
      await settled(releaseClaims(client, "hub", { cluster: "dev", resource: { namespace: "mimir", name: "other" } })),
    ).toEqual([]);
  });
});
