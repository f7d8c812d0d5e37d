import type {
  DeleteOptions,
  ListOptions,
  ObjectName,
  PatchOptions,
  ResourceType,
  WatchOptions,
  WriteOptions,
} from "./client.ts";
import { writeJson } from "./json.ts";
import type { KubernetesObject } from "./objects.ts";

/** One HTTP request to an API server, before credentials are added. */
export interface ApiRequest {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path without query, as errors name it. */
  path: string;
  /** Encoded query without `?`; "" = none. */
  query: string;
  accept: string;
  contentType?: string;
  body?: string;
  /** A second try after a lost answer cannot do harm: reads, and deletes bound to one UID. */
  repeatable: boolean;
}

/** The field manager written into `managedFields` when the caller names none. */
export const FIELD_MANAGER = "outrigger";

const JSON_TYPE = "application/json";
const METADATA_LIST = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
const PATCH_TYPES = {
  merge: "application/merge-patch+json",
  json: "application/json-patch+json",
  apply: "application/apply-patch+yaml",
} as const;

/** @returns e.g. `/apis/apps/v1/namespaces/mimir/statefulsets/ingester-zone-a`. Throws `TypeError` for an impossible name. */
export function resourcePath(
  type: ResourceType,
  name: { namespace?: string | undefined; name?: string | undefined },
): string {
  const root = type.apiVersion.includes("/") ? `/apis/${type.apiVersion}` : `/api/${type.apiVersion}`;
  const namespace =
    type.namespaced && name.namespace !== undefined ? `/namespaces/${segment(type, name.namespace)}` : "";
  const object = name.name === undefined ? "" : `/${segment(type, name.name)}`;
  return `${root}${namespace}/${type.plural}${object}`;
}

/** A path segment as Kubernetes allows it: not `.`, not `..`, no `/` and no `%`. */
function segment(type: ResourceType, value: string): string {
  if (value === "" || value === "." || value === ".." || /[/%]/.test(value)) {
    throw new TypeError(
      `${JSON.stringify(value)} cannot name a ${type.kind}: empty, ".", "..", "/" and "%" are not allowed`,
    );
  }
  return encodeURIComponent(value);
}

function objectPath(type: ResourceType, name: ObjectName, subresource?: string): string {
  if (type.namespaced && name.namespace === undefined) {
    throw new TypeError(`${type.kind} ${name.name} needs a namespace: ${type.plural} are namespaced`);
  }
  return resourcePath(type, name) + (subresource === undefined ? "" : `/${subresource}`);
}

function query(parameters: Record<string, string | number | boolean | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) search.set(name, String(value));
  }
  return search.toString();
}

export function getRequest(type: ResourceType, name: ObjectName): ApiRequest {
  return { method: "GET", path: objectPath(type, name), query: "", accept: JSON_TYPE, repeatable: true };
}

/** One page of a list. `limit` undefined = everything in one answer. */
export function listRequest(
  type: ResourceType,
  options: ListOptions,
  page: { limit?: number; continue?: string },
): ApiRequest {
  return {
    method: "GET",
    path: resourcePath(type, { namespace: options.namespace }),
    query: query({
      labelSelector: options.labelSelector,
      fieldSelector: options.fieldSelector,
      limit: page.limit,
      continue: page.continue,
    }),
    accept: options.as === "metadata" ? METADATA_LIST : JSON_TYPE,
    repeatable: true,
  };
}

export function watchRequest(type: ResourceType, options: WatchOptions, timeoutSeconds: number): ApiRequest {
  return {
    method: "GET",
    path: resourcePath(type, { namespace: options.namespace }),
    query: query({
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion: options.resourceVersion,
      labelSelector: options.labelSelector,
      fieldSelector: options.fieldSelector,
      timeoutSeconds,
    }),
    accept: JSON_TYPE,
    repeatable: true,
  };
}

function writeQuery(options: WriteOptions, force?: boolean): string {
  return query({ fieldManager: options.fieldManager ?? FIELD_MANAGER, force });
}

export function createRequest(type: ResourceType, object: KubernetesObject, options: WriteOptions): ApiRequest {
  const { name, namespace } = object.metadata;
  if (type.namespaced && namespace === undefined) {
    throw new TypeError(`${type.kind} ${name} needs a namespace: ${type.plural} are namespaced`);
  }
  const path =
    options.subresource === undefined
      ? resourcePath(type, { namespace })
      : objectPath(type, object.metadata, options.subresource);
  return { ...written("POST", path, object, type), query: writeQuery(options) };
}

export function replaceRequest(type: ResourceType, object: KubernetesObject, options: WriteOptions): ApiRequest {
  const path = objectPath(type, object.metadata, options.subresource);
  return { ...written("PUT", path, object, type), query: writeQuery(options) };
}

function written(
  method: "POST" | "PUT",
  path: string,
  object: KubernetesObject,
  type: ResourceType,
): Omit<ApiRequest, "query"> {
  const body = writeJson({ apiVersion: type.apiVersion, kind: type.kind, ...object });
  return { method, path, accept: JSON_TYPE, contentType: JSON_TYPE, body, repeatable: false };
}

export function patchRequest(type: ResourceType, name: ObjectName, patch: unknown, options: PatchOptions): ApiRequest {
  return {
    method: "PATCH",
    path: objectPath(type, name, options.subresource),
    query: writeQuery(options, options.type === "apply" && options.force === true ? true : undefined),
    accept: JSON_TYPE,
    contentType: PATCH_TYPES[options.type],
    body: writeJson(patch),
    repeatable: false,
  };
}

/** Throws `TypeError` when neither precondition is set: no delete of ours goes out without one. */
export function deleteRequest(type: ResourceType, name: ObjectName, options: DeleteOptions): ApiRequest {
  const { uid, resourceVersion } = options.preconditions;
  if (uid === undefined && resourceVersion === undefined) {
    throw new TypeError(`delete of ${type.kind} ${name.name} has no precondition: give its uid or resourceVersion`);
  }
  return {
    method: "DELETE",
    path: objectPath(type, name),
    query: "",
    accept: JSON_TYPE,
    contentType: JSON_TYPE,
    body: JSON.stringify({
      apiVersion: "v1",
      kind: "DeleteOptions",
      preconditions: options.preconditions,
      gracePeriodSeconds: options.gracePeriodSeconds,
      propagationPolicy: options.propagationPolicy,
    }),
    repeatable: uid !== undefined,
  };
}

/** A path that is no resource, e.g. `/readyz?verbose` or that of a pod's proxy. */
export function rawRequest(
  method: "GET" | "POST" | "DELETE",
  path: string,
  options: { accept?: string; body?: unknown },
): ApiRequest {
  if (!path.startsWith("/")) throw new TypeError(`path ${JSON.stringify(path)} must begin with "/"`);
  const [bare = path, search = ""] = path.split("?", 2);
  return {
    method,
    path: bare,
    query: search,
    accept: options.accept ?? "application/json, */*",
    repeatable: method === "GET",
    ...(options.body === undefined ? {} : { contentType: JSON_TYPE, body: writeJson(options.body) }),
  };
}
