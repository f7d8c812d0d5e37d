import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { manifests } from "../../../config/manifests.ts";
import { clusterRole, namespacedRole, type RoleName, rbacOf, SHIPPED_ROLES } from "../../../lib/registry/rbac.ts";

const CONFIG = join(import.meta.dirname, "../../../config");

describe("the shipped manifests", () => {
  it("are what the rules say, and nothing else is shipped", () => {
    const shipped = ["crd", "rbac"].flatMap((folder) =>
      readdirSync(join(CONFIG, folder)).map((file) => `${folder}/${file}`),
    );
    const found = Object.fromEntries(shipped.map((path) => [path, readFileSync(join(CONFIG, path), "utf8")]));
    expect(found, "out of date: run `npm run config` and commit the result").toEqual(manifests());
  });

  it("bind each role to the group of the hub under its name", () => {
    expect(clusterRole("rollouts")).toMatchObject([
      { kind: "ClusterRole", metadata: { name: "outrigger:rollouts" } },
      {
        kind: "ClusterRoleBinding",
        roleRef: { kind: "ClusterRole", name: "outrigger:rollouts" },
        subjects: [{ kind: "Group", name: "outrigger" }],
      },
    ]);
  });

  it("never grant a secret, a wildcard, or an escalation", () => {
    const rules = (Object.keys(SHIPPED_ROLES) as RoleName[]).flatMap((role) =>
      clusterRole(role).flatMap((object) => object.rules ?? []),
    );
    const words = rules.flatMap((rule) => [
      ...(rule.resources ?? []),
      ...(rule.apiGroups ?? []),
      ...rule.verbs,
      ...(rule.nonResourceURLs ?? []),
    ]);
    for (const forbidden of ["secrets", "*", "escalate", "bind", "impersonate", "deletecollection"])
      expect(words).not.toContain(forbidden);
  });

  it("leave to a ClusterRole only what has no namespace where a registration is limited", () => {
    const objects = namespacedRole("rollouts", ["loki", "mimir"]);
    expect(objects.map(({ kind, metadata }) => [kind, metadata.namespace])).toEqual([
      ["ClusterRole", undefined],
      ["ClusterRoleBinding", undefined],
      ["Role", "loki"],
      ["RoleBinding", "loki"],
      ["Role", "mimir"],
      ["RoleBinding", "mimir"],
    ]);
    expect(objects[0]?.rules).toEqual([
      { apiGroups: [""], resources: ["nodes"], verbs: ["list"] },
      { apiGroups: [""], resources: ["persistentvolumes"], verbs: ["get"] },
    ]);
  });

  it("reach into pods only with a role that no registration asks for", () => {
    const reaching = (Object.keys(SHIPPED_ROLES) as RoleName[]).filter((role) =>
      clusterRole(role).some(({ rules = [] }) => rules.some(({ resources }) => resources?.includes("pods/proxy"))),
    );
    expect(reaching).toEqual(["prepare-downscale"]);
    const all = rbacOf({ capabilities: ["observe", "rollouts"], namespaces: [], installCustomResources: true });
    expect(all.map(({ metadata }) => metadata.name)).not.toContain("outrigger:prepare-downscale");
  });

  it("come as one list for a registration", () => {
    const names = (installCustomResources: boolean) =>
      rbacOf({ capabilities: ["observe"], namespaces: [], installCustomResources }).map(
        ({ kind, metadata }) => `${kind} ${metadata.name}`,
      );
    expect(names(false)).toEqual(["ClusterRole outrigger:observe", "ClusterRoleBinding outrigger:observe"]);
    expect(names(true)).toContain("ClusterRole outrigger:install");
  });
});
