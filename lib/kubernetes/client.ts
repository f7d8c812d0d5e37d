import type { KubernetesObject } from "./objects.ts";

/** A served resource type, e.g. StatefulSets: `{apiVersion: "apps/v1", kind: "StatefulSet", plural: "statefulsets", namespaced: true}`. */
export interface ResourceType {
  apiVersion: string;
  kind: string;
  plural: string;
  namespaced: boolean;
}

/** Names one object. `namespace` is required for namespaced types. */
export interface ObjectName {
  name: string;
  namespace?: string;
}

export interface CallOptions {
  /** Ends the call; the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /**
   * Milliseconds; overrides the client's request timeout. Bounds a call with all its retries, each page of a list, and
   * how long a watch lasts (default 300,000; how soon it begins is bounded by the client's request timeout).
   */
  timeoutMs?: number;
}

export interface ListOptions extends CallOptions {
  /** Absent = all namespaces. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Page size; the client follows `continue` until the list is complete. Default 500. */
  limit?: number;
  /** `metadata` asks for PartialObjectMetadataList. Default `object`. */
  as?: "object" | "metadata";
}

/** A complete list: every page of one consistent snapshot. */
export interface ListResult<T> {
  items: T[];
  resourceVersion: string;
  /** The API server's Date header of the first page, ISO-8601 UTC. The only clock planners know. */
  observedAt: string;
}

export interface WatchOptions extends CallOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  resourceVersion: string;
}

export type WatchEvent<T> =
  | { type: "ADDED" | "MODIFIED" | "DELETED"; object: T }
  | { type: "BOOKMARK"; object: { metadata: { resourceVersion: string } } };

export interface DeleteOptions extends CallOptions {
  /** Required: no delete of ours goes out without one. */
  preconditions: { uid?: string; resourceVersion?: string };
  gracePeriodSeconds?: number;
  propagationPolicy?: "Background" | "Foreground" | "Orphan";
}

export interface WriteOptions extends CallOptions {
  subresource?: "status" | "scale";
  fieldManager?: string;
}

export interface PatchOptions extends WriteOptions {
  /** `merge` = JSON merge patch (put `metadata.resourceVersion` into it as precondition), `apply` = server-side apply. */
  type: "merge" | "json" | "apply";
  /** Server-side apply only. */
  force?: boolean;
}

/** A plain response, for paths that are no resource (`/readyz`). */
export interface RawResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
  /** From the Date header, ISO-8601 UTC; absent when the server sent none. */
  observedAt?: string;
}

/**
 * One cluster's API server. Errors: `ApiError` for every Status the server sends, `ConnectionError` when no answer came.
 * Retries are inside, by the table in `retry.ts`; nothing that may have been applied is retried blindly.
 */
export interface KubernetesClient {
  get<T extends KubernetesObject>(type: ResourceType, name: ObjectName, options?: CallOptions): Promise<T>;
  list<T extends KubernetesObject>(type: ResourceType, options?: ListOptions): Promise<ListResult<T>>;
  create<T extends KubernetesObject>(type: ResourceType, object: T, options?: WriteOptions): Promise<T>;
  replace<T extends KubernetesObject>(type: ResourceType, object: T, options?: WriteOptions): Promise<T>;
  patch<T extends KubernetesObject>(
    type: ResourceType,
    name: ObjectName,
    patch: unknown,
    options: PatchOptions,
  ): Promise<T>;
  delete(type: ResourceType, name: ObjectName, options: DeleteOptions): Promise<void>;
  /** Ends when the server closes the watch; throws `ApiError` 410 (reason Expired) when the version is too old. */
  watch<T extends KubernetesObject>(type: ResourceType, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
  /** Never throws for an HTTP status; throws `ConnectionError` only. Repeats reads, and what was answered 401, only. */
  raw(
    method: "GET" | "POST" | "DELETE",
    path: string,
    options?: CallOptions & { accept?: string; body?: unknown },
  ): Promise<RawResponse>;
  /** Closes pooled connections. */
  close(): Promise<void>;
}

/** How the client proves who it is. Called before each request; implementations cache. `renew` is set after a 401. */
export type TokenSource = (options: { renew: boolean }) => Promise<string>;

/** Everything needed to reach one API server. */
export interface ClusterAccess {
  /** https URL without a trailing slash. */
  server: string;
  /** PEM of the certificate authority; absent = the system's. */
  caPem?: string;
  token?: TokenSource;
  clientCertificate?: { certPem: string; keyPem: string };
  /** TLS server name when it differs from the URL's host. */
  serverName?: string;
  /** Set only by the local environment: the server's certificate is not verified. */
  insecureSkipTlsVerify?: boolean;
  /** Addresses that a server name may not resolve to (loopback, link-local). Absent = any. */
  refuseAddress?: (address: string) => boolean;
}
