import { isEqual, type JsonObject, listAt, objectAt, objectsAt, plain, setDefault, stringAt } from "../json.ts";
import type { Strategy } from "../resource-type.ts";
import { type Cause, causes } from "../status.ts";

const GROUP = "rbac.authorization.k8s.io";

function ruleCauses(object: JsonObject, namespaced: boolean): Cause[] {
  return objectsAt(object, "rules").flatMap((rule, index) => {
    const field = `rules[${index}]`;
    const found: Cause[] = [];
    const has = (list: string): boolean => listAt(rule, list).length > 0;
    if (!has("verbs")) found.push(causes.required(`${field}.verbs`, "verbs must contain at least one value"));
    if (has("nonResourceURLs")) {
      if (namespaced) {
        found.push(
          causes.invalid(
            `${field}.nonResourceURLs`,
            rule["nonResourceURLs"],
            "namespaced rules cannot apply to non-resource URLs",
          ),
        );
      }
      if (has("apiGroups") || has("resources") || has("resourceNames")) {
        found.push(
          causes.invalid(
            `${field}.nonResourceURLs`,
            rule["nonResourceURLs"],
            "rules cannot apply to both regular resources and non-resource URLs",
          ),
        );
      }
      return found;
    }
    if (!has("apiGroups")) {
      found.push(causes.required(`${field}.apiGroups`, "resource rules must supply at least one api group"));
    }
    if (!has("resources")) {
      found.push(causes.required(`${field}.resources`, "resource rules must supply at least one resource"));
    }
    return found;
  });
}

const showRules = (role: JsonObject): void => {
  role["rules"] ??= null;
};

export const roleStrategy: Strategy = {
  defaults: showRules,
  validate: (role) => ruleCauses(role, true),
  nameRule: "path",
};

export const clusterRoleStrategy: Strategy = {
  defaults: showRules,
  validate: (role) => ruleCauses(role, false),
  nameRule: "path",
};

/** @param roles kinds a binding may refer to. */
function bindingStrategy(roles: readonly string[]): Strategy {
  return {
    defaults(binding) {
      const reference = objectAt(binding, "roleRef");
      setDefault(reference, "apiGroup", GROUP);
      for (const subject of objectsAt(binding, "subjects")) {
        if (subject["kind"] === "User" || subject["kind"] === "Group") setDefault(subject, "apiGroup", GROUP);
      }
    },
    validate(binding, old) {
      const reference = objectAt(binding, "roleRef");
      const { apiGroup = "", kind = "", name = "" } = reference;
      const found: Cause[] = [];
      if (apiGroup !== GROUP) found.push(causes.unsupported("roleRef.apiGroup", apiGroup, [GROUP]));
      if (!roles.includes(plain(kind))) found.push(causes.unsupported("roleRef.kind", kind, roles));
      if (name === "") found.push(causes.required("roleRef.name"));
      for (const [index, subject] of objectsAt(binding, "subjects").entries()) {
        found.push(...subjectCauses(subject, `subjects[${index}]`));
      }
      if (old !== undefined && !isEqual(reference, old["roleRef"])) {
        found.push(causes.invalid("roleRef", { APIGroup: apiGroup, Kind: kind, Name: name }, "cannot change roleRef"));
      }
      return found;
    },
    nameRule: "path",
  };
}

function subjectCauses(subject: JsonObject, field: string): Cause[] {
  const kinds = ["ServiceAccount", "User", "Group"];
  const found: Cause[] = [];
  if ((stringAt(subject, "name") ?? "") === "") found.push(causes.required(`${field}.name`));
  const kind = stringAt(subject, "kind") ?? "";
  if (!kinds.includes(kind)) found.push(causes.unsupported(`${field}.kind`, kind, kinds));
  if (kind === "ServiceAccount" && stringAt(subject, "namespace") === undefined) {
    found.push(causes.required(`${field}.namespace`));
  }
  return found;
}

export const roleBindingStrategy = bindingStrategy(["Role", "ClusterRole"]);
export const clusterRoleBindingStrategy = bindingStrategy(["ClusterRole"]);
