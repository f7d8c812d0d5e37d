import { copy, isObject, type Json, type JsonObject, numberAt, objectAt, objectsAt, plain, stringAt } from "../json.ts";
import type { KubeObject } from "../object.ts";
import { ALL_VERBS, type ColumnSet, type Decoded, type ResourceType, type Subresource } from "../resource-type.ts";
import { age } from "../table/age.ts";
import { decodeTyped } from "../typed.ts";
import { evaluatePath } from "./json-path.ts";
import { pruneAndDefault, type Schema } from "./schema.ts";
import { schemaCauses } from "./validate.ts";

/** The types that a definition serves, one for each served version. @param since version of the write that established it. */
export function customTypes(definition: KubeObject, since: number): ResourceType[] {
  const spec = objectAt(definition, "spec");
  const names = objectAt(spec, "names");
  const texts = (field: string): string[] => (Array.isArray(names[field]) ? names[field].map(String) : []);
  return objectsAt(spec, "versions")
    .filter((version) => version["served"] === true)
    .map((version): ResourceType => {
      const schema = objectAt(version, "schema", "openAPIV3Schema");
      const subresources = objectAt(version, "subresources");
      const hasStatus = subresources["status"] !== undefined;
      return {
        group: plain(spec["group"]),
        version: plain(version["name"]),
        kind: plain(names["kind"]),
        listKind: plain(names["listKind"]),
        plural: plain(names["plural"]),
        singular: plain(names["singular"]),
        shortNames: texts("shortNames"),
        categories: texts("categories"),
        namespaced: spec["scope"] === "Namespaced",
        verbs: ALL_VERBS,
        subresources: (["scale", "status"] satisfies Subresource[]).filter((one) => subresources[one] !== undefined),
        strategy: {
          prepareCreate(object) {
            if (hasStatus) delete object["status"];
          },
          prepareUpdate(object, old) {
            if (!hasStatus) return;
            if (old["status"] === undefined) delete object["status"];
            else object["status"] = old["status"];
          },
          validate: ({ metadata: _metadata, ...rest }) => schemaCauses(withoutMeta(schema), rest as JsonObject, ""),
          generationOf: ({ metadata: _metadata, status, ...rest }) => (hasStatus ? rest : { ...rest, status }) as Json,
          selectable: () => ({}),
        },
        decode: (body) => decodeCustom(schema, body),
        columns: columnsOf(version),
        custom: true,
        schema,
        since,
      };
    });
}

/** `metadata` is checked like everybody's, not by the schema. */
function withoutMeta(schema: Schema): Schema {
  const { metadata: _metadata, ...properties } = objectAt(schema, "properties");
  return { ...schema, properties };
}

function decodeCustom(schema: Schema, body: JsonObject): Decoded {
  const { apiVersion, kind, metadata, ...rest } = copy(body);
  const typed = decodeTyped("V1ConfigMap", { metadata: metadata ?? {} });
  const problems = [...typed.problems];
  pruneAndDefault(withoutMeta(schema), rest, "", problems);
  return {
    object: {
      ...(apiVersion && { apiVersion }),
      ...(kind && { kind }),
      metadata: typed.object["metadata"] ?? {},
      ...rest,
    },
    problems,
  };
}

function columnsOf(version: JsonObject): ColumnSet {
  const asked = objectsAt(version, "additionalPrinterColumns");
  const columns = asked.length === 0 ? [{ name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" }] : asked;
  return {
    columns: columns.map((column) => ({
      name: plain(column["name"]),
      type: plain(column["type"]),
      format: stringAt(column, "format") ?? "",
      description:
        stringAt(column, "description") ??
        `Custom resource definition column (in JSONPath format): ${plain(column["jsonPath"])}`,
      priority: numberAt(column, "priority") ?? 0,
    })),
    cells: (object, now) =>
      columns.map((column) => cell(evaluatePath(plain(column["jsonPath"]), object), plain(column["type"]), now)),
  };
}

function cell(values: readonly Json[], type: string, now: number): Json {
  const [value] = values;
  if (value === undefined || value === null) return null;
  if (type === "date") return typeof value === "string" ? age(value, now) : null;
  if (type === "string") return values.map((one) => (typeof one === "string" ? one : JSON.stringify(one))).join(" ");
  return isObject(value) || Array.isArray(value) ? null : value;
}
