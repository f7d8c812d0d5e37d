import { ensureObject, isObject, type JsonObject, objectAt, objectsAt, plain, setDefault, stringAt } from "../json.ts";
import type { Strategy } from "../resource-type.ts";
import { type Cause, causes, notImplemented } from "../status.ts";
import { unsupportedParts } from "./schema.ts";

export const CLEANUP_FINALIZER = "customresourcecleanup.apiextensions.k8s.io";

/** CustomResourceDefinitions; a controller accepts their names and has them served. */
export const definitionStrategy: Strategy = {
  defaults(definition) {
    const spec = ensureObject(definition, "spec");
    const names = ensureObject(spec, "names");
    const kind = stringAt(names, "kind");
    if (kind !== undefined) {
      setDefault(names, "singular", kind.toLowerCase());
      setDefault(names, "listKind", `${kind}List`);
    }
    setDefault(spec, "conversion", { strategy: "None" });
  },
  prepareCreate(definition) {
    const stored = objectsAt(definition, "spec", "versions").filter((version) => version["storage"] === true);
    definition["status"] = {
      conditions: null,
      acceptedNames: { plural: "", kind: "" },
      storedVersions: stored.map((version) => version["name"] ?? ""),
    };
  },
  prepareUpdate(definition, old) {
    definition["status"] = old["status"] ?? {};
  },
  validate(definition) {
    const spec = objectAt(definition, "spec");
    const { group = "", scope = "" } = spec;
    const plural = stringAt(spec, "names", "plural") ?? "";
    const found: Cause[] = [];
    if (definition.metadata.name !== `${plural}.${plain(group)}`) {
      found.push(causes.invalid("metadata.name", definition.metadata.name, 'must be spec.names.plural+"."+spec.group'));
    }
    if (group === "") found.push(causes.required("spec.group"));
    if (scope !== "Namespaced" && scope !== "Cluster") {
      found.push(
        scope === ""
          ? causes.required("spec.scope")
          : causes.unsupported("spec.scope", scope, ["Cluster", "Namespaced"]),
      );
    }
    return [...found, ...versionCauses(spec), ...nameCauses(spec)];
  },
  generationOf: (definition) => definition["spec"],
  mark(definition, now) {
    const { finalizers = [] } = definition.metadata;
    const condition = {
      type: "Terminating",
      status: "True",
      lastTransitionTime: now,
      reason: "InstanceDeletionPending",
      message: "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
    };
    const others = objectsAt(definition, "status", "conditions").filter((one) => one["type"] !== "Terminating");
    return {
      ...definition,
      metadata: {
        ...definition.metadata,
        deletionTimestamp: now,
        finalizers: [...finalizers.filter((one) => one !== CLEANUP_FINALIZER), CLEANUP_FINALIZER],
      },
      status: { ...objectAt(definition, "status"), conditions: [...others, condition] },
    };
  },
};

function nameCauses(spec: JsonObject): Cause[] {
  return ["plural", "kind"]
    .filter((field) => (stringAt(spec, "names", field) ?? "") === "")
    .map((field) => causes.required(`spec.names.${field}`));
}

/** @throws StatusError 501 for conversion webhooks and rules in CEL. */
function versionCauses(spec: JsonObject): Cause[] {
  const versions = objectsAt(spec, "versions");
  if (stringAt(spec, "conversion", "strategy") === "Webhook") throw notImplemented("conversion webhooks");
  const found: Cause[] = [];
  if (versions.length === 0) found.push(causes.required("spec.versions"));
  for (const [index, version] of versions.entries()) {
    const schema = objectAt(version, "schema")["openAPIV3Schema"];
    const field = `spec.versions[${index}].schema.openAPIV3Schema`;
    if (!isObject(schema)) found.push(causes.required(field));
    else if (schema["type"] !== "object") {
      found.push(
        schema["type"] === undefined
          ? causes.required(`${field}.type`, "must not be empty at the root")
          : causes.invalid(`${field}.type`, schema["type"], "must be object at the root"),
      );
    } else {
      const [part] = unsupportedParts(schema);
      if (part !== undefined) throw notImplemented(part);
    }
  }
  if (versions.length > 0 && versions.filter((version) => version["storage"] === true).length !== 1) {
    found.push(causes.invalid("spec.versions", versions, "must have exactly one version marked as storage version"));
  }
  return found;
}
