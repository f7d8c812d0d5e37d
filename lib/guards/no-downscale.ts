import { createHash } from "node:crypto";
import type { ResourceType } from "../kubernetes/client.ts";
import { DEFINITION_HASH, MANAGED_BY, MANAGER } from "../kubernetes/custom-resources.ts";
import type { KubernetesObject, LabelSelector } from "../kubernetes/objects.ts";
import {
  STATEFUL_SETS,
  VALIDATING_ADMISSION_POLICIES,
  VALIDATING_ADMISSION_POLICY_BINDINGS,
} from "../kubernetes/types.ts";
import { NO_DOWNSCALE_BINDINGS, NO_DOWNSCALE_LABEL, NO_DOWNSCALE_POLICY } from "./names.ts";

/** Annotation that says whose guard it is: `<hub id>.<cluster>`, the cluster as that hub names it. */
const GUARD_OWNER = "outrigger.dev/guard";

/** Who asks for a guard, and where. */
export interface GuardScope {
  hubId: string;
  /** The cluster's name in the hub. */
  cluster: string;
  /** Empty = all. */
  namespaces: readonly string[];
}

/** One object of a guard, as it is created. */
export interface GuardObject {
  type: ResourceType;
  object: KubernetesObject & { spec: Record<string, unknown> };
}

const guardOwner = ({ hubId, cluster }: Pick<GuardScope, "hubId" | "cluster">): string => `${hubId}.${cluster}`;

const PROTECTED: LabelSelector = { matchLabels: { [NO_DOWNSCALE_LABEL]: "true" } };
const LABEL = quote(NO_DOWNSCALE_LABEL);
const IS_SCALE = 'has(request.subResource) && request.subResource == "scale"';

/**
 * The objects that have the API server refuse every decrease of `spec.replicas` of a StatefulSet labelled
 * `grafana.com/no-downscale: "true"`, whoever asks. In the order in which they take effect: the policy alone does nothing.
 *
 * The policy follows the label by itself. An update shows the object with its labels, and the labels it had before count, as
 * they do for the operator's webhook. A Scale has no labels, so its binding has the API server look up the labelled
 * StatefulSets of the namespace as parameters (`paramRef`), and the policy asks whether the scaled one is among them.
 *
 * `failurePolicy: Fail`: a field is read only where it is there, so no expression can fail on what an API server sends. What
 * is left is a server that just started and has not listed its StatefulSets within a second: it refuses, and is asked again.
 */
export function noDownscaleGuard(scope: GuardScope): GuardObject[] {
  const { NO_UPDATE, NO_SCALE } = NO_DOWNSCALE_BINDINGS;
  return [
    guardObject(VALIDATING_ADMISSION_POLICIES, NO_DOWNSCALE_POLICY, scope, {
      failurePolicy: "Fail",
      paramKind: { apiVersion: STATEFUL_SETS.apiVersion, kind: STATEFUL_SETS.kind },
      matchConstraints: matching(["statefulsets", "statefulsets/scale"], {}, scope.namespaces),
      matchConditions: [{ name: "is-protected", expression: isProtected() }],
      variables: [
        { name: "before", expression: replicasOf("oldObject") },
        { name: "after", expression: replicasOf("object") },
      ],
      validations: [
        {
          expression: "variables.after >= variables.before",
          reason: "Forbidden",
          message: `StatefulSets labelled ${NO_DOWNSCALE_LABEL}=true may not be scaled down; ${removal(scope)}`,
          messageExpression: denial(scope),
        },
      ],
    }),
    binding(NO_UPDATE, scope, { matchResources: matching(["statefulsets"], PROTECTED) }),
    binding(NO_SCALE, scope, {
      matchResources: matching(["statefulsets/scale"], {}),
      paramRef: { selector: PROTECTED, parameterNotFoundAction: "Allow" },
    }),
  ];
}

function binding(name: string, scope: GuardScope, spec: object): GuardObject {
  return guardObject(VALIDATING_ADMISSION_POLICY_BINDINGS, name, scope, {
    policyName: NO_DOWNSCALE_POLICY,
    validationActions: ["Deny"],
    ...spec,
  });
}

/** What an API server would fill in is filled in, so that a live object can be compared with it. */
function matching(resources: string[], objectSelector: LabelSelector, namespaces: readonly string[] = []): object {
  return {
    matchPolicy: "Equivalent",
    resourceRules: [
      { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["UPDATE"], resources, scope: "Namespaced" },
    ],
    objectSelector,
    namespaceSelector:
      namespaces.length === 0
        ? {}
        : {
            matchExpressions: [
              { key: "kubernetes.io/metadata.name", operator: "In", values: [...new Set(namespaces)].sort() },
            ],
          },
  };
}

function isProtected(): string {
  const labels = "oldObject.metadata.labels";
  const labelled = `has(${labels}) && ${LABEL} in ${labels} && ${labels}[${LABEL}] == "true"`;
  return `${IS_SCALE} ? params.metadata.name == request.name : (${labelled})`;
}

/** A Scale of 0 leaves the field out; a StatefulSet without it has 1. */
const replicasOf = (object: string): string =>
  `has(${object}.spec) && has(${object}.spec.replicas) ? ${object}.spec.replicas : (${IS_SCALE} ? 0 : 1)`;

/** Names the object, the cause, and the two ways out: whoever reads it may never have heard of the hub. */
function denial(scope: GuardScope): string {
  return [
    '"StatefulSet " + request.namespace + "/" + request.name',
    quote(` is labelled ${NO_DOWNSCALE_LABEL}=true: scaling it down from `),
    "string(variables.before)",
    quote(" to "),
    "string(variables.after)",
    quote(" is refused; to scale it down, take the label off first: kubectl label statefulset "),
    "request.name",
    quote(" -n "),
    "request.namespace",
    quote(` ${NO_DOWNSCALE_LABEL}-. ${removal(scope)}`),
  ].join(" + ");
}

const removal = ({ hubId, cluster }: GuardScope): string =>
  `This guard was put here by the Outrigger hub ${hubId} for its cluster ${cluster}; without that hub, remove it: kubectl delete validatingadmissionpolicy ${NO_DOWNSCALE_POLICY}`;

function guardObject(type: ResourceType, name: string, scope: GuardScope, spec: Record<string, unknown>): GuardObject {
  const hash = createHash("sha256").update(JSON.stringify(spec)).digest("hex");
  const metadata = {
    name,
    labels: { [MANAGED_BY]: MANAGER },
    annotations: { [GUARD_OWNER]: guardOwner(scope), [DEFINITION_HASH]: hash },
  };
  return { type, object: { apiVersion: type.apiVersion, kind: type.kind, metadata, spec } };
}

/** A CEL string: its escapes are those of JSON. */
function quote(text: string): string {
  return JSON.stringify(text);
}
