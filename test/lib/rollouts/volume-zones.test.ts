import { beforeEach, describe, expect, test } from "vitest";
import { ApiError, ConnectionError } from "../../../lib/kubernetes/errors.ts";
import type { PersistentVolume, PersistentVolumeClaim, Pod, StatefulSet } from "../../../lib/kubernetes/objects.ts";
import { observeVolumeZones, type VolumeQuestion, zoneOfVolume } from "../../../lib/rollouts/volume-zones.ts";
import { ModelClient } from "../../simulation/client.ts";
import { VirtualClock } from "../../simulation/clock.ts";
import { ClusterModel, NAMESPACE } from "../../simulation/model.ts";
import { at, NOW } from "./group.ts";

const ZONE = "topology.kubernetes.io/zone";
const EBS = "topology.ebs.csi.aws.com/zone";

type Expression = [key: string, operator: string, ...values: string[]];
/** A volume with one term of node affinity for each list of expressions. */
function volume(terms: Expression[][], labels: Record<string, string> = {}): PersistentVolume {
  const nodeSelectorTerms = terms.map((expressions) => ({
    matchExpressions: expressions.map(([key, operator, ...values]) => ({ key, operator, values })),
  }));
  const affinity = terms.length === 0 ? {} : { nodeAffinity: { required: { nodeSelectorTerms } } };
  return { metadata: { name: "pv", labels }, spec: affinity };
}

const VOLUMES: Record<string, [PersistentVolume, string | undefined]> = {
  "one of EBS": [volume([[[EBS, "In", "us-east-1a"]]]), "us-east-1a"],
  "one with the node label itself": [volume([[[ZONE, "In", "us-east-1b"]]]), "us-east-1b"],
  "one with the label of old": [volume([[["failure-domain.beta.kubernetes.io/zone", "In", "a"]]]), "a"],
  "one of several requirements": [
    volume([
      [
        ["kubernetes.io/os", "In", "linux"],
        [ZONE, "In", "a"],
      ],
    ]),
    "a",
  ],
  "one for several zones": [volume([[[ZONE, "In", "a", "b"]]]), undefined],
  "one for either of two zones": [volume([[[ZONE, "In", "a"]], [[ZONE, "In", "b"]]]), undefined],
  "one for a zone, or for a host anywhere": [
    volume([[[ZONE, "In", "a"]], [["kubernetes.io/hostname", "In", "h"]]]),
    undefined,
  ],
  "two terms of one zone": [volume([[[ZONE, "In", "a"]], [[ZONE, "In", "a"]]]), "a"],
  "one that excludes a zone": [volume([[[ZONE, "NotIn", "a"]]]), undefined],
  "one with a label alone": [volume([], { [ZONE]: "us-east-1c" }), "us-east-1c"],
  "one with a label of several zones": [volume([], { [ZONE]: "us-east-1a__us-east-1b" }), undefined],
  "one that can be used anywhere": [volume([]), undefined],
};

describe("the zone of a volume", () => {
  test.each(Object.entries(VOLUMES))("%s", (_what, [given, zone]) => {
    expect(zoneOfVolume(given, ZONE)).toBe(zone);
  });

  test("under a label of one's own is told by that label only", () => {
    const both = volume([
      [
        [EBS, "In", "us-east-1a"],
        ["example.com/rack", "In", "r7"],
      ],
    ]);
    expect(zoneOfVolume(both, "example.com/rack")).toBe("r7");
    expect(zoneOfVolume(volume([[[EBS, "In", "us-east-1a"]]]), "example.com/rack")).toBeUndefined();
  });
});

