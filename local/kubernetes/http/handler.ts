import type { ApiContext } from "../api/context.ts";
import type { Authenticator, User } from "../auth/authenticate.ts";
import { authorize, judge } from "../auth/authorize.ts";
import { type RequestInfo, readRequestInfo } from "../auth/request-info.ts";
import { isObject, type JsonObject, listAt, objectAt, stringAt } from "../json.ts";
import { AppliedConfigurations } from "../patch/apply.ts";
import { methodNotAllowed, noSuchResource, notImplemented, StatusError } from "../status.ts";
import { discover } from "./discovery.ts";
import type { ApiRequest, ApiResponse } from "./exchange.ts";
import { notImplementedPart } from "./not-implemented.ts";
import { handleResource } from "./resource.ts";

export interface HandlerOptions {
  authenticate: Authenticator;
  /** e.g. `v1.35.4`. */
  kubernetesVersion: string;
  /** host:port, for discovery. */
  address(): string;
  /** Told each request when it is answered (when it begins, for a watch). */
  onAnswer?: (request: ApiRequest, info: RequestInfo, user: User | undefined, status: number) => void;
}

/** Answers requests. Never throws. */
export type Handler = (request: ApiRequest) => Promise<ApiResponse>;

const HEALTH = ["/readyz", "/livez", "/healthz"];
const DATES = { gitCommit: "", gitTreeState: "", buildDate: "1970-01-01T00:00:00Z" };

/** The API of one cluster: authentication, authorization, then the resource. */
export function createHandler(context: ApiContext, options: HandlerOptions): Handler {
  const applied = new AppliedConfigurations();
  return async (request) => {
    const info = readRequestInfo(request.method, request.path, request.query);
    let user: User | undefined;
    let response: ApiResponse;
    try {
      user = await options.authenticate(request.subject, request.headers["authorization"]);
      authorize(context.store, user, info);
      response = answer(context, applied, options, user, info, request);
    } catch (error) {
      response = failed(error);
    }
    options.onAnswer?.(request, info, user, response.status);
    return response;
  };
}

function failed(error: unknown): ApiResponse {
  if (error instanceof StatusError) {
    const { code, headers } = error.failure;
    return { status: code, body: error.toStatus(), ...(headers && { headers }) };
  }
  const message = `the embedded Kubernetes API failed: ${error instanceof Error ? error.stack : String(error)}`;
  return { status: 500, body: new StatusError({ code: 500, reason: "InternalError", message }).toStatus() };
}

function answer(
  context: ApiContext,
  applied: AppliedConfigurations,
  options: HandlerOptions,
  user: User,
  info: RequestInfo,
  request: ApiRequest,
): ApiResponse {
  const missing = notImplementedPart(info);
  if (missing !== undefined) throw notImplemented(missing);
  if (!info.resourceRequest) return answerPath(context, options, request);
  if (info.group === "authorization.k8s.io") {
    const review = info.resource === "selfsubjectaccessreviews" ? "SelfSubjectAccessReview" : "SubjectAccessReview";
    const served = ["selfsubjectaccessreviews", "subjectaccessreviews"].includes(info.resource);
    if (served) return { status: 201, body: reviewAccess(context, user, request, review) };
  }
  const type = context.types.find(info.group, info.version, info.resource);
  if (type !== undefined) return handleResource(context, applied, type, info, request, user);
  const served = context.types.all().some((one) => one.group === info.group && one.version === info.version);
  if (served && (info.group === "" || context.types.all().some((one) => one.group === info.group && !one.custom))) {
    throw noSuchResource();
  }
  return { status: 404, body: "404 page not found\n" };
}

function answerPath(context: ApiContext, options: HandlerOptions, request: ApiRequest): ApiResponse {
  const { path, method } = request;
  if (HEALTH.some((root) => path === root || path.startsWith(`${root}/`))) return { status: 200, body: "ok" };
  const reads = method === "GET" || method === "HEAD";
  if (path === "/version") {
    if (!reads) throw methodNotAllowed();
    const [major = "1", minor = "0"] = options.kubernetesVersion.slice(1).split(".");
    const { kubernetesVersion: gitVersion } = options;
    return {
      status: 200,
      body: { major, minor, gitVersion, ...DATES, goVersion: "", compiler: "", platform: "embedded" },
    };
  }
  const found = reads ? discover(context.types, path, options.address(), request.headers["accept"] ?? "") : undefined;
  if (found !== undefined) {
    const aggregated = found["kind"] === "APIGroupDiscoveryList";
    const contentType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    return { status: 200, body: found, ...(aggregated ? { headers: { "content-type": contentType } } : {}) };
  }
  if (path === "/") {
    const groups = [
      ...new Set(context.types.all().map((type) => (type.group === "" ? "/api" : `/apis/${type.group}`))),
    ];
    return { status: 200, body: { paths: [...groups, ...HEALTH, "/version"].toSorted() } };
  }
  return { status: 404, body: "404 page not found\n" };
}

/** May the asker, or the user it names, do this? (authorization.k8s.io/v1) */
function reviewAccess(
  { store }: ApiContext,
  asker: User,
  request: ApiRequest,
  kind: "SelfSubjectAccessReview" | "SubjectAccessReview",
): JsonObject {
  const spec = objectAt(JSON.parse(request.body), "spec");
  const user =
    kind === "SelfSubjectAccessReview"
      ? asker
      : { name: stringAt(spec, "user") ?? "", groups: listAt(spec, "groups").map(String) };
  const [resource, path] = [spec["resourceAttributes"], spec["nonResourceAttributes"]];
  const text = (field: string): string => stringAt(resource, field) ?? "";
  const info: RequestInfo = isObject(resource)
    ? {
        resourceRequest: true,
        verb: text("verb"),
        path: "",
        group: text("group"),
        version: text("version"),
        namespace: text("namespace"),
        resource: text("resource"),
        subresource: text("subresource"),
        name: text("name"),
      }
    : { resourceRequest: false, verb: stringAt(path, "verb") ?? "", path: stringAt(path, "path") ?? "" };
  const verdict = judge(store, user, info);
  return {
    kind,
    apiVersion: "authorization.k8s.io/v1",
    metadata: {},
    spec,
    status: verdict.allowed ? { allowed: true } : { allowed: false, ...(verdict.reason && { reason: verdict.reason }) },
  };
}
