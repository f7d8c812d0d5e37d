import { type JsonObject, listAt, objectAt, objectsAt, plain, stringAt } from "../json.ts";
import type { KubeObject } from "../object.ts";
import { resourceKey } from "../resource-type.ts";
import { forbidden, StatusError } from "../status.ts";
import type { Store } from "../store.ts";
import type { User } from "./authenticate.ts";
import type { RequestInfo } from "./request-info.ts";

const GROUP = "rbac.authorization.k8s.io";
const keyOf = (plural: string): string => resourceKey({ group: GROUP, plural });

export type Verdict = { allowed: true } | { allowed: false; reason: string };

/** RBAC over the roles and bindings in the store (k8s.io/kubernetes `plugin/pkg/auth/authorizer/rbac`). */
export function judge(store: Store, user: User, info: RequestInfo): Verdict {
  if (user.groups.includes("system:masters")) return { allowed: true };
  const { rules, missing } = rulesOf(store, user, info.resourceRequest ? info.namespace : "");
  if (rules.some((rule) => allows(rule, info))) return { allowed: true };
  return { allowed: false, reason: missing.length === 0 ? "" : `RBAC: ${aggregate(missing)}` };
}

/** @throws StatusError 403. */
export function authorize(store: Store, user: User, info: RequestInfo): void {
  const verdict = judge(store, user, info);
  if (verdict.allowed) return;
  const because = verdict.reason === "" ? "" : `: ${verdict.reason}`;
  if (!info.resourceRequest) {
    throw new StatusError({
      code: 403,
      reason: "Forbidden",
      message: `forbidden: User ${quote(user.name)} cannot ${info.verb} path ${quote(info.path)}${because}`,
      details: {},
    });
  }
  const { group, resource, subresource, name, namespace, verb } = info;
  const what = subresource === "" ? resource : `${resource}/${subresource}`;
  const where = namespace === "" ? "at the cluster scope" : `in the namespace ${quote(namespace)}`;
  throw forbidden(
    { group, kind: resource, name },
    `User ${quote(user.name)} cannot ${verb} resource ${quote(what)} in API group ${quote(group)} ${where}${because}`,
  );
}

const quote = (text: string): string => JSON.stringify(text);

function aggregate(problems: readonly string[]): string {
  const unique = [...new Set(problems)];
  return unique.length === 1 ? (unique[0] ?? "") : `[${unique.join(", ")}]`;
}

/** All rules that bind a user in a namespace ("" = cluster-wide only), and the roles that bindings name in vain. */
export function rulesOf(store: Store, user: User, namespace: string): { rules: JsonObject[]; missing: string[] } {
  const rules: JsonObject[] = [];
  const missing: string[] = [];
  const use = (binding: KubeObject): void => {
    if (!objectsAt(binding, "subjects").some((subject) => isSubject(subject, user, binding.metadata.namespace))) return;
    const { kind, name } = objectAt(binding, "roleRef");
    const plural = kind === "Role" ? "roles" : "clusterroles";
    const home = kind === "Role" ? binding.metadata.namespace : undefined;
    const role = store.get(keyOf(plural), home, plain(name));
    if (role === undefined) missing.push(`${plain(kind).toLowerCase()}.${GROUP} ${quote(plain(name))} not found`);
    else rules.push(...objectsAt(role, "rules"));
  };
  store.list(keyOf("clusterrolebindings")).forEach(use);
  if (namespace !== "") store.list(keyOf("rolebindings"), namespace).forEach(use);
  return { rules, missing };
}

function isSubject(subject: JsonObject, user: User, bindingNamespace: string | undefined): boolean {
  const name = stringAt(subject, "name") ?? "";
  switch (subject["kind"]) {
    case "User":
      return user.name === name;
    case "Group":
      return user.groups.includes(name);
    case "ServiceAccount": {
      const namespace = stringAt(subject, "namespace") ?? bindingNamespace ?? "";
      return user.name === `system:serviceaccount:${namespace}:${name}`;
    }
    default:
      return false;
  }
}

function allows(rule: JsonObject, info: RequestInfo): boolean {
  const has = (field: string, ...values: string[]): boolean =>
    listAt(rule, field).some((one) => values.includes(plain(one)));
  if (!has("verbs", "*", info.verb)) return false;
  if (!info.resourceRequest) {
    return listAt(rule, "nonResourceURLs").some((url) => matchesPath(plain(url), info.path));
  }
  const { group, resource, subresource, name } = info;
  const combined = subresource === "" ? [resource] : [`${resource}/${subresource}`, `*/${subresource}`];
  if (!has("apiGroups", "*", group) || !has("resources", "*", ...combined)) return false;
  return listAt(rule, "resourceNames").length === 0 || has("resourceNames", name);
}

function matchesPath(pattern: string, path: string): boolean {
  if (pattern === "*" || pattern === path) return true;
  return pattern.endsWith("*") && path.startsWith(pattern.replace(/\*+$/, ""));
}
