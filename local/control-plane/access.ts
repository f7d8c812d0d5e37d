import type { AdminClient } from "./admin-client.ts";

/** An object of a kind that {@link applyObjects} knows. */
export interface AccessObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
}

/** A role by which a group may do something. */
export interface RoleBinding extends AccessObject {
  subjects: { kind: "Group"; apiGroup: "rbac.authorization.k8s.io"; name: string }[];
  roleRef: { apiGroup: "rbac.authorization.k8s.io"; kind: "ClusterRole" | "Role"; name: string };
}

const RBAC = "rbac.authorization.k8s.io";
const PATHS: Readonly<Record<string, string>> = {
  "v1/Namespace": "namespaces",
  [`${RBAC}/v1/ClusterRole`]: "clusterroles",
  [`${RBAC}/v1/ClusterRoleBinding`]: "clusterrolebindings",
  [`${RBAC}/v1/Role`]: "roles",
  [`${RBAC}/v1/RoleBinding`]: "rolebindings",
};

/**
 * Binds a group to a ClusterRole, in one namespace or (without) in all.
 * @param group e.g. the group of the access entry.
 */
export function bindGroup(group: string, clusterRole: string, namespace?: string): RoleBinding {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: namespace === undefined ? "ClusterRoleBinding" : "RoleBinding",
    metadata: {
      name: `${group}-${clusterRole}`.replaceAll(":", "-"),
      ...(namespace === undefined ? {} : { namespace }),
    },
    subjects: [{ kind: "Group", apiGroup: RBAC, name: group }],
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: clusterRole },
  };
}

/**
 * Applies RBAC objects and namespaces as the administrator, in the order given.
 * @throws Error for another kind; AdminRequestError when the API server refuses one.
 */
export async function applyAccess<T extends AccessObject>(admin: AdminClient, objects: readonly T[]): Promise<void> {
  for (const object of objects) {
    await admin.request(
      "PATCH",
      `${pathOf(object)}?fieldManager=local-environment&force=true`,
      object,
      "application/apply-patch+yaml",
    );
  }
}

function pathOf(object: AccessObject): string {
  const { apiVersion, kind, metadata } = object;
  const plural = PATHS[`${apiVersion}/${kind}`];
  if (plural === undefined)
    throw new Error(`${kind} ${metadata.name} of ${apiVersion} is neither an RBAC object nor a Namespace.`);
  const root = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`;
  const scope = metadata.namespace === undefined ? "" : `/namespaces/${metadata.namespace}`;
  return `${root}${scope}/${plural}/${metadata.name}`;
}
