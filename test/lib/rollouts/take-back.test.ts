import { expect, test } from "vitest";
import type { KubernetesClient } from "../../../lib/kubernetes/client.ts";
import { ConnectionError } from "../../../lib/kubernetes/errors.ts";
import { takeBack } from "../../../lib/rollouts/take-back.ts";
import { observe } from "./group.ts";
import { claimed } from "./plan-row.ts";
import { PREPARE, scaleDown } from "./replica-row.ts";

test("pods that do not answer do not keep the claims for long, however many they are", async () => {
  const endpoint = { port: 80, path: PREPARE.path };
  const pods = Array.from({ length: 200 }, (_, index) => `ingester-b-${index}`);
  const key = {
    cluster: "prod",
    home: "cluster" as const,
    kind: "MultiAZRollout",
    namespace: "mimir",
    name: "ingesters",
  };
  const [statefulSet] = observe({
    pods: { b: "" },
    parts: { b: { replicas: 200, ...claimed("hub.prod/mimir/ingesters") } },
  }).statefulSets;
  let [now, calls] = [0, 0];
  const client = {
    get: async () => statefulSet,
    raw: async () => {
      calls += 1;
      now += 5_000;
      throw new ConnectionError("timeout", "https://prod", "no answer within 5 s");
    },
  } as unknown as KubernetesClient;
  const state = scaleDown("b", { endpoint, from: 200, to: 0, pods });
  const lease = { mayWrite: () => true };
  const [outcome] = await takeBack({ client, hubId: "hub", key, state, now: () => now, lease });
  expect(outcome).toMatchObject({ kind: "UndoPrepareDownscale", object: "mimir/ingester-b", result: "refused" });
  expect(calls).toBeLessThanOrEqual(8);
});
