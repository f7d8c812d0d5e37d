import type { Json, JsonObject } from "../json.ts";
import type { KubeObject } from "../object.ts";
import type { Column, ResourceType } from "../resource-type.ts";
import { defaultColumns } from "./builtin-columns.ts";

const NAME: Column = { name: "Name", type: "string", format: "name" };

/** How objects are to be written: whole, as rows of a Table, or with their metadata only. */
export type Form = "object" | "table" | "metadata";

/** @param include `Object`, `Metadata` or `None`: what a row carries besides its cells. */
export function tableOf(
  type: ResourceType,
  objects: readonly KubeObject[],
  metadata: JsonObject,
  now: number,
  include = "Metadata",
): JsonObject {
  const set = type.columns ?? defaultColumns;
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: [NAME, ...set.columns].map(
      ({ name, type: valueType, format = "", description, priority = 0 }) => ({
        name,
        type: valueType,
        format,
        description: description ?? name,
        priority,
      }),
    ),
    rows: objects.map((object) => ({
      cells: [object.metadata.name, ...set.cells(object, now)] as Json[],
      ...(include === "None" ? {} : { object: include === "Object" ? object : partialMetadata(object) }),
    })),
  };
}

export function partialMetadata(object: KubeObject): JsonObject {
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata };
}
