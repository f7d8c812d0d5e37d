import { noDownscaleGuard } from "../../../lib/guards/no-downscale.ts";
import { resourcePath } from "../../../lib/kubernetes/requests.ts";
import { statefulSet } from "./objects.ts";
import {
  type Answer,
  eventually,
  get,
  jsonPatch,
  merge,
  ok,
  post,
  put,
  type Row,
  type Step,
  strategic,
} from "./step.ts";

const LABEL = "grafana.com/no-downscale";

/** The guard as the product generates it, for the row's namespace and under a name of its own. */
const guard = (...names: string[]): Step[] =>
  noDownscaleGuard(
    { hubId: "hub", cluster: "prod", namespaces: ["{ns}"], followsInSeconds: 30 },
    names.map((name) => ({ namespace: "{ns}", name })),
  ).map(({ type, object }) => {
    const { policyName } = object.spec;
    return post(resourcePath(type, {}), {
      ...object,
      metadata: { ...object.metadata, name: "{ns}" },
      spec: { ...object.spec, ...(policyName === undefined ? {} : { policyName: "{ns}" }) },
    });
  });

const set = (name: string, labels: Record<string, string>, replicas = 3): object => {
  const made = statefulSet(name, { replicas }) as { metadata: object };
  return { ...made, metadata: { ...made.metadata, labels } };
};
const replicas = (count: number | null): object => ({ spec: { replicas: count } });
const refused = (from: number, to: number, name = "a"): Answer => ({
  status: 403,
  reason: "Forbidden",
  message: `"${name}" is forbidden: ValidatingAdmissionPolicy '{ns}' with binding '{ns}' denied request: StatefulSet {ns}/${name} is labelled ${LABEL}=true: scaling it down from ${from} to ${to} is refused; to scale it down, take the label off first: kubectl label statefulset ${name} -n {ns} ${LABEL}-`,
});
const inForce: Step[] = eventually(merge("sts/a?dryRun=All", replicas(2), refused(3, 2)));
const scale = (count: number): object => ({
  apiVersion: "autoscaling/v1",
  kind: "Scale",
  metadata: { name: "a" },
  ...replicas(count),
});

/** What the guard `no-downscale` refuses and lets pass. */
export const GUARDS: Row[] = [
  {
    title: "a labelled StatefulSet is not scaled down, whichever way it is asked",
    steps: [
      post("sts", set("a", { [LABEL]: "true" })),
      ...guard("a"),
      ...inForce,
      merge("sts/a", replicas(0), refused(3, 0)),
      strategic("sts/a", replicas(1), refused(3, 1)),
      jsonPatch("sts/a", [{ op: "replace", path: "/spec/replicas", value: 2 }], refused(3, 2)),
      put("sts/a", set("a", { [LABEL]: "true" }, 1), refused(3, 1)),
      // Without the field a StatefulSet has one replica.
      merge("sts/a", replicas(null), refused(3, 1)),
      merge("sts/a/scale", replicas(2), refused(3, 2)),
      jsonPatch("sts/a/scale", [{ op: "replace", path: "/spec/replicas", value: 1 }], refused(3, 1)),
      put("sts/a/scale", scale(2), refused(3, 2)),
      put("sts/a/scale", scale(0), refused(3, 0)),
      get("sts/a", ok({ spec: { replicas: 3 } })),
    ],
  },
  {
    title: "a labelled StatefulSet is scaled up and changed otherwise",
    steps: [
      post("sts", set("a", { [LABEL]: "true" })),
      ...guard("a"),
      ...inForce,
      merge("sts/a", replicas(4)),
      merge("sts/a/scale", replicas(5)),
      put("sts/a/scale", scale(5)),
      merge("sts/a", { spec: { minReadySeconds: 1 } }),
      merge("sts/a/status", { status: { observedGeneration: 1 } }),
      get("sts/a/scale", ok({ spec: { replicas: 5 } })),
    ],
  },
  {
    title: "from none a labelled StatefulSet may only grow",
    steps: [
      post("sts", set("a", { [LABEL]: "true" })),
      post("sts", set("z", { [LABEL]: "true" }, 0)),
      ...guard("a", "z"),
      ...inForce,
      merge("sts/z/scale", replicas(0)),
      merge("sts/z/scale", replicas(2)),
      merge("sts/z/scale", replicas(0), refused(2, 0, "z")),
    ],
  },
  {
    title: "the labels it had before count: taking the label off comes first",
    steps: [
      post("sts", set("a", { [LABEL]: "true" })),
      ...guard("a"),
      ...inForce,
      merge("sts/a", { metadata: { labels: { [LABEL]: null } }, ...replicas(2) }, refused(3, 2)),
      merge("sts/a", { metadata: { labels: { [LABEL]: null } } }),
      merge("sts/a", replicas(2)),
      // A Scale shows no labels: the names count until they are in step again.
      merge("sts/a/scale", replicas(1), {
        status: 403,
        message: `${LABEL}- (kubectl scale heeds that within 30 s). The Outrigger hub hub put this guard here for its cluster prod; if that hub is gone, remove it: kubectl delete validatingadmissionpolicy outrigger-no-downscale`,
      }),
      // The label and fewer replicas in one update: it was not protected before.
      merge("sts/a", { metadata: { labels: { [LABEL]: "true" } }, ...replicas(0) }),
    ],
  },
  {
    title: "a label set later protects, without anything else being changed",
    steps: [
      post("sts", set("a", { [LABEL]: "true" })),
      post("sts", set("b", {})),
      ...guard("a"),
      ...inForce,
      merge("sts/b", replicas(2)),
      merge("sts/b", { metadata: { labels: { [LABEL]: "true" } } }),
      merge("sts/b", replicas(1), refused(2, 1, "b")),
      merge("sts/b/scale?dryRun=All", replicas(1)),
    ],
  },
  {
    title: "what is not labelled `true`, and what is in another namespace, is left alone",
    steps: [
      post("ns", { metadata: { name: "{ns}-other" } }),
      post("sts", set("a", { [LABEL]: "true" })),
      post("sts", set("b", { [LABEL]: "false" })),
      post("sts", set("c", {})),
      post("/apis/apps/v1/namespaces/{ns}-other/statefulsets", set("a", { [LABEL]: "true" })),
      ...guard("a"),
      ...inForce,
      ...["b", "c"].flatMap((name) => [merge(`sts/${name}`, replicas(2)), merge(`sts/${name}/scale`, replicas(1))]),
      merge("/apis/apps/v1/namespaces/{ns}-other/statefulsets/a", replicas(2)),
      merge("/apis/apps/v1/namespaces/{ns}-other/statefulsets/a/scale", replicas(1)),
    ],
  },
];
