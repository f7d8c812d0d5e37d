import type { Clock } from "../clock.ts";
import type { Json, JsonObject } from "../json.ts";
import type { KubeObject } from "../object.ts";
import { apiVersionOf, type ResourceType, resourceKey } from "../resource-type.ts";
import { causes, expired, internal, invalid, type StatusError } from "../status.ts";
import type { Change, Store } from "../store.ts";
import { type Form, partialMetadata, tableOf } from "../table/table.ts";
import type { ApiResponse, Sink } from "./exchange.ts";
import { readNumber, readSelectors, type Selects } from "./list.ts";

const BOOKMARK_EVERY_MS = 60_000;
const DEFAULT_TIMEOUT_SECONDS = 1_800;
const INITIAL_EVENTS_END = "k8s.io/initial-events-end";

interface WatchContext {
  store: Store;
  clock: Clock;
  type: ResourceType;
  namespace: string | undefined;
  query: URLSearchParams;
  form: Form;
}

/** @throws StatusError 400, 422, 500 when the parameters cannot be read. */
export function watch(context: WatchContext): ApiResponse {
  const { query, type } = context;
  const { selects } = readSelectors(type, query);
  const asked = query.get("resourceVersion") ?? "";
  if (asked !== "" && !/^\d+$/.test(asked)) {
    const text = `strconv.ParseUint: parsing ${JSON.stringify(asked)}: invalid syntax`;
    throw internal(`resourceVersion: Invalid value: ${JSON.stringify(asked)}: ${text}`);
  }
  checkInitialEvents(query);
  const timeoutSeconds = readNumber(query, "timeoutSeconds") || DEFAULT_TIMEOUT_SECONDS;
  return { status: 200, stream: (sink) => stream(context, selects, Number(asked), timeoutSeconds, sink) };
}

function checkInitialEvents(query: URLSearchParams): void {
  const problem = (field: string, detail: string): StatusError =>
    invalid({ group: "meta.k8s.io", kind: "ListOptions", name: "" }, [causes.forbidden(field, detail)]);
  const match = query.get("resourceVersionMatch") ?? "";
  const initial = query.get("sendInitialEvents");
  if (initial === null) {
    if (match !== "") {
      throw problem(
        "resourceVersionMatch",
        "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
      );
    }
    return;
  }
  if (match !== "NotOlderThan") {
    throw problem("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  }
}

function stream(
  context: WatchContext,
  selects: Selects,
  since: number,
  timeoutSeconds: number,
  sink: Sink,
): () => void {
  const { store, clock, type, namespace, query } = context;
  const resource = resourceKey(type);
  const initial = query.get("sendInitialEvents") === "true";
  const bookmarks = query.get("allowWatchBookmarks") === "true";
  const cancels: (() => void)[] = [];
  let last = Math.max(since, store.version);
  let over = false;
  const send = (event: string, object: Json): void => sink.write(`${JSON.stringify({ type: event, object })}\n`);
  const stop = (): void => {
    over = true;
    for (const cancel of cancels) cancel();
  };
  const finish = (): void => {
    if (over) return;
    stop();
    sink.end();
  };
  const show = (event: string, object: KubeObject): void => send(event, formed(context, object));
  const tell = (change: Change): void => {
    if (change.resource !== resource || change.version <= since) return;
    if (namespace !== undefined && change.object.metadata.namespace !== namespace) return;
    last = change.version;
    const event = eventOf(change, selects);
    if (event !== undefined) show(event.type, event.object);
  };
  const bookmark = (annotations?: Record<string, string>): void =>
    send("BOOKMARK", bookmarkOf(type, store.version > last ? store.version : last, annotations));

  const past = since === 0 || initial ? [] : since < type.since ? undefined : store.changesAfter(since);
  if (past === undefined) {
    send("ERROR", expired(`too old resource version: ${since} (${Math.max(type.since, since + 1)})`).toStatus());
    sink.end();
    return () => {};
  }
  if (since === 0 || initial) {
    for (const object of store.list(resource, namespace)) if (selects(object)) show("ADDED", object);
    if (initial && bookmarks) bookmark({ [INITIAL_EVENTS_END]: "true" });
  }
  past.forEach(tell);
  cancels.push(store.subscribe(tell));
  const timeoutMs = timeoutSeconds * 1_000;
  cancels.push(clock.after(timeoutMs, finish));
  if (bookmarks) {
    const repeat = (): void => {
      bookmark();
      cancels.push(clock.after(BOOKMARK_EVERY_MS, repeat));
    };
    const firstMs = Math.min(BOOKMARK_EVERY_MS, timeoutMs - 2_000);
    if (firstMs > 0) cancels.push(clock.after(firstMs, repeat));
  }
  return stop;
}

/** What a change is to a watch with selectors: an object that comes to be selected is added, one that no longer is, deleted. */
function eventOf(
  { type, object, previous }: Change,
  selects: Selects,
): { type: string; object: KubeObject } | undefined {
  const [now, before] = [type !== "DELETED" && selects(object), previous !== undefined && selects(previous)];
  if (now) return { type: before ? "MODIFIED" : "ADDED", object };
  if (!before || previous === undefined) return undefined;
  if (type === "DELETED") return { type, object };
  const { resourceVersion } = object.metadata;
  return { type: "DELETED", object: { ...previous, metadata: { ...previous.metadata, resourceVersion } } };
}

function formed({ form, type, clock, query }: WatchContext, object: KubeObject): Json {
  if (form === "metadata") return partialMetadata(object);
  if (form === "object") return object;
  const { resourceVersion } = object.metadata;
  return tableOf(type, [object], { resourceVersion }, clock.now(), query.get("includeObject") ?? "Metadata");
}

function bookmarkOf(type: ResourceType, version: number, annotations?: Record<string, string>): JsonObject {
  return {
    kind: type.kind,
    apiVersion: apiVersionOf(type),
    metadata: { resourceVersion: String(version), ...(annotations && { annotations }) },
  };
}
