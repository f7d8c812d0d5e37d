import { type PolicyRule, type RoleName, SHIPPED_ROLES } from "../../lib/registry/rbac.ts";
import type { Registration } from "../../lib/registry/registration.ts";

/** One thing the hub may be allowed or not, as an access review asks it. */
export type Permission =
  | { verb: string; path: string }
  | { verb: string; group: string; resource: string; subresource: string; name: string; namespace: string };

/** What a registration needs in its cluster, by shipped role: each verb on each resource, in each namespace covered. */
export function permissionsOf(
  registration: Pick<Registration, "capabilities" | "namespaces" | "installCustomResources">,
): Map<RoleName, Permission[]> {
  const roles: RoleName[] = [
    ...registration.capabilities,
    ...(registration.installCustomResources ? (["install"] as const) : []),
  ];
  const namespaces = registration.namespaces.length === 0 ? [""] : registration.namespaces;
  return new Map(
    roles.map((role) => {
      const { clusterWide, namespaced } = SHIPPED_ROLES[role];
      const wide = clusterWide.flatMap((rule) => expand(rule, ""));
      return [
        role,
        [...wide, ...namespaces.flatMap((namespace) => namespaced.flatMap((rule) => expand(rule, namespace)))],
      ];
    }),
  );
}

function expand(rule: PolicyRule, namespace: string): Permission[] {
  const { apiGroups = [], resources = [], resourceNames = [""], nonResourceURLs = [], verbs } = rule;
  return verbs.flatMap((verb): Permission[] => [
    ...nonResourceURLs.map((path) => ({ verb, path })),
    ...apiGroups.flatMap((group) =>
      resources.flatMap((combined) => {
        const [resource = "", subresource = ""] = combined.split("/");
        return resourceNames.map((name) => ({ verb, group, resource, subresource, name, namespace }));
      }),
    ),
  ]);
}

/** e.g. `delete pods in mimir`, `patch statefulsets.apps/status`, `get /readyz`. */
export function describePermission(permission: Permission): string {
  if ("path" in permission) return `${permission.verb} ${permission.path}`;
  const { verb, group, resource, subresource, name, namespace } = permission;
  const what = `${resource}${group === "" ? "" : `.${group}`}${subresource === "" ? "" : `/${subresource}`}`;
  return `${verb} ${what}${name === "" ? "" : ` ${name}`}${namespace === "" ? "" : ` in ${namespace}`}`;
}
