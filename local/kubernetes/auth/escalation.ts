import { isEqual, type JsonObject, listAt, objectAt, objectsAt, plain } from "../json.ts";
import type { KubeObject } from "../object.ts";
import { type ResourceType, resourceKey } from "../resource-type.ts";
import { forbidden } from "../status.ts";
import type { Store } from "../store.ts";
import type { User } from "./authenticate.ts";
import { judge, rulesOf } from "./authorize.ts";

const GROUP = "rbac.authorization.k8s.io";

/** Refuses to grant what the user does not hold (k8s.io/kubernetes `pkg/registry/rbac`, `policybased`). @throws StatusError 403. */
export type GrantCheck = (next: KubeObject, old: KubeObject | undefined) => void;

/** @returns undefined for kinds that grant nothing. */
export function grantCheck(store: Store, user: User, type: ResourceType): GrantCheck | undefined {
  if (type.group !== GROUP || user.groups.includes("system:masters")) return undefined;
  const binds = type.plural.endsWith("bindings");
  const mayBeyond = (verb: string, resource: string, namespace: string, name: string): boolean =>
    judge(store, user, {
      resourceRequest: true,
      verb,
      path: "",
      group: GROUP,
      version: "v1",
      namespace,
      resource,
      subresource: "",
      name,
    }).allowed;
  return (next, old) => {
    const { name, namespace = "" } = next.metadata;
    if (old !== undefined && ["rules", "roleRef", "subjects"].every((field) => isEqual(next[field], old[field])))
      return;
    let granted = objectsAt(next, "rules");
    if (binds) {
      const reference = objectAt(next, "roleRef");
      const plural = reference["kind"] === "Role" ? "roles" : "clusterroles";
      if (mayBeyond("bind", plural, namespace, plain(reference["name"]))) return;
      const home = plural === "roles" ? namespace : undefined;
      granted = objectsAt(store.get(resourceKey({ group: GROUP, plural }), home, plain(reference["name"])), "rules");
    } else if (mayBeyond("escalate", type.plural, namespace, name)) return;
    const { rules: held } = rulesOf(store, user, namespace);
    const missing = granted.flatMap(atoms).filter((atom) => !held.some((rule) => covers(rule, atom)));
    if (missing.length === 0) return;
    const groups = user.groups.map((group) => JSON.stringify(group)).join(" ");
    throw forbidden(
      { group: GROUP, kind: type.plural, name },
      `user ${JSON.stringify(user.name)} (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:\n${compact(missing).join("\n")}`,
    );
  };
}

/** One verb on one resource or path. */
interface Atom {
  verb: string;
  group?: string;
  resource?: string;
  names?: string[];
  path?: string;
}

const texts = (rule: JsonObject, field: string): string[] => listAt(rule, field).map(plain);

function atoms(rule: JsonObject): Atom[] {
  const names = texts(rule, "resourceNames");
  return texts(rule, "verbs").flatMap((verb) => [
    ...texts(rule, "apiGroups").flatMap((group) =>
      texts(rule, "resources").flatMap((resource): Atom[] =>
        names.length === 0
          ? [{ verb, group, resource }]
          : names.map((name) => ({ verb, group, resource, names: [name] })),
      ),
    ),
    ...texts(rule, "nonResourceURLs").map((path): Atom => ({ verb, path })),
  ]);
}

function covers(rule: JsonObject, atom: Atom): boolean {
  const has = (field: string, value: string): boolean => {
    const values = texts(rule, field);
    return values.includes("*") || values.includes(value);
  };
  if (!has("verbs", atom.verb)) return false;
  const { path, group = "", resource = "", names } = atom;
  if (path !== undefined) {
    return texts(rule, "nonResourceURLs").some(
      (one) => one === path || one === "*" || (one.endsWith("*") && path.startsWith(one.slice(0, -1))),
    );
  }
  const [, subresource] = resource.split("/");
  const inResources =
    has("resources", resource) || (subresource !== undefined && texts(rule, "resources").includes(`*/${subresource}`));
  const only = texts(rule, "resourceNames");
  return (
    has("apiGroups", group) &&
    inResources &&
    (only.length === 0 || (names?.every((name) => only.includes(name)) ?? false))
  );
}

/** The atoms as rules again, verbs of the same thing together, as the message shows them. */
function compact(missing: readonly Atom[]): string[] {
  const verbs = new Map<string, string[]>();
  for (const { verb, group, resource, names, path } of missing) {
    const parts = [
      ...(group === undefined
        ? []
        : [`APIGroups:[${JSON.stringify(group)}]`, `Resources:[${JSON.stringify(resource)}]`]),
      ...(names === undefined ? [] : [`ResourceNames:[${names.map((name) => JSON.stringify(name)).join(" ")}]`]),
      ...(path === undefined ? [] : [`NonResourceURLs:[${JSON.stringify(path)}]`]),
    ];
    const what = parts.join(", ");
    verbs.set(what, [...(verbs.get(what) ?? []), JSON.stringify(verb)]);
  }
  return [...verbs].map(([what, list]) => `{${what}, Verbs:[${[...new Set(list)].join(" ")}]}`).toSorted();
}
