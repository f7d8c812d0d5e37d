import { badRequest } from "../status.ts";
import type { Store } from "../store.ts";
import type { User } from "./authenticate.ts";
import { authorize } from "./authorize.ts";

/**
 * The user a request asks to act as (`Impersonate-User`, `Impersonate-Group`); the user itself when it asks for nobody.
 * @throws StatusError 400, 403.
 */
export function impersonated(store: Store, user: User, headers: Readonly<Record<string, string | undefined>>): User {
  const name = headers["impersonate-user"];
  const groups = (headers["impersonate-group"] ?? "")
    .split(",")
    .map((group) => group.trim())
    .filter((group) => group !== "");
  if (name === undefined) {
    if (groups.length > 0) throw badRequest("requested [{Group}] without impersonating a user");
    return user;
  }
  const check = (resource: string, what: string): void =>
    authorize(store, user, {
      resourceRequest: true,
      verb: "impersonate",
      path: "",
      group: "",
      version: "v1",
      namespace: "",
      resource,
      subresource: "",
      name: what,
    });
  check("users", name);
  for (const group of groups) check("groups", group);
  const all = groups.includes("system:authenticated") ? groups : [...groups, "system:authenticated"];
  return { name, groups: all };
}
