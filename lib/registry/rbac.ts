import { NO_DOWNSCALE_POLICY } from "../guards/names.ts";
import {
  MULTI_AZ_ROLLOUTS,
  REPLICA_TEMPLATES,
  VALIDATING_ADMISSION_POLICIES,
  VALIDATING_ADMISSION_POLICY_BINDINGS,
} from "../kubernetes/types.ts";
import { qualifiedName } from "./capabilities.ts";
import type { Capability } from "./registration.ts";

/** One rule of a Role or ClusterRole, as RBAC has it. */
export interface PolicyRule {
  apiGroups?: readonly string[];
  resources?: readonly string[];
  resourceNames?: readonly string[];
  nonResourceURLs?: readonly string[];
  verbs: readonly string[];
}

/** The group the hub's identity is in: bind roles to it, put it into the access entry. */
export const HUB_GROUP = "outrigger";

/** Roles that no registration asks for: applied where StatefulSets ask for what they allow. */
export type OptionalRole = "guards" | "mirror-replicas" | "prepare-downscale";

/** A shipped role: one for each capability, `install` for putting CRDs into the cluster at registration, and optional ones. */
export type RoleName = Capability | "install" | OptionalRole;

const ADMISSION = "admissionregistration.k8s.io";
const POLICIES = VALIDATING_ADMISSION_POLICIES.plural;
const BINDINGS = VALIDATING_ADMISSION_POLICY_BINDINGS.plural;

interface ShippedRole {
  /** What it is for, and what it amounts to. */
  purpose: string;
  /** Rules that only a ClusterRole can hold. */
  clusterWide: readonly PolicyRule[];
  /** Rules that a Role holds as well, where a registration is limited to namespaces. */
  namespaced: readonly PolicyRule[];
}

const groupOf = ({ apiVersion }: { apiVersion: string }): string => apiVersion.split("/")[0] ?? "";

/** Exactly what the code asks for, no more. A missing rule shows as 403 and is named in the condition. */
export const SHIPPED_ROLES: Record<RoleName, ShippedRole> = {
  observe: {
    purpose: "Health probes: readiness of the API server, its version, and the nodes by zone. Reads only.",
    clusterWide: [
      { nonResourceURLs: ["/readyz", "/healthz", "/version"], verbs: ["get"] },
      { apiGroups: [""], resources: ["nodes"], verbs: ["list"] },
    ],
    namespaced: [],
  },
  rollouts: {
    purpose:
      "Rollouts of StatefulSets zone by zone. Whoever holds it can delete any pod and rewrite any StatefulSet's template, so it can run " +
      "code with the service accounts of those namespaces.",
    clusterWide: [
      { apiGroups: [""], resources: ["nodes"], verbs: ["list"] },
      { apiGroups: [""], resources: ["persistentvolumes"], verbs: ["get"] },
    ],
    namespaced: [
      { apiGroups: ["rollout.grafana.com"], resources: ["multiazrollouts"], verbs: ["get", "list", "watch"] },
      { apiGroups: ["rollout.grafana.com"], resources: ["multiazrollouts/status"], verbs: ["patch"] },
      { apiGroups: ["apps"], resources: ["statefulsets"], verbs: ["get", "list", "watch", "patch"] },
      { apiGroups: ["apps"], resources: ["statefulsets/status"], verbs: ["patch"] },
      { apiGroups: ["apps"], resources: ["controllerrevisions"], verbs: ["get"] },
      { apiGroups: [""], resources: ["pods"], verbs: ["list", "watch", "delete"] },
      { apiGroups: [""], resources: ["persistentvolumeclaims"], verbs: ["list"] },
      { apiGroups: [""], resources: ["events"], verbs: ["list"] },
      { apiGroups: ["apps"], resources: ["deployments"], verbs: ["list"] },
    ],
  },
  "mirror-replicas": {
    purpose:
      "Optional: StatefulSets that take their replicas from a ReplicaTemplate (annotations grafana.com/rollout-mirror-replicas-from-resource-…). " +
      "Another kind needs the same rules for its own group.",
    clusterWide: [],
    namespaced: [
      { apiGroups: [groupOf(REPLICA_TEMPLATES)], resources: ["replicatemplates/scale"], verbs: ["get"] },
      { apiGroups: [groupOf(REPLICA_TEMPLATES)], resources: ["replicatemplates/status"], verbs: ["patch"] },
    ],
  },
  "prepare-downscale": {
    purpose:
      "Optional: StatefulSets whose pods are prepared before they are scaled down (label grafana.com/prepare-downscale, annotation " +
      "grafana.com/rollout-delayed-downscale). Whoever holds it can send " +
      "POST and DELETE requests to any port of any pod of those namespaces, past network policies, as the API server does.",
    clusterWide: [],
    namespaced: [{ apiGroups: [""], resources: ["pods/proxy"], verbs: ["create", "delete"] }],
  },
  install: {
    purpose:
      "Puts the CustomResourceDefinitions into the cluster (`installCustomResources`, the default). Not needed where people apply them.",
    clusterWide: [
      { apiGroups: ["apiextensions.k8s.io"], resources: ["customresourcedefinitions"], verbs: ["create"] },
      {
        apiGroups: ["apiextensions.k8s.io"],
        resources: ["customresourcedefinitions"],
        resourceNames: [qualifiedName(MULTI_AZ_ROLLOUTS)],
        verbs: ["get", "update"],
      },
      { nonResourceURLs: [`/apis/${MULTI_AZ_ROLLOUTS.apiVersion}`], verbs: ["get"] },
    ],
    namespaced: [],
  },
  guards: {
    purpose:
      "Has the API server refuse to scale down StatefulSets labelled grafana.com/no-downscale=true; beside `rollouts`, and not needed " +
      "where none is. Whoever holds it can have the API server refuse any write in the whole cluster.",
    clusterWide: [
      { apiGroups: [ADMISSION], resources: [POLICIES, BINDINGS], verbs: ["create"] },
      {
        apiGroups: [ADMISSION],
        resources: [POLICIES, BINDINGS],
        resourceNames: [NO_DOWNSCALE_POLICY],
        verbs: ["get", "update", "delete"],
      },
    ],
    namespaced: [],
  },
};

