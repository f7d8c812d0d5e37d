import { createHash } from "node:crypto";
import type { ObjectName, ResourceType } from "../kubernetes/client.ts";
import { DEFINITION_HASH, MANAGED_BY, MANAGER } from "../kubernetes/custom-resources.ts";
import type { KubernetesObject } from "../kubernetes/objects.ts";
import { VALIDATING_ADMISSION_POLICIES, VALIDATING_ADMISSION_POLICY_BINDINGS } from "../kubernetes/types.ts";
import { NO_DOWNSCALE_LABEL, NO_DOWNSCALE_POLICY } from "./names.ts";

/** Annotation that says whose guard it is: `<hub id>.<cluster>`, the cluster as that hub names it. */
const GUARD_OWNER = "outrigger.dev/guard";

/** Who asks for a guard, and where. */
export interface GuardScope {
  hubId: string;
  /** The cluster's name in the hub. */
  cluster: string;
  /** Empty = all. */
  namespaces: readonly string[];
  /** Seconds after which a change of a label has reached the guard of the Scale. */
  followsInSeconds: number;
}

/** One object of a guard, as it is created. */
export interface GuardObject {
  type: ResourceType;
  object: KubernetesObject & { spec: Record<string, unknown> };
}

/** @returns whose guard an object is of; "" when it names nobody. */
export const ownerOf = ({ metadata }: KubernetesObject): string => metadata.annotations?.[GUARD_OWNER] ?? "";

/** @returns a hash over all objects of a guard. */
export function definitionOf(guard: readonly GuardObject[]): string {
  return sha256(guard.map(({ object }) => object.metadata));
}

/** An API server reads no expression of more than 100,000 characters: names are spread over several. */
const EXPRESSION_CHARACTERS = 50_000;
const LABEL = quote(NO_DOWNSCALE_LABEL);
const IS_SCALE = 'has(request.subResource) && request.subResource == "scale"';

/**
 * The objects that have the API server refuse every decrease of `spec.replicas` of a StatefulSet labelled
 * `grafana.com/no-downscale: "true"`, whoever asks. In the order in which they take effect: the policy alone does nothing.
 *
 * An update shows the object with its labels, and the labels it had before count, as they do for the operator's webhook: that
 * rule follows the label by itself. A Scale has no labels, so the policy knows the labelled StatefulSets by name.
 *
 * `failurePolicy: Fail`: a field is read only where it is there, so nothing an API server sends can make an expression fail.
 * @param labelled every StatefulSet in scope that carries the label.
 */
export function noDownscaleGuard(scope: GuardScope, labelled: readonly Required<ObjectName>[]): GuardObject[] {
  const lists = listsOf(labelled).map((names, index) => ({
    name: `named${index}`,
    expression: `(request.namespace + "/" + request.name) in [${names}]`,
  }));
  const named = lists.map(({ name }) => `variables.${name}`).join(" || ");
  const policy = {
    failurePolicy: "Fail",
    matchConstraints: matchConstraints(scope.namespaces),
    variables: [
      { name: "before", expression: replicasOf("oldObject") },
      { name: "after", expression: replicasOf("object") },
      ...lists,
      {
        name: "guarded",
        expression: `${IS_SCALE} ? (${named || "false"}) : (${isLabelled("oldObject.metadata.labels")})`,
      },
    ],
    validations: [
      {
        expression: "variables.after >= variables.before || !variables.guarded",
        reason: "Forbidden",
        message: `StatefulSets labelled ${NO_DOWNSCALE_LABEL}=true are not scaled down. ${removal(scope)}`,
        messageExpression: denial(scope),
      },
    ],
  };
  const binding = { policyName: NO_DOWNSCALE_POLICY, validationActions: ["Deny"] };
  return [
    guardObject(VALIDATING_ADMISSION_POLICIES, scope, policy),
    guardObject(VALIDATING_ADMISSION_POLICY_BINDINGS, scope, binding),
  ];
}

/** What an API server would fill in is filled in, so that a live object can be compared with it. */
function matchConstraints(namespaces: readonly string[]): object {
  const values = [...new Set(namespaces)].sort();
  const within = { matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "In", values }] };
  return {
    matchPolicy: "Equivalent",
    resourceRules: [
      {
        apiGroups: ["apps"],
        apiVersions: ["v1"],
        operations: ["UPDATE"],
        resources: ["statefulsets", "statefulsets/scale"],
        scope: "Namespaced",
      },
    ],
    objectSelector: {},
    namespaceSelector: values.length === 0 ? {} : within,
  };
}

const isLabelled = (labels: string): string =>
  `has(${labels}) && ${LABEL} in ${labels} && ${labels}[${LABEL}] == "true"`;

/** The names as lists in CEL, none too long. */
function listsOf(labelled: readonly Required<ObjectName>[]): string[] {
  const lists: string[] = [];
  for (const text of labelled.map(({ namespace, name }) => quote(`${namespace}/${name}`)).sort()) {
    const last = lists.at(-1);
    if (last === undefined || last.length + text.length > EXPRESSION_CHARACTERS) lists.push(text);
    else lists[lists.length - 1] = `${last}, ${text}`;
  }
  return lists;
}

/** A Scale of 0 leaves the field out; a StatefulSet without it has 1. */
const replicasOf = (object: string): string =>
  `has(${object}.spec) && has(${object}.spec.replicas) ? ${object}.spec.replicas : (${IS_SCALE} ? 0 : 1)`;

/** Names the object, the cause, and the two ways out: whoever reads it may never have heard of the hub. */
function denial(scope: GuardScope): string {
  const later = ` (kubectl scale heeds that within ${scope.followsInSeconds} s)`;
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
    quote(` ${NO_DOWNSCALE_LABEL}-`),
    `(${IS_SCALE} ? ${quote(later)} : "")`,
    quote(`. ${removal(scope)}`),
  ].join(" + ");
}

const removal = ({ hubId, cluster }: GuardScope): string =>
  `The Outrigger hub ${hubId} put this guard here for its cluster ${cluster}; if that hub is gone, remove it: kubectl delete validatingadmissionpolicy ${NO_DOWNSCALE_POLICY}`;

function guardObject(type: ResourceType, { hubId, cluster }: GuardScope, spec: Record<string, unknown>): GuardObject {
  const metadata = {
    name: NO_DOWNSCALE_POLICY,
    labels: { [MANAGED_BY]: MANAGER },
    annotations: { [GUARD_OWNER]: `${hubId}.${cluster}`, [DEFINITION_HASH]: sha256(spec) },
  };
  return { type, object: { apiVersion: type.apiVersion, kind: type.kind, metadata, spec } };
}

/** A CEL string: its escapes are those of JSON. */
function quote(text: string): string {
  return JSON.stringify(text);
}

const sha256 = (value: unknown): string => createHash("sha256").update(JSON.stringify(value)).digest("hex");
