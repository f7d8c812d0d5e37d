import { describe, expect, test } from "vitest";
import type { KubernetesClient } from "../../../lib/kubernetes/client.ts";
import { observeMirrors } from "../../../lib/rollouts/observe-replicas.ts";
import { statefulSet } from "./group.ts";
import { rules } from "./replica-row.ts";

const status = (code: number, message: string) => ({
  status: code,
  body: JSON.stringify({ kind: "Status", code, message }),
});
const WIDGETS = {
  resources: [
    { name: "widgets", kind: "Widget", namespaced: true, verbs: ["get"] },
    { name: "worlds", kind: "World", namespaced: false, verbs: ["get"] },
  ],
};

/** What the API server answers by path, and which paths were asked for. */
function serverOf(answers: Record<string, { status: number; body: string }>) {
  const asked: string[] = [];
  const raw: KubernetesClient["raw"] = async (method, path) => {
    asked.push(`${method} ${path}`);
    return { headers: {}, ...(answers[path] ?? status(404, `${path} not found`)) };
  };
  return { asked, client: { raw } as KubernetesClient };
}

const TEMPLATE = "/apis/rollout-operator.grafana.com/v1/namespaces/mimir/replicatemplates/ingester/scale";
const WIDGET = "/apis/example.com/v1/namespaces/mimir/widgets/ingester/scale";
const discovery = { "/apis/example.com/v1": { status: 200, body: JSON.stringify(WIDGETS) } };

interface Row {
  mirror?: Parameters<typeof rules>[0]["mirror"];
  answers?: Parameters<typeof serverOf>[0];
  /** What is read: replicas and those of the status, or the reason. */
  reads: [number, number] | string;
  says?: RegExp;
  asks?: number;
}

const widget = { kind: "Widget", "api-version": "example.com/v1" };
const rows: Record<string, Row> = {
  "a ReplicaTemplate is read with one request": {
    answers: { [TEMPLATE]: { status: 200, body: '{"spec":{"replicas":4},"status":{"replicas":3}}' } },
    reads: [4, 3],
    asks: 1,
  },
  "replicas that the API server leaves out are 0": {
    answers: { [TEMPLATE]: { status: 200, body: '{"spec":{},"status":{}}' } },
    reads: [0, 0],
  },
  "a resource of another kind is found by its kind": {
    mirror: widget,
    answers: { ...discovery, [WIDGET]: { status: 200, body: '{"spec":{"replicas":2},"status":{"replicas":2}}' } },
    reads: [2, 2],
    asks: 2,
  },
  "a resource that is not there says so": {
    reads: "MirrorNotFound",
    says: /^ReplicaTemplate ingester \(rollout-operator.grafana.com\/v1\), which ingester-a takes its replicas from, is not there or has no scale/,
  },
  "a kind that is not served says so": {
    mirror: { ...widget, kind: "Gadget" },
    answers: discovery,
    reads: "MirrorNotFound",
    says: /of a kind the cluster does not serve in namespaces/,
  },
  "a kind without namespaces is none": {
    mirror: { ...widget, kind: "World" },
    answers: discovery,
    reads: "MirrorNotFound",
  },
  "a ReplicaTemplate that may not be read names the role": {
    answers: { [TEMPLATE]: status(403, 'cannot get resource "replicatemplates/scale"') },
    reads: "MirrorForbidden",
    says: /cannot get resource "replicatemplates\/scale"\. Apply the role outrigger:mirror-replicas/,
  },
  "another resource that may not be read names the rule": {
    mirror: widget,
    answers: { ...discovery, [WIDGET]: status(403, "forbidden") },
    reads: "MirrorForbidden",
    says: /Grant the group outrigger get on widgets\/scale of apiGroup "example.com"/,
  },
  "an API server that fails is told of": {
    answers: { [TEMPLATE]: status(500, "etcd is slow") },
    reads: "MirrorUnreadable",
    says: /answered 500: etcd is slow/,
  },
};

describe("what replicas are mirrored from", () => {
  test.each(Object.entries(rows))("%s", async (_sentence, { mirror = {}, answers = {}, reads, says, asks }) => {
    const { client, asked } = serverOf(answers);
    const readings = await observeMirrors(client, "mimir", [statefulSet("ingester-a", "NN", rules({ mirror }))]);
    const [reading] = Object.values(readings);
    if (typeof reads === "string") expect(reading).toMatchObject({ reason: reads });
    else expect(reading).toMatchObject({ replicas: reads[0], statusReplicas: reads[1] });
    if (says !== undefined) expect(reading).toMatchObject({ message: expect.stringMatching(says) });
    if (asks !== undefined) expect(asked).toHaveLength(asks);
  });

  test("is read once, whoever mirrors it", async () => {
    const { client, asked } = serverOf({ [TEMPLATE]: { status: 200, body: '{"spec":{"replicas":4}}' } });
    const zones = ["ingester-a", "ingester-b"].map((name) => statefulSet(name, "NN", rules({ mirror: {} })));
    expect(Object.keys(await observeMirrors(client, "mimir", zones))).toEqual([
      "rollout-operator.grafana.com/v1/ReplicaTemplate/ingester",
    ]);
    expect(asked).toHaveLength(1);
  });

  test("is not asked for where no StatefulSet mirrors", async () => {
    const { client, asked } = serverOf({});
    expect(await observeMirrors(client, "mimir", [statefulSet("ingester-a", "NN")])).toEqual({});
    expect(asked).toEqual([]);
  });
});