/** An RBAC object as it is applied. */
export interface RbacObject {
  apiVersion: "rbac.authorization.k8s.io/v1";
  kind: "ClusterRole" | "ClusterRoleBinding" | "Role" | "RoleBinding";
  metadata: { name: string; namespace?: string; labels: Record<string, string> };
  rules?: readonly PolicyRule[];
  roleRef?: { apiGroup: "rbac.authorization.k8s.io"; kind: "ClusterRole" | "Role"; name: string };
  subjects?: readonly { apiGroup: "rbac.authorization.k8s.io"; kind: "Group"; name: string }[];
}

const GROUP = "rbac.authorization.k8s.io" as const;
const LABELS = { "app.kubernetes.io/part-of": "outrigger" };

function rolePair(
  kind: "ClusterRole" | "Role",
  name: string,
  rules: readonly PolicyRule[],
  namespace?: string,
): RbacObject[] {
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }), labels: LABELS };
  const apiVersion = `${GROUP}/v1` as const;
  return [
    { apiVersion, kind, metadata, rules },
    {
      apiVersion,
      kind: `${kind}Binding`,
      metadata,
      roleRef: { apiGroup: GROUP, kind, name },
      subjects: [{ apiGroup: GROUP, kind: "Group", name: HUB_GROUP }],
    },
  ];
}

/** ClusterRole and binding of one shipped role, for a registration that covers all namespaces. */
export function clusterRole(role: RoleName): RbacObject[] {
  const { clusterWide, namespaced } = SHIPPED_ROLES[role];
  return rolePair("ClusterRole", `outrigger:${role}`, [...clusterWide, ...namespaced]);
}

/**
 * The same role for a registration limited to namespaces: what needs no namespace stays a ClusterRole, the rest becomes a Role
 * in each. Without `namespaces` the Roles name none, for `kubectl apply -n NAMESPACE`.
 */
export function namespacedRole(role: RoleName, namespaces: readonly string[] = []): RbacObject[] {
  const { clusterWide, namespaced } = SHIPPED_ROLES[role];
  const wide = clusterWide.length === 0 ? [] : rolePair("ClusterRole", `outrigger:${role}`, clusterWide);
  if (namespaced.length === 0) return wide;
  const scopes = namespaces.length === 0 ? [undefined] : namespaces;
  return [...wide, ...scopes.flatMap((namespace) => rolePair("Role", `outrigger:${role}`, namespaced, namespace))];
}

/** Everything a registration needs in its cluster, ready to apply. */
export function rbacOf(registration: {
  capabilities: readonly Capability[];
  namespaces: readonly string[];
  installCustomResources: boolean;
}): RbacObject[] {
  const roles: RoleName[] = [
    ...registration.capabilities,
    ...(registration.installCustomResources ? (["install"] as const) : []),
  ];
  return roles.flatMap((role) =>
    registration.namespaces.length === 0 ? clusterRole(role) : namespacedRole(role, registration.namespaces),
  );
}
