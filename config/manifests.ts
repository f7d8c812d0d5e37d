import { stringify } from "yaml";
import { definitionsOf } from "../lib/registry/install.ts";
import { clusterRole, namespacedRole, type RoleName, SHIPPED_ROLES } from "../lib/registry/rbac.ts";
import { Capability } from "../lib/registry/registration.ts";

/** The manifests people apply, by path under `config/`, written from the rules and schemas the code itself is tested with. */
export function manifests(): Record<string, string> {
  return { ...definitions(), ...roles() };
}

function definitions(): Record<string, string> {
  const files = definitionsOf(Capability.options).map((definition) => {
    const comments = [
      "For clusters registered with installCustomResources: false. Otherwise it is installed at registration.",
    ];
    return [
      `crd/${definition.metadata.name}.yaml`,
      page("the Zod schema of its spec", comments, [definition]),
    ] as const;
  });
  return Object.fromEntries(files);
}

function roles(): Record<string, string> {
  const names = Object.keys(SHIPPED_ROLES) as RoleName[];
  return Object.fromEntries(
    names.flatMap((role) => {
      const { purpose, namespaced } = SHIPPED_ROLES[role];
      const wide = [
        `rbac/${role}.yaml`,
        page(RULES, [purpose, "For a registration that covers all namespaces."], clusterRole(role)),
      ];
      if (namespaced.length === 0) return [wide];
      const usage = `For a registration limited to namespaces: kubectl apply -n NAMESPACE -f config/rbac/${role}-namespaced.yaml, for each of them.`;
      return [wide, [`rbac/${role}-namespaced.yaml`, page(RULES, [purpose, usage], namespacedRole(role))]];
    }),
  );
}

const RULES = "lib/registry/rbac.ts";

function page(source: string, comments: string[], objects: object[]): string {
  const head = [`Written by \`npm run config\` from ${source}.`, ...comments].map((line) => `# ${line}`).join("\n");
  return `${head}\n${objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })).join("---\n")}`;
}
