import { type ApiContext, load, type ObjectKey } from "../api/context.ts";
import { createObject } from "../api/create.ts";
import {
  checkDeleteOptions,
  type DeleteOptions,
  deleteObject,
  deletionAnswer,
  readDeleteOptions,
} from "../api/delete.ts";
import { type UpdateOptions, updateObject } from "../api/update.ts";
import type { User } from "../auth/authenticate.ts";
import { grantCheck } from "../auth/escalation.ts";
import type { RequestInfo } from "../auth/request-info.ts";
import { isObject, type JsonObject, plain } from "../json.ts";
import type { KubeObject } from "../object.ts";
import type { AppliedConfigurations } from "../patch/apply.ts";
import { policyCheck } from "../policy/admit.ts";
import type { ResourceType, Subresource } from "../resource-type.ts";
import { badRequest, causes, invalid, methodNotAllowed, noSuchResource, StatusError } from "../status.ts";
import { type Form, partialMetadata, tableOf } from "../table/table.ts";
import { judgeProblems, readObject } from "./body.ts";
import type { ApiRequest, ApiResponse } from "./exchange.ts";
import { listObject, listPage, readNumber } from "./list.ts";
import { patchObject } from "./patch-request.ts";
import { scaled, scaleOf } from "./scale.ts";
import { watch } from "./watch.ts";

type ResourceRequest = Extract<RequestInfo, { resourceRequest: true }>;

/** Answers one request about a resource that is served. @throws StatusError */
export function handleResource(
  context: ApiContext,
  applied: AppliedConfigurations,
  type: ResourceType,
  info: ResourceRequest,
  request: ApiRequest,
  user: User,
): ApiResponse {
  const namespace = scopeOf(type, info);
  const subresource = subresourceOf(type, info);
  const key: ObjectKey = { type, namespace, name: info.name };
  const form = formOf(request.headers["accept"]);
  const { query } = request;
  const dryRun = readDryRun(info.verb, query);
  const options = {
    dryRun,
    subresource,
    check: grantCheck(context.store, user, type),
    admit: policyCheck(context, { user, type, subresource, dryRun }),
  };
  const show = (object: KubeObject, status = 200, warnings: readonly string[] = []): ApiResponse => ({
    status,
    ...(warnings.length === 0 ? {} : { headers: { warning: warnings.map(warning).join(", ") } }),
    body: subresource === "scale" ? scaleOf(object) : formed(context, type, object, form, query),
  });

  switch (info.verb) {
    case "get":
      return show(load(context, key));
    case "list": {
      const page = listPage(context.store, type, namespace, query);
      if (form !== "table") return { status: 200, body: listObject(type, page, form === "metadata") };
      const { metadata } = listObject(type, page, true);
      const include = query.get("includeObject") ?? "Metadata";
      return { status: 200, body: tableOf(type, page.objects, metadata as JsonObject, context.clock.now(), include) };
    }
    case "watch":
      return watch({ store: context.store, clock: context.clock, type, namespace, query, form });
    case "create": {
      const { object, problems } = readObject(type, request.body, request.headers["content-type"]);
      const warnings = judgeProblems(type, problems, query);
      return show(createObject(context, type, namespace, object, options), 201, warnings);
    }
    case "update":
      return replace(context, key, request, options, show);
    case "patch": {
      const { object, created, warnings } = patchObject(context, applied, key, request, options);
      return show(object, created ? 201 : 200, warnings);
    }
    case "delete":
      return { status: 200, body: deletionAnswer(key, deleteObject(context, key, deleteOptions(request))) };
    case "deletecollection":
      return deleteCollection(context, type, namespace, request);
    default:
      throw methodNotAllowed();
  }
}

/** @returns the namespace of the request; undefined = all, or none for types without. */
function scopeOf(type: ResourceType, info: ResourceRequest): string | undefined {
  if (!type.verbs.includes(info.verb) || (info.verb === "create" && info.name !== "")) throw methodNotAllowed();
  if (["update", "patch"].includes(info.verb) && info.name === "") throw methodNotAllowed();
  if (!type.namespaced) {
    if (info.namespace !== "" && type.kind !== "Namespace") throw noSuchResource();
    return undefined;
  }
  if (info.namespace !== "") return info.namespace;
  if (info.verb === "create" || info.verb === "deletecollection") throw methodNotAllowed();
  if (info.name !== "") throw noSuchResource();
  return undefined;
}

