import type { ApiContext } from "../api/context.ts";
import type { Authenticator, User } from "../auth/authenticate.ts";
import { authorize } from "../auth/authorize.ts";
import { impersonated } from "../auth/impersonate.ts";
import { type RequestInfo, readRequestInfo } from "../auth/request-info.ts";
import { AppliedConfigurations } from "../patch/apply.ts";
import { methodNotAllowed, noSuchResource, notImplemented, StatusError } from "../status.ts";
import { type ReviewKind, reviewAccess } from "./access-review.ts";
import { discover } from "./discovery.ts";
import type { ApiRequest, ApiResponse } from "./exchange.ts";
import { notImplementedPart } from "./not-implemented.ts";
import { openApi } from "./openapi.ts";
import { isPodProxy, proxyPod } from "./pod-proxy.ts";
import { handleResource } from "./resource.ts";

export interface HandlerOptions {
  authenticate: Authenticator;
  /** e.g. `v1.35.4`. */
  kubernetesVersion: string;
  /** host:port, for discovery. */
  address(): string;
  /** Unix socket of an HTTP CONNECT proxy into the network of the pods; absent = they cannot be reached. */
  podNetworkSocket?: string | undefined;
  /** Told each request when it is answered (when it begins, for a watch). */
  onAnswer?: (request: ApiRequest, info: RequestInfo, user: User | undefined, status: number) => void;
}

/** Answers requests. Never throws. */
export type Handler = (request: ApiRequest) => Promise<ApiResponse>;

const REVIEWS: Readonly<Record<string, ReviewKind>> = {
  selfsubjectaccessreviews: "SelfSubjectAccessReview",
  subjectaccessreviews: "SubjectAccessReview",
};
const HEALTH = ["/readyz", "/livez", "/healthz"];
const CHECKS = ["ping", "log", "etcd"];
const DATES = { gitCommit: "", gitTreeState: "", buildDate: "1970-01-01T00:00:00Z" };

/** The API of one cluster: authentication, authorization, then the resource. */
export function createHandler(context: ApiContext, options: HandlerOptions): Handler {
  const applied = new AppliedConfigurations();
  return async (request) => {
    const info = readRequestInfo(request.method, request.path, request.query);
    let user: User | undefined;
    let response: ApiResponse;
    try {
      const caller = await options.authenticate(request.subject, request.headers["authorization"]);
      user = impersonated(context.store, caller, request.headers);
      authorize(context.store, user, info);
      response = await answer(context, applied, options, user, info, request);
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
): ApiResponse | Promise<ApiResponse> {
  if (options.podNetworkSocket !== undefined && isPodProxy(info)) {
    return proxyPod(context, info, request, options.podNetworkSocket);
  }
  const document = openApi(context.types, request.path);
  if (document !== undefined) return { status: 200, body: document };
  const missing = notImplementedPart(info);
  if (missing !== undefined) throw notImplemented(missing);
  if (!info.resourceRequest) return answerPath(context, options, request);
  const review = REVIEWS[info.resource];
  if (info.group === "authorization.k8s.io" && review !== undefined) {
    if (info.verb !== "create") throw methodNotAllowed();
    return { status: 201, body: reviewAccess(context.store, user, request, review) };
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
  const health = HEALTH.find((root) => path === root || path.startsWith(`${root}/`));
  if (health !== undefined) {
    const all = CHECKS.map((check) => `[+]${check} ok\n`).join("");
    const verbose = request.query.has("verbose") && path === health;
    return { status: 200, body: verbose ? `${all}${health.slice(1)} check passed\n` : "ok" };
  }
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
