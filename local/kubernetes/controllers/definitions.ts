import type { ApiContext } from "../api/context.ts";
import { customTypes } from "../custom/custom-type.ts";
import { CLEANUP_FINALIZER } from "../custom/definition.ts";
import { isEqual, type JsonObject, objectAt, objectsAt, plain, stringAt } from "../json.ts";
import { type KubeObject, timestamp } from "../object.ts";
import { resourceKey } from "../resource-type.ts";
import type { Access } from "./access.ts";
import { withCondition } from "./conditions.ts";
import type { Controller } from "./loop.ts";

const DEFINITIONS = resourceKey({ group: "apiextensions.k8s.io", plural: "customresourcedefinitions" });

/** Accepts the names of CustomResourceDefinitions, has them served, and cleans up after them. Keys are names. */
export function definitionController(access: Access, context: ApiContext): Controller {
  const { types, store, clock } = context;
  const since = new Map<string, number>();
  return {
    keysOf({ resource, type, object }) {
      if (resource === DEFINITIONS) return [object.metadata.name];
      return type === "DELETED" && types.ofKind(object.apiVersion, object.kind)?.custom === true ? [resource] : [];
    },
    reconcile(name) {
      const definition = access.get("apiextensions.k8s.io", "customresourcedefinitions", undefined, name);
      if (definition === undefined) {
        types.setCustom(name, []);
        since.delete(name);
        return undefined;
      }
      if (definition.metadata.deletionTimestamp !== undefined) {
        cleanUp(access, context, definition);
        return undefined;
      }
      const rival = rivalOf(access, definition);
      const status = rival === undefined ? accepted(definition, clock.now()) : refused(definition, rival, clock.now());
      if (rival === undefined) {
        const version = since.get(name) ?? store.version;
        since.set(name, version);
        types.setCustom(name, customTypes(definition, version));
      }
      if (!isEqual(status, definition["status"])) access.updateStatus(definition, status);
      return undefined;
    },
  };
}

/** A definition of the same group that has one of the names already. */
function rivalOf(access: Access, definition: KubeObject): KubeObject | undefined {
  const { group } = objectAt(definition, "spec");
  const kind = stringAt(definition, "spec", "names", "kind");
  return access
    .list("apiextensions.k8s.io", "customresourcedefinitions")
    .filter((other) => other.metadata.name !== definition.metadata.name && objectAt(other, "spec")["group"] === group)
    .find((other) => stringAt(other, "status", "acceptedNames", "kind") === kind);
}

function accepted(definition: KubeObject, now: number): JsonObject {
  const time = timestamp(now);
  const names = { type: "NamesAccepted", status: "True", reason: "NoConflicts", message: "no conflicts found" };
  const established = {
    type: "Established",
    status: "True",
    reason: "InitialNamesAccepted",
    message: "the initial names have been accepted",
  };
  const stored = objectsAt(definition, "spec", "versions").filter((version) => version["storage"] === true);
  const known = objectAt(definition, "status")["storedVersions"];
  const storedVersions = [
    ...new Set([...(Array.isArray(known) ? known : []), ...stored.map((version) => version["name"] ?? "")]),
  ];
  const status = withCondition(withCondition(objectAt(definition, "status"), names, time, {}), established, time, {});
  return { ...status, acceptedNames: objectAt(definition, "spec", "names"), storedVersions };
}

function refused(definition: KubeObject, rival: KubeObject, now: number): JsonObject {
  const time = timestamp(now);
  const kind = stringAt(definition, "spec", "names", "kind") ?? "";
  const message = `${JSON.stringify(kind)} is already in use`;
  const names = { type: "NamesAccepted", status: "False", reason: "KindConflict", message };
  const established = {
    type: "Established",
    status: "False",
    reason: "NotAccepted",
    message: `not all names are accepted (${rival.metadata.name} has them)`,
  };
  return withCondition(withCondition(objectAt(definition, "status"), names, time, {}), established, time, {});
}

function cleanUp(access: Access, { types, store }: ApiContext, definition: KubeObject): void {
  const { group, plural } = {
    group: plain(objectAt(definition, "spec")["group"]),
    plural: stringAt(definition, "spec", "names", "plural") ?? "",
  };
  for (const object of store.list(resourceKey({ group, plural }))) {
    if (object.metadata.deletionTimestamp === undefined) access.delete(object);
  }
  if (store.list(resourceKey({ group, plural })).length > 0) return;
  types.setCustom(definition.metadata.name, []);
  const finalizers = (definition.metadata.finalizers ?? []).filter((one) => one !== CLEANUP_FINALIZER);
  access.update({ ...definition, metadata: { ...definition.metadata, finalizers } });
}
