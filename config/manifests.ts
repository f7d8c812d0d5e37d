import { stringify } from "yaml";
import { clusterRole, namespacedRole, type RbacObject, type RoleName, SHIPPED_ROLES } from "../lib/registry/rbac.ts";

/** The manifests people apply, by path under `config/`, written from the rules the code itself is tested with. */
export function manifests(): Record<string, string> {
  const roles = Object.keys(SHIPPED_ROLES) as RoleName[];
  return Object.fromEntries(
    roles.flatMap((role) => {
      const { purpose, namespaced } = SHIPPED_ROLES[role];
      const wide = [`rbac/${role}.yaml`, page([purpose, "For a registration that covers all namespaces."], clusterRole(role))];
      if (namespaced.length === 0) return [wide];
      const usage = `For a registration limited to namespaces: kubectl apply -n NAMESPACE -f config/rbac/${role}-namespaced.yaml, for each of them.`;
      return [wide, [`rbac/${role}-namespaced.yaml`, page([purpose, usage], namespacedRole(role))]];
    }),
  );
}

function page(comments: string[], objects: RbacObject[]): string {
  const head = ["Written by `npm run config` from lib/registry/rbac.ts.", ...comments].map((line) => `# ${line}`).join("\n");
  return `${head}\n${objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })).join("---\n")}`;
}
