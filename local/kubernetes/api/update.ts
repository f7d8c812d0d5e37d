import { isEqual, isObject, type JsonObject } from "../json.ts";
import { metaCauses, metaUpdateCauses, settableMeta } from "../metadata.ts";
import type { KubeObject, Meta } from "../object.ts";
import { resourceKey, type Subresource } from "../resource-type.ts";
import { badRequest, causes, conflict, internal, invalid, MODIFIED } from "../status.ts";
import { type ApiContext, kindName, load, type ObjectKey, resourceName } from "./context.ts";
import type { WriteOptions } from "./create.ts";

export interface UpdateOptions extends WriteOptions {
  subresource?: Subresource | undefined;
  /** A PUT names a UID as a precondition; a patch may not change it. */
  replace?: boolean;
}

/**
 * Changes an object.
 * @param change gets the stored object and returns the wanted one, decoded and with defaults.
 * @throws StatusError 400, 404, 409, 422.
 */
export function updateObject(
  context: ApiContext,
  key: ObjectKey,
  change: (old: KubeObject) => JsonObject,
  options: UpdateOptions = {},
): KubeObject {
  const { type } = key;
  const old = load(context, key);
  const wanted = change(old);
  const given = (wanted["metadata"] ?? {}) as Partial<Meta>;
  checkIdentity(key, given, old, options);
  const next = merge(key, wanted, given, old, options.subresource);
  options.check?.(next, old);
  const update = metaUpdateCauses(next.metadata, old.metadata);
  const found = [
    ...(type.custom ? update : [...update, ...update]),
    ...metaCauses(type, next).filter(({ field }) => field !== "metadata.name"),
    ...(options.subresource === "status" && !type.custom ? [] : (type.strategy.validate?.(next, old) ?? [])),
  ];
  if (found.length > 0) throw invalid(kindName(key), found);
  options.admit?.(next, old);
  const done = next.metadata.deletionTimestamp !== undefined && isFree(next);
  if (!done && isEqual(next, old)) return old;
  if (options.dryRun === true) return next;
  if (!done) return context.store.put(resourceKey(type), next);
  context.store.remove(resourceKey(type), next);
  return next;
}

/** Nothing holds a marked object any more. */
function isFree({ metadata, kind, spec }: KubeObject): boolean {
  if ((metadata.finalizers ?? []).length > 0) return false;
  if (kind === "Namespace" && ((spec as JsonObject | undefined)?.["finalizers"] as unknown[] | undefined)?.length)
    return false;
  return (metadata.deletionGracePeriodSeconds ?? 0) === 0;
}

function checkIdentity(key: ObjectKey, given: Partial<Meta>, old: KubeObject, options: UpdateOptions): void {
  const { type, name, namespace } = key;
  if (given.name !== undefined && given.name !== name) {
    throw badRequest(`the name of the object (${given.name}) does not match the name on the URL (${name})`);
  }
  if (namespace !== undefined && given.namespace !== undefined && given.namespace !== namespace) {
    throw badRequest(
      `the namespace of the object (${given.namespace}) does not match the namespace on the request (${namespace})`,
    );
  }
  const { uid, resourceVersion = "" } = given;
  if (resourceVersion !== "" && !/^\d+$/.test(resourceVersion)) {
    throw internal(`strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`);
  }
  if (options.replace === true && uid !== undefined && uid !== old.metadata.uid) {
    const path = [type.group, type.plural, namespace, name].filter((part) => part !== undefined && part !== "");
    throw conflict(
      resourceName(key),
      `StorageError: invalid object, Code: 4, Key: /registry/${path.join("/")}, ResourceVersion: 0, AdditionalErrorMsg: ` +
        `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`,
    );
  }
  if (resourceVersion === "" || resourceVersion === "0") {
    if (!type.custom) return;
    throw invalid(resourceName(key), [
      causes.invalid("metadata.resourceVersion", 0, "must be specified for an update"),
    ]);
  }
  if (resourceVersion !== old.metadata.resourceVersion) throw conflict(resourceName(key), MODIFIED);
}

function merge(
  { type }: ObjectKey,
  wanted: JsonObject,
  given: Partial<Meta>,
  old: KubeObject,
  subresource: Subresource | undefined,
): KubeObject {
  const { apiVersion, kind } = old;
  if (subresource === "status") {
    const metadata = type.custom ? old.metadata : metaOf(given, old.metadata);
    const { status: _status, ...rest } = old;
    const status = wanted["status"];
    return { ...rest, apiVersion, kind, metadata, ...(status === undefined ? {} : { status }) };
  }
  const next: KubeObject = { ...wanted, apiVersion, kind, metadata: metaOf(given, old.metadata) };
  type.strategy.prepareUpdate?.(next, old);
  const { strategy } = type;
  if (strategy.generationOf !== undefined && !isEqual(strategy.generationOf(next), strategy.generationOf(old))) {
    next.metadata.generation = (old.metadata.generation ?? 0) + 1;
  }
  return next;
}

function metaOf(given: Partial<Meta>, old: Meta): Meta {
  const { labels: _l, annotations: _a, ownerReferences: _o, finalizers: _f, ...kept } = old;
  const { uid = old.uid, creationTimestamp = old.creationTimestamp } = given;
  const { name: _n, namespace: _ns, generateName: _g, ...settable } = settableMeta(given);
  for (const [field, value] of Object.entries(settable)) {
    if (isObject(value) || Array.isArray(value) ? Object.keys(value).length === 0 : false) delete settable[field];
  }
  return { ...kept, ...settable, uid, creationTimestamp };
}
