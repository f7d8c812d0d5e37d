import type { KubernetesClient, RawResponse } from "../../../lib/kubernetes/client.ts";
import type { KubernetesObject } from "../../../lib/kubernetes/objects.ts";
import { SCALE_DOWN_RULES } from "../../../lib/rollouts/safety-replicas.ts";
import type { Setting } from "./draw.ts";
import { befallen, instead, type Mutation, without } from "./mutation.ts";
import type { Bend } from "./surroundings.ts";

const scaled =
  (...wanted: ("chain" | "minTimeSeconds" | "writeBack" | "prepared")[]) =>
  ({ scaling }: Setting): boolean =>
    scaling !== undefined && wanted.every((each) => scaling[each]);

/** Takes a rule out of those for a scale-down alone. */
const scalingWithout = (name: string, among: Mutation["among"] = scaled()): Mutation => ({
  apply: instead(name, () => ({ name, apply: (batch) => ({ keep: batch }) }), SCALE_DOWN_RULES),
  among,
});

/** Something else becomes of calls to pods. */
const calling = (
  method: "POST" | "DELETE",
  answer: (call: () => Promise<RawResponse>) => Promise<RawResponse>,
): Bend => ({
  client: (client) => ({
    ...client,
    raw: (verb, path, options) => {
      const call = (): Promise<RawResponse> => client.raw(verb, path, options);
      return verb === method && path.includes("/proxy/") ? answer(call) : call();
    },
  }),
});

const DONE: RawResponse = { status: 204, headers: {}, body: "" };

/** Whoever looks at StatefulSets sees no minimum time. */
function hasty(client: KubernetesClient): KubernetesClient {
  const hide = <T extends KubernetesObject>(object: T): T => {
    const { "grafana.com/min-time-between-zones-downscale": time, ...labels } = object.metadata.labels ?? {};
    if (time === undefined) return object;
    const none = { ...labels, "grafana.com/min-time-between-zones-downscale": "0s" };
    return { ...object, metadata: { ...object.metadata, labels: none } };
  };
  return {
    ...client,
    get: async (type, name) => hide(await client.get(type, name)),
    list: async (type, options) => {
      const listed = await client.list(type, options);
      return { ...listed, items: listed.items.map(hide) as never };
    },
    async *watch(type, options) {
      for await (const event of client.watch(type, options))
        yield (event.type === "BOOKMARK" ? event : { ...event, object: hide(event.object) }) as never;
    },
  };
}

/** Writes into the spec of a mirrored resource as well. */
const presumptuous = (client: KubernetesClient): KubernetesClient => ({
  ...client,
  patch: async (type, name, patch, options) => {
    if (type.kind !== "ReplicaTemplate") return client.patch(type, name, patch, options);
    const { status } = patch as { status: { replicas: number } };
    const { subresource: _status, ...whole } = options;
    return client.patch(type, name, { status, spec: { replicas: status.replicas + 1 } }, whole);
  },
});

/** Bugs about replicas, and about pods that are prepared for a scale-down. */
export const SCALING_MUTATIONS: Record<string, Mutation> = {
  "a zone is scaled down while another one is unready": scalingWithout(
    "no zone is scaled down while another one is unready",
  ),
  "there is no minimum time between zones": { bend: { client: hasty }, among: scaled("chain", "minTimeSeconds") },
  "pods are scaled away unprepared": { bend: calling("POST", async () => DONE), among: scaled("prepared") },
  "a pod that refuses counts as prepared": {
    bend: calling("POST", async (call) => ({ ...(await call()), status: 200 })),
    among: (setting) => scaled("prepared")(setting) && befallen("pod refuses to prepare")(setting),
  },
  "what was prepared in vain is not taken back": {
    bend: calling("DELETE", async () => DONE),
    among: (setting) => scaled("prepared")(setting) && befallen("autoscaler changes its mind")(setting),
  },
  "a pod that was prepared is replaced without a word": without(
    "a pod that was prepared for its end is told first that it stays",
    (setting) =>
      scaled("prepared")(setting) &&
      befallen("pod refuses to go on")(setting) &&
      befallen("template changed for prepared pods")(setting),
  ),
  "what is written back is wanted from then on": { bend: { client: presumptuous }, among: scaled("writeBack") },
};
