import type { Json, JsonObject } from "./json.ts";
import type { KubeObject } from "./object.ts";
import type { Cause } from "./status.ts";

/** A body read as an object of its type. */
export interface Decoded {
  object: JsonObject;
  /** Problems that `fieldValidation` decides about, e.g. `unknown field "spec.bogus"`. */
  problems: string[];
}

/** What is particular about a kind; everything else is the same for all. */
export interface Strategy {
  /** Fills in what Kubernetes fills in, after every decoding. */
  defaults?(object: JsonObject): void;
  /** Before a create: drops what clients may not set. The object is a draft and is changed in place. */
  prepareCreate?(object: KubeObject): void;
  /** Before an update of the main resource: keeps what clients may not change. */
  prepareUpdate?(object: KubeObject, old: KubeObject): void;
  /** @param old absent on create. */
  validate?(object: KubeObject, old: KubeObject | undefined): Cause[];
  /** What a name must look like; default a DNS subdomain. */
  nameRule?: "subdomain" | "label" | "path" | "service";
  /** Fields besides name and namespace that field selectors know. */
  selectable?(object: KubeObject): Record<string, string>;
  /** The fields whose change raises `metadata.generation`; absent = the kind has none. */
  generationOf?(object: KubeObject): Json | undefined;
  /** Seconds between a delete and the object being gone, for kinds that end gracefully. */
  graceSeconds?(object: KubeObject, asked: number | undefined): number;
  /** The answer to a delete is the object, not a Status. */
  returnsDeleted?: boolean;
  /** A delete marks the object only; a controller ends it. @returns the marked object. */
  mark?(object: KubeObject, now: string): KubeObject;
}

/** A column of Table answers. */
export interface Column {
  name: string;
  type: string;
  format?: string;
  description?: string;
  priority?: number;
}

export interface ColumnSet {
  columns: readonly Column[];
  /** The cells after the name, in the order of `columns`. */
  cells(object: KubeObject, now: number): Json[];
}

export type Subresource = "status" | "scale";

/** A resource that is served. */
export interface ResourceType {
  /** "" = core. */
  group: string;
  version: string;
  kind: string;
  listKind: string;
  plural: string;
  singular: string;
  shortNames: readonly string[];
  categories: readonly string[];
  namespaced: boolean;
  verbs: readonly string[];
  subresources: readonly Subresource[];
  strategy: Strategy;
  /** @throws Error with Go's text when a value has the wrong type. */
  decode(body: JsonObject): Decoded;
  columns?: ColumnSet;
  custom: boolean;
  /** What its definition says of its fields: `kubectl explain` shows it. Only custom types have one. */
  schema?: JsonObject;
  /** Version from which changes are known; watches from before are told 410. */
  since: number;
}

export const ALL_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/** Where objects of a type are stored: all versions of a kind in one place. */
export function resourceKey({ group, plural }: Pick<ResourceType, "group" | "plural">): string {
  return `${plural}.${group}`;
}

export function apiVersionOf({ group, version }: Pick<ResourceType, "group" | "version">): string {
  return group === "" ? version : `${group}/${version}`;
}