describe("the zones of pods, from their volumes,", () => {
  let model: ClusterModel;
  let asked: string[];
  let refused: string | undefined;
  let client: ModelClient;
  let failure: Error | undefined;

  beforeEach(() => {
    const clock = new VirtualClock();
    model = new ClusterModel({ clock, volumes: true, spread: ["a", "b"] });
    model.addStatefulSet("db", 4, { group: "db" });
    asked = [];
    refused = undefined;
    failure = undefined;
    client = new ModelClient(model, {
      fail: (verb, { plural }) => {
        asked.push(`${verb} ${plural}`);
        if (plural !== refused) return undefined;
        if (failure !== undefined) return failure;
        return new ApiError({ status: 403, reason: "Forbidden", message: "no", request: `${verb} ${plural}` });
      },
    });
  });

  /** With pods 2 and 3 on no node, unless told otherwise. */
  async function observe(changes: Partial<VolumeQuestion> = {}) {
    const pods = model.all<Pod>("pods").map((pod) => {
      const { nodeName: _nodeName, ...spec } = pod.spec ?? {};
      return /[23]$/.test(pod.metadata.name) ? { ...pod, spec } : pod;
    });
    const question: VolumeQuestion = {
      now: NOW,
      namespace: NAMESPACE,
      statefulSets: model.all<StatefulSet>("statefulsets"),
      pods,
      zoneOfNode: { "node-a": "a", "node-b": "b" },
      azOrder: [],
      topologyKey: ZONE,
      known: undefined,
      ...changes,
    };
    const [answer] = await Promise.all([observeVolumeZones(client, question), model.clock.run(() => false, 1_000)]);
    return answer;
  }
  const once = ["list persistentvolumeclaims", "get persistentvolumes", "get persistentvolumes"];

  test("cost a LIST, and a GET for each pod that no node tells the zone of", async () => {
    expect(await observe()).toEqual({ askedAt: NOW, topologyKey: ZONE, zones: { "db-2": "a", "db-3": "b" } });
    expect(asked).toEqual(once);
  });

  test("are told of a pod that is not there, by the names of its claims", async () => {
    model.remove("pods", "db-3");
    expect((await observe())?.zones).toEqual({ "db-2": "a", "db-3": "b" });
  });

  test("are told of a pod whose node is gone", async () => {
    expect((await observe({ zoneOfNode: { "node-b": "b" } }))?.zones).toHaveProperty("db-0", "a");
  });

  test("are not asked for again once they were told, nor under the same label within a minute", async () => {
    const known = { askedAt: at(-600), topologyKey: ZONE, zones: { "db-2": "x", "db-3": "y" } };
    expect(await observe({ known })).toBe(known);
    const partly = { askedAt: at(-59), topologyKey: ZONE, zones: {} };
    expect(await observe({ known: partly })).toBe(partly);
    expect(asked).toEqual([]);
    const later = { askedAt: at(-60), topologyKey: ZONE, zones: { "db-2": "x" } };
    expect(await observe({ known: later })).toMatchObject({ askedAt: NOW, zones: { "db-2": "x", "db-3": "b" } });
    expect(asked).toEqual(once.slice(0, 2));
    expect((await observe({ known, topologyKey: "example.com/rack" }))?.zones).toEqual({});
  });

  test("are unknown while a claim is not bound, or its volume is gone", async () => {
    const claim = model.find<PersistentVolumeClaim>("persistentvolumeclaims", "data-db-2");
    model.put<PersistentVolumeClaim>("persistentvolumeclaims", { metadata: claim?.metadata ?? { name: "" }, spec: {} });
    model.remove("persistentvolumes", "pv-data-db-3");
    expect((await observe())?.zones).toEqual({});
  });

  test.each(["persistentvolumeclaims", "persistentvolumes"])(
    "stay unknown, with a note, without the rule for %s",
    async (plural) => {
      refused = plural;
      const answer = await observe();
      expect(answer).toMatchObject({ zones: {}, refused: { reason: "Forbidden" } });
      expect(answer?.refused?.message).toContain(plural);
      refused = undefined;
      const again = await observe({ known: { ...answer!, askedAt: at(-61) } });
      expect(again).toEqual({ askedAt: NOW, topologyKey: ZONE, zones: { "db-2": "a", "db-3": "b" } });
    },
  );

  test.each(["persistentvolumeclaims", "persistentvolumes"])(
    "are what they were, with a note, while there is no answer about %s",
    async (plural) => {
      refused = plural;
      const known = { askedAt: at(-61), topologyKey: ZONE, zones: { "db-2": "x" } };
      failure = new ConnectionError("timeout", "https://a", "no answer within 10 s");
      expect(await observe({ known })).toMatchObject({ zones: { "db-2": "x" }, refused: { reason: "Unreachable" } });
      failure = new ApiError({ status: 500, reason: "", message: "no", request: `GET ${plural}` });
      expect(await observe({ known })).toMatchObject({ zones: { "db-2": "x" }, refused: { reason: "ApiServerError" } });
    },
  );

  const rows: Record<string, () => Partial<VolumeQuestion>> = {
    "when every pod is on a node": () => ({ pods: model.all<Pod>("pods") }),
    "of several StatefulSets": () => {
      const [one] = model.all<StatefulSet>("statefulsets");
      return { statefulSets: [one!, one!] };
    },
    "of a StatefulSet without volumes of its own": () => {
      const [one] = model.all<StatefulSet>("statefulsets");
      return { statefulSets: [{ ...one!, spec: { ...one!.spec, volumeClaimTemplates: [] } }] };
    },
    "of a StatefulSet with a zone by name": () => ({ azOrder: ["db"] }),
  };
  test.each(Object.entries(rows))("are not asked for %s", async (_what, changes) => {
    expect(await observe(changes())).toBeUndefined();
    expect(asked).toEqual([]);
  });
});
