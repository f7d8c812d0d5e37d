import { isObject, type JsonObject } from "../json.ts";
import type { KubeObject } from "../object.ts";
import { apiVersionOf, type ResourceType, resourceKey } from "../resource-type.ts";
import { parseFieldSelector, parseLabelSelector, type Selector } from "../selectors.ts";
import { badRequest, causes, expired, invalid, StatusError } from "../status.ts";
import type { Store } from "../store.ts";
import { partialMetadata } from "../table/table.ts";

/** Which objects of a type a list, watch or collection delete is about. */
export type Selects = (object: KubeObject) => boolean;

/** @throws StatusError 400 for selectors that cannot be read. */
export function readSelectors(type: ResourceType, query: URLSearchParams): { selects: Selects; any: boolean } {
  const [labels, fields] = [query.get("labelSelector") ?? "", query.get("fieldSelector") ?? ""];
  const byLabel: Selector = parseLabelSelector(labels);
  const { fields: named, selects: byField } = parseFieldSelector(fields);
  for (const field of named) checkField(type, field);
  return {
    any: labels !== "" || fields !== "",
    selects: (object) => byLabel(object.metadata.labels ?? {}) && (fields === "" || byField(fieldsOf(type, object))),
  };
}

function fieldsOf(type: ResourceType, object: KubeObject): Record<string, string> {
  const { name, namespace = "" } = object.metadata;
  return { "metadata.name": name, "metadata.namespace": namespace, ...type.strategy.selectable?.(object) };
}

const NOTHING: KubeObject = {
  apiVersion: "",
  kind: "",
  metadata: { name: "", uid: "", resourceVersion: "", creationTimestamp: "" },
};

function checkField(type: ResourceType, field: string): void {
  if (Object.hasOwn(fieldsOf(type, NOTHING), field)) return;
  if (type.strategy.selectable !== undefined) throw badRequest(`field label not supported: ${field}`);
  const known = type.namespaced ? '"metadata.name", "metadata.namespace"' : '"metadata.name"';
  throw badRequest(`${JSON.stringify(field)} is not a known field selector: only ${known}`);
}

export interface Page {
  objects: KubeObject[];
  resourceVersion: string;
  continue?: string;
  remainingItemCount?: number;
}

/**
 * Lists one page of one consistent snapshot.
 * @throws StatusError 400, 410 (the snapshot of `continue` is gone), 422, 504 (version of the future).
 */
export function listPage(
  store: Store,
  type: ResourceType,
  namespace: string | undefined,
  query: URLSearchParams,
): Page {
  const { selects, any } = readSelectors(type, query);
  const limit = readNumber(query, "limit");
  const token = query.get("continue") ?? "";
  const asked = query.get("resourceVersion") ?? "";
  checkVersion(query, asked, token, store.version);
  const start = token === "" ? undefined : readToken(token);
  const exact = query.get("resourceVersionMatch") === "Exact" ? Number(asked) : undefined;
  const version = start?.version ?? exact ?? store.version;
  const resource = resourceKey(type);
  const snapshot =
    version >= store.version ? store.list(resource, namespace) : store.listAt(resource, namespace, version);
  if (snapshot === undefined)
    throw expired(start === undefined ? `too old resource version: ${version} (${store.version})` : TOO_OLD);
  const rest = snapshot.filter((object) => selects(object) && (start === undefined || placeOf(object) > start.after));
  const objects = limit === undefined || limit === 0 ? rest : rest.slice(0, limit);
  const last = objects.at(-1);
  const resourceVersion = String(version);
  if (last === undefined || objects.length === rest.length) return { objects, resourceVersion };
  return {
    objects,
    resourceVersion,
    continue: writeToken(version, placeOf(last)),
    ...(any ? {} : { remainingItemCount: rest.length - objects.length }),
  };
}

const TOO_OLD =
  "The provided continue parameter is too old to display a consistent list result. You can start a new list without " +
  "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. " +
  "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted " +
  "between the time the first chunk was returned and now may show up in the list.";

const placeOf = ({ metadata: { namespace = "", name } }: KubeObject): string => `${namespace}\u0000${name}`;

const writeToken = (version: number, after: string): string =>
  Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: version, start: after })).toString("base64url");

function readToken(token: string): { version: number; after: string } {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
    if (isObject(parsed) && typeof parsed["rv"] === "number" && typeof parsed["start"] === "string") {
      return { version: parsed["rv"], after: parsed["start"] };
    }
  } catch {
    // Not ours: refused below.
  }
  throw badRequest("invalid continue token: continue key is not valid: it was not issued by this server");
}

function checkVersion(query: URLSearchParams, asked: string, token: string, current: number): void {
  const match = query.get("resourceVersionMatch") ?? "";
  const wrong = (detail: string): StatusError =>
    invalid({ group: "meta.k8s.io", kind: "ListOptions", name: "" }, [
      causes.forbidden("resourceVersionMatch", detail),
    ]);
  if (match !== "" && asked === "") throw wrong("resourceVersionMatch is forbidden unless resourceVersion is provided");
  if (match !== "" && token !== "") throw wrong("resourceVersionMatch is forbidden when continue is provided");
  if (match !== "" && match !== "Exact" && match !== "NotOlderThan") {
    throw invalid({ group: "meta.k8s.io", kind: "ListOptions", name: "" }, [
      causes.unsupported("resourceVersionMatch", match, ["Exact", "NotOlderThan"]),
    ]);
  }
  if (match === "Exact" && asked === "0") {
    throw wrong('resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  }
  if (asked !== "" && !/^\d+$/.test(asked)) {
    const text = `strconv.ParseUint: parsing ${JSON.stringify(asked)}: invalid syntax`;
    throw badRequest(`invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(asked)}: ${text}`);
  }
  if (token !== "" && asked !== "" && asked !== "0") {
    throw badRequest("specifying resource version is not allowed when using continue");
  }
  if (Number(asked) > current) {
    throw new StatusError({
      code: 504,
      reason: "Timeout",
      message: `Timeout: Too large resource version: ${asked}, current: ${current}`,
      details: {
        causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
        retryAfterSeconds: 1,
      },
      headers: { "retry-after": "1" },
    });
  }
}

/** @throws StatusError 400. */
export function readNumber(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  if (!/^-?\d+$/.test(text)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return Number(text);
}

/** A list as it is answered: items of built-in kinds do not repeat their kind. */
export function listObject(type: ResourceType, page: Page, asMetadata: boolean): JsonObject {
  const { objects, resourceVersion } = page;
  const metadata: JsonObject = {
    resourceVersion,
    ...(page.continue === undefined
      ? type.custom && !asMetadata
        ? { continue: "" }
        : {}
      : { continue: page.continue }),
    ...(page.remainingItemCount === undefined ? {} : { remainingItemCount: page.remainingItemCount }),
  };
  if (asMetadata) {
    const items = objects.map(partialMetadata);
    return { kind: "PartialObjectMetadataList", apiVersion: "meta.k8s.io/v1", metadata, items };
  }
  const items = type.custom ? objects : objects.map(({ apiVersion: _version, kind: _kind, ...rest }) => rest);
  return { kind: type.listKind, apiVersion: apiVersionOf(type), metadata, items };
}
