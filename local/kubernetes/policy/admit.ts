import type { ApiContext } from "../api/context.ts";
import type { User } from "../auth/authenticate.ts";
import { scaleOf } from "../http/scale.ts";
import { type JsonObject, objectAt, stringAt } from "../json.ts";
import type { KubeObject } from "../object.ts";
import { type ResourceType, resourceKey, type Subresource } from "../resource-type.ts";
import { StatusError } from "../status.ts";
import { type Denial, judge } from "./judge.ts";
import { covers, type Write } from "./matching.ts";

const GROUP = "admissionregistration.k8s.io";
const POLICIES = resourceKey({ group: GROUP, plural: "validatingadmissionpolicies" });
const BINDINGS = resourceKey({ group: GROUP, plural: "validatingadmissionpolicybindings" });
const NAMESPACES = resourceKey({ group: "", plural: "namespaces" });
/** Status code of each reason a validation may give. */
const CODES: Readonly<Record<string, number>> = {
  Unauthorized: 401,
  Forbidden: 403,
  RequestEntityTooLarge: 413,
  Invalid: 422,
};

export interface WriteRequest {
  user: User;
  type: ResourceType;
  subresource: Subresource | undefined;
  dryRun: boolean;
}

/**
 * What the ValidatingAdmissionPolicies say about a write, in the order of their names.
 * @returns undefined when no policy can have anything to say.
 */
export function policyCheck(
  context: ApiContext,
  request: WriteRequest,
): ((next: KubeObject, old: KubeObject | undefined) => void) | undefined {
  const { store } = context;
  // As the original: policies cannot lock themselves.
  if (request.type.group === GROUP || store.list(BINDINGS).length === 0) return undefined;
  return (next, old) => {
    for (const policy of store.list(POLICIES)) {
      const name = policy.metadata.name;
      for (const binding of store.list(BINDINGS)) {
        if (stringAt(binding, "spec", "policyName") === name) apply(context, request, policy, binding, next, old);
      }
    }
  };
}

/** @throws StatusError when the policy denies the write. */
function apply(
  context: ApiContext,
  request: WriteRequest,
  policy: KubeObject,
  binding: KubeObject,
  next: KubeObject,
  old: KubeObject | undefined,
): void {
  const write = writeOf(context, request, next, old);
  const within = (object: KubeObject, field: string): boolean => covers(objectAt(object, "spec", field), write);
  if (!within(policy, "matchConstraints") || !within(binding, "matchResources")) return;
  const denial = judge(objectAt(policy, "spec"), variablesOf(request, write, next));
  if (denial !== undefined) throw denied(request.type, next.metadata.name, policy, binding, denial);
}

function writeOf(
  { store }: ApiContext,
  { type, subresource }: WriteRequest,
  next: KubeObject,
  old: KubeObject | undefined,
): Write {
  const shown = (object: KubeObject): JsonObject => (subresource === "scale" ? scaleOf(object) : object);
  const { name, namespace } = next.metadata;
  const home = type.kind === "Namespace" ? next : namespace && store.get(NAMESPACES, undefined, namespace);
  return {
    operation: old === undefined ? "CREATE" : "UPDATE",
    group: type.group,
    version: type.version,
    resource: subresource === undefined ? type.plural : `${type.plural}/${subresource}`,
    name,
    namespaced: type.namespaced,
    namespaceLabels: home ? (home.metadata.labels ?? {}) : undefined,
    object: shown(next),
    oldObject: old && shown(old),
  };
}

function variablesOf(
  { user, type, dryRun }: WriteRequest,
  { operation, object, oldObject, resource }: Write,
  { metadata: { name, namespace } }: KubeObject,
): Record<string, unknown> {
  const [main, subResource] = resource.split("/");
  const { group, version, kind } = type;
  const request = {
    operation,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    kind: subResource === "scale" ? { group: "autoscaling", version: "v1", kind: "Scale" } : { group, version, kind },
    resource: { group, version, resource: main },
    ...(subResource === undefined ? {} : { subResource }),
    userInfo: { username: user.name, groups: [...user.groups] },
    dryRun,
  };
  return { object, oldObject: oldObject ?? null, request };
}

function denied(
  { group, plural }: ResourceType,
  name: string,
  policy: KubeObject,
  binding: KubeObject,
  { reason, message }: Denial,
): StatusError {
  const said = `ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request: ${message}`;
  const qualified = group === "" ? plural : `${plural}.${group}`;
  return new StatusError({
    code: CODES[reason] ?? 422,
    reason,
    message: `${qualified} ${JSON.stringify(name)} is forbidden: ${said}`,
    details: { name, ...(group === "" ? {} : { group }), kind: plural, causes: [{ message: said }] },
  });
}
