import { type ApiContext, type ObjectKey } from "../api/context.ts";
import { createObject } from "../api/create.ts";
import { type DeleteOptions, deleteObject } from "../api/delete.ts";
import { updateObject } from "../api/update.ts";
import { decode } from "../http/body.ts";
import type { JsonObject } from "../json.ts";
import type { KubeObject } from "../object.ts";
import { type ResourceType, resourceKey } from "../resource-type.ts";

/** The cluster as its own controllers see it. */
export interface Access {
  type(group: string, plural: string): ResourceType;
  get(group: string, plural: string, namespace: string | undefined, name: string): KubeObject | undefined;
  list(group: string, plural: string, namespace?: string): KubeObject[];
  create(group: string, plural: string, namespace: string | undefined, body: JsonObject): KubeObject;
  /** Writes the main resource. */
  update(object: KubeObject): KubeObject;
  updateStatus(object: KubeObject, status: JsonObject): KubeObject;
  delete(object: KubeObject, options?: DeleteOptions): void;
  /** Writes past all rules, as a binding or a finalization does. */
  force(object: KubeObject): KubeObject;
  /** Takes an object away, whatever holds it. */
  remove(object: KubeObject): void;
}

export function createAccess(context: ApiContext): Access {
  const { store, types } = context;
  const type = (group: string, plural: string): ResourceType => {
    const found = types.all().find((one) => one.group === group && one.plural === plural);
    if (found === undefined) throw new Error(`${plural}.${group} is not served.`);
    return found;
  };
  const keyOf = (object: KubeObject): ObjectKey => {
    const found = types.ofKind(object.apiVersion, object.kind);
    if (found === undefined) throw new Error(`${object.kind} of ${object.apiVersion} is not served.`);
    return { type: found, namespace: object.metadata.namespace, name: object.metadata.name };
  };
  return {
    type,
    get: (group, plural, namespace, name) => store.get(resourceKey({ group, plural }), namespace, name),
    list: (group, plural, namespace) => store.list(resourceKey({ group, plural }), namespace),
    create(group, plural, namespace, body) {
      const created = type(group, plural);
      return createObject(context, created, namespace, decode(created, body).object);
    },
    update: (object) => updateObject(context, keyOf(object), () => object),
    updateStatus: (object, status) =>
      updateObject(context, keyOf(object), (old) => ({ ...old, status }), { subresource: "status" }),
    delete(object, options = {}) {
      const preconditions = { uid: object.metadata.uid };
      deleteObject(context, keyOf(object), { preconditions, ...options });
    },
    force: (object) => store.put(resourceKey(keyOf(object).type), object),
    remove: (object) => void store.remove(resourceKey(keyOf(object).type), object),
  };
}
