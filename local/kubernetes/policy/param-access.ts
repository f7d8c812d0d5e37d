import type { ApiContext } from "../api/context.ts";
import type { User } from "../auth/authenticate.ts";
import { judge } from "../auth/authorize.ts";
import type { GrantCheck } from "../auth/escalation.ts";
import { isEqual, objectAt, stringAt } from "../json.ts";
import type { KubeObject } from "../object.ts";
import { type ResourceType, resourceKey } from "../resource-type.ts";
import { causes, invalid } from "../status.ts";

const GROUP = "admissionregistration.k8s.io";
const POLICIES = resourceKey({ group: GROUP, plural: "validatingadmissionpolicies" });

/**
 * Who writes a policy must be allowed to read what it takes as parameters (k8s.io/kubernetes
 * `pkg/registry/admissionregistration`).
 * @returns undefined for other kinds, and for those who may do anything.
 */
export function paramCheck(context: ApiContext, user: User, type: ResourceType): GrantCheck | undefined {
  if (type.group !== GROUP || user.groups.includes("system:masters")) return undefined;
  return (next, old) => {
    const binds = type.kind === "ValidatingAdmissionPolicyBinding";
    const field = binds ? "paramRef" : "paramKind";
    const wanted = objectAt(next, "spec", field);
    if (Object.keys(wanted).length === 0 || isEqual(wanted, objectAt(old, "spec", field))) return;
    const policy = binds ? context.store.get(POLICIES, undefined, stringAt(next, "spec", "policyName") ?? "") : next;
    const name = stringAt(wanted, "name");
    const ask = binds ? { verb: name === undefined ? "list" : "get", name: name ?? "" } : { verb: "get", name: "*" };
    const namespace = binds ? (stringAt(wanted, "namespace") ?? "") : "*";
    const { apiVersion, kind } = objectAt(policy, "spec", "paramKind") as { apiVersion?: string; kind?: string };
    const params = context.types.ofKind(apiVersion ?? "", kind ?? "");
    const { group = "*", version = "*", plural = "*" } = params ?? {};
    const request = { resourceRequest: true, path: "", group, version, namespace, resource: plural, subresource: "" };
    if (judge(context.store, user, { ...request, ...ask, resourceRequest: true }).allowed) return;
    const problem = binds
      ? `user ${user.name} does not have "${ask.verb}" permission on the object referenced by paramRef`
      : `user ${user.name} must have "get" permission on all objects of the referenced paramKind (kind=${kind}, apiVersion=${apiVersion})`;
    throw refused(type, next, field, problem);
  };
}

const refused = ({ group, kind }: ResourceType, { metadata }: KubeObject, field: string, problem: string): Error =>
  invalid({ group, kind, name: metadata.name }, [causes.forbidden(`spec.${field}`, problem)]);