function subresourceOf(type: ResourceType, info: ResourceRequest): Subresource | undefined {
  if (info.subresource === "") return undefined;
  const found = type.subresources.find((one) => one === info.subresource);
  if (found === undefined) {
    // As the original: a custom resource without it is "not found" by name.
    if (type.custom) {
      throw new StatusError({
        code: 404,
        reason: "NotFound",
        message: `${type.plural}.${type.group} ${JSON.stringify(info.name)} not found`,
        details: { name: info.name, group: type.group, kind: type.plural },
      });
    }
    throw noSuchResource();
  }
  if (!["get", "update", "patch"].includes(info.verb)) throw methodNotAllowed();
  return found;
}

function replace(
  context: ApiContext,
  key: ObjectKey,
  request: ApiRequest,
  options: UpdateOptions,
  show: (object: KubeObject, status?: number, warnings?: readonly string[]) => ApiResponse,
): ApiResponse {
  if (options.subresource === "scale") {
    const scale: unknown = JSON.parse(request.body);
    if (!isObject(scale)) throw badRequest("the object provided is unrecognized (must be of type Scale)");
    return show(updateObject(context, key, (old) => scaled(old, scale), { ...options, replace: true }));
  }
  const { object, problems } = readObject(key.type, request.body, request.headers["content-type"]);
  const warnings = judgeProblems(key.type, problems, request.query);
  checkName(key, object);
  return show(
    updateObject(context, key, () => object, { ...options, replace: true }),
    200,
    warnings,
  );
}

/** A PUT names its object twice. */
function checkName({ name, namespace }: ObjectKey, object: JsonObject): void {
  const metadata = isObject(object["metadata"]) ? object["metadata"] : {};
  const given = metadata["name"] ?? "";
  if (given !== name) {
    throw badRequest(
      given === ""
        ? "the name of the object () does not match the name on the URL (" + name + ")"
        : `the name of the object (${plain(given)}) does not match the name on the URL (${name})`,
    );
  }
  if (namespace !== undefined && metadata["namespace"] !== undefined && metadata["namespace"] !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
}

function deleteOptions({ body, query }: ApiRequest): DeleteOptions {
  let fromBody: DeleteOptions = {};
  if (body.trim() !== "") {
    try {
      fromBody = readDeleteOptions(JSON.parse(body));
    } catch (error) {
      throw badRequest(
        `couldn't get version/kind; json parse error: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    return { ...fromBody, dryRun: fromBody.dryRun === true || query.has("dryRun") };
  }
  const grace = readNumber(query, "gracePeriodSeconds");
  const policy = query.get("propagationPolicy");
  const orphan = query.get("orphanDependents");
  return {
    ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
    ...(policy === null ? {} : { propagationPolicy: policy }),
    ...(orphan === null ? {} : { orphanDependents: orphan === "true" }),
    dryRun: query.has("dryRun"),
  };
}

function deleteCollection(
  context: ApiContext,
  type: ResourceType,
  namespace: string | undefined,
  request: ApiRequest,
): ApiResponse {
  const options = deleteOptions(request);
  checkDeleteOptions(options);
  const page = listPage(context.store, type, namespace, request.query);
  for (const { metadata } of page.objects) {
    deleteObject(context, { type, namespace: metadata.namespace, name: metadata.name }, options);
  }
  return { status: 200, body: listObject(type, page, false) };
}

/** @throws StatusError 422. */
function readDryRun(verb: string, query: URLSearchParams): boolean {
  const values = query.getAll("dryRun");
  if (values.length === 0) return false;
  if (values.every((value) => value === "All")) return true;
  const kind = { create: "CreateOptions", update: "UpdateOptions", patch: "PatchOptions" }[verb] ?? "DeleteOptions";
  throw invalid({ group: "meta.k8s.io", kind, name: "" }, [causes.unsupported("dryRun", values, ["All"])]);
}

const warning = (text: string): string => `299 - ${JSON.stringify(text)}`;

/** @throws StatusError 406. */
export function formOf(accept: string | undefined): Form {
  for (const part of (accept ?? "").split(",")) {
    const [media = "", ...parameters] = part.split(";").map((one) => one.trim());
    if (media !== "" && media !== "*/*" && media !== "application/*" && media !== "application/json") continue;
    const as = parameters.find((one) => one.startsWith("as="))?.slice(3);
    if (as === undefined) return "object";
    if (as === "Table") return "table";
    if (as === "PartialObjectMetadata" || as === "PartialObjectMetadataList") return "metadata";
  }
  throw new StatusError({
    code: 406,
    reason: "NotAcceptable",
    message:
      "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf",
    details: {},
  });
}

function formed(
  { clock }: ApiContext,
  type: ResourceType,
  object: KubeObject,
  form: Form,
  query: URLSearchParams,
): JsonObject {
  if (form === "object") return object;
  if (form === "metadata") return partialMetadata(object);
  const { resourceVersion } = object.metadata;
  return tableOf(type, [object], { resourceVersion }, clock.now(), query.get("includeObject") ?? "Metadata");
}
