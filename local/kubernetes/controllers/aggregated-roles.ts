import type { LabelSelector } from "../../../lib/kubernetes/objects.ts";
import { matchesSelector } from "../../../lib/kubernetes/selectors.ts";
import { isEqual, isObject, objectsAt } from "../json.ts";
import { resourceKey } from "../resource-type.ts";
import type { Access } from "./access.ts";
import type { Controller } from "./loop.ts";

const GROUP = "rbac.authorization.k8s.io";
const ROLES = resourceKey({ group: GROUP, plural: "clusterroles" });

/** Gives ClusterRoles with an `aggregationRule` the rules of the ClusterRoles it selects. Keys are names. */
export function aggregatedRoleController(access: Access): Controller {
  const aggregated = (): string[] =>
    access
      .list(GROUP, "clusterroles")
      .filter((role) => isObject(role["aggregationRule"]))
      .map((role) => role.metadata.name);
  return {
    keysOf: ({ resource }) => (resource === ROLES ? aggregated() : []),
    reconcile(name) {
      const role = access.get(GROUP, "clusterroles", undefined, name);
      if (role === undefined) return undefined;
      const selectors = objectsAt(role, "aggregationRule", "clusterRoleSelectors") as LabelSelector[];
      const rules = access
        .list(GROUP, "clusterroles")
        .filter((other) => other.metadata.name !== name)
        .filter((other) => selectors.some((selector) => matchesSelector(selector, other.metadata.labels ?? {})))
        .flatMap((other) => objectsAt(other, "rules"));
      const unique = rules.filter((rule, index) => rules.findIndex((one) => isEqual(one, rule)) === index);
      if (!isEqual(unique, objectsAt(role, "rules"))) access.update({ ...role, rules: unique });
      return undefined;
    },
  };
}
