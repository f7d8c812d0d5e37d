import type { User } from "../auth/authenticate.ts";
import { judge } from "../auth/authorize.ts";
import type { RequestInfo } from "../auth/request-info.ts";
import { isObject, type JsonObject, listAt, objectAt, plain, stringAt } from "../json.ts";
import { causes, invalid } from "../status.ts";
import type { Store } from "../store.ts";
import { checkMediaType, parseBody } from "./body.ts";
import type { ApiRequest } from "./exchange.ts";

export type ReviewKind = "SelfSubjectAccessReview" | "SubjectAccessReview";

const FIELDS = ["verb", "group", "version", "namespace", "resource", "subresource", "name"] as const;

/**
 * May the asker, or the user it names, do this? (authorization.k8s.io/v1)
 * @throws StatusError 415, 422.
 */
export function reviewAccess(store: Store, asker: User, request: ApiRequest, kind: ReviewKind): JsonObject {
  checkMediaType(request.headers["content-type"]);
  const spec = objectAt(parseBody(request.body, request.headers["content-type"]), "spec");
  const user =
    kind === "SelfSubjectAccessReview"
      ? asker
      : { name: plain(spec["user"]), groups: listAt(spec, "groups").map(plain) };
  const verdict = judge(store, user, requestOf(spec));
  return {
    kind,
    apiVersion: "authorization.k8s.io/v1",
    metadata: {},
    spec,
    status: { allowed: verdict.allowed, ...(!verdict.allowed && verdict.reason !== "" && { reason: verdict.reason }) },
  };
}

function requestOf(spec: JsonObject): RequestInfo {
  const [resource, path] = [spec["resourceAttributes"], spec["nonResourceAttributes"]];
  if (isObject(resource) === isObject(path)) {
    const detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
    throw invalid({ group: "authorization.k8s.io", kind: "", name: "" }, [
      causes.invalid("spec.resourceAttributes", resource ?? null, detail),
    ]);
  }
  if (!isObject(resource)) {
    return { resourceRequest: false, verb: stringAt(path, "verb") ?? "", path: stringAt(path, "path") ?? "" };
  }
  const texts = Object.fromEntries(FIELDS.map((field) => [field, stringAt(resource, field) ?? ""]));
  return { resourceRequest: true, path: "", ...(texts as Record<(typeof FIELDS)[number], string>) };
}
