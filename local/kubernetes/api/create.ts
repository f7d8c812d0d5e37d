import type { JsonObject } from "../json.ts";
import { metaCauses, settableMeta } from "../metadata.ts";
import type { KubeObject, Meta } from "../object.ts";
import { apiVersionOf, type ResourceType, resourceKey } from "../resource-type.ts";
import { alreadyExists, badRequest, internal, invalid } from "../status.ts";
import { admitCreate, admitQuota } from "./admission.ts";
import { type ApiContext, find, kindName, nowOf, resourceName } from "./context.ts";

export interface WriteOptions {
  dryRun?: boolean;
  /** Looks at what is to be written, and throws to refuse it. */
  check?: ((next: KubeObject, old: KubeObject | undefined) => void) | undefined;
  /** The same, once it is known to be valid. */
  admit?: ((next: KubeObject, old: KubeObject | undefined) => void) | undefined;
}

/**
 * Creates an object from a decoded body.
 * @throws StatusError 400, 403, 404 (namespace), 409, 422.
 */
export function createObject(
  context: ApiContext,
  type: ResourceType,
  namespace: string | undefined,
  body: JsonObject,
  options: WriteOptions = {},
): KubeObject {
  const object = draft(context, type, namespace, body);
  const key = { type, namespace, name: object.metadata.name };
  admitCreate(context, key, object);
  type.strategy.prepareCreate?.(object);
  options.check?.(object, undefined);
  const causes = [...metaCauses(type, object), ...(type.strategy.validate?.(object, undefined) ?? [])];
  if (causes.length > 0) throw invalid(kindName(key), causes);
  options.admit?.(object, undefined);
  const existing = find(context, key);
  if (existing !== undefined) {
    const leaving = existing.metadata.deletionTimestamp !== undefined;
    throw alreadyExists(resourceName(key), leaving ? "object is being deleted: " : "");
  }
  admitQuota(context, key, object, options.dryRun === true);
  if (options.dryRun === true) return withoutVersion(object);
  return context.store.put(resourceKey(type), object);
}

function draft(context: ApiContext, type: ResourceType, namespace: string | undefined, body: JsonObject): KubeObject {
  const given = (body["metadata"] ?? {}) as Partial<Meta>;
  if (namespace !== undefined && given.namespace !== undefined && given.namespace !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  if (given.resourceVersion !== undefined && given.resourceVersion !== "") {
    throw internal("resourceVersion should not be set on objects to be created");
  }
  const settable = settableMeta(given);
  const prefix = given["generateName"];
  const generated = typeof prefix === "string" && !settable.name;
  const { namespace: _namespace, ...rest } = settable;
  const metadata: Meta = {
    ...rest,
    name: generated ? `${prefix.slice(0, 58)}${context.ids.suffix()}` : (settable.name ?? ""),
    ...(namespace === undefined ? {} : { namespace }),
    uid: context.ids.uid(),
    resourceVersion: "",
    creationTimestamp: nowOf(context),
    ...(type.strategy.generationOf === undefined ? {} : { generation: 1 }),
  };
  return { ...body, apiVersion: apiVersionOf(type), kind: type.kind, metadata };
}

export function withoutVersion(object: KubeObject): KubeObject {
  const { resourceVersion: _resourceVersion, ...metadata } = object.metadata;
  return { ...object, metadata: metadata as Meta };
}
