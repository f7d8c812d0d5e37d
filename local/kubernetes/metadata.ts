import { isEqual } from "./json.ts";
import { labelCauses, nameProblems, qualifiedNameProblems } from "./names.ts";
import type { KubeObject, Meta } from "./object.ts";
import type { ResourceType } from "./resource-type.ts";
import { type Cause, causes } from "./status.ts";

/** What a client may set in `metadata`; everything else is the server's. */
const SETTABLE = ["name", "generateName", "namespace", "labels", "annotations", "ownerReferences", "finalizers"];

export function settableMeta(meta: Record<string, unknown>): Partial<Meta> {
  return Object.fromEntries(
    SETTABLE.filter((field) => meta[field] !== undefined).map((field) => [field, meta[field]]),
  ) as Partial<Meta>;
}

/** @returns what is wrong with the metadata of an object to be created or updated. */
export function metaCauses(type: ResourceType, { metadata }: KubeObject): Cause[] {
  const { name, labels = {}, annotations = {}, ownerReferences = [], finalizers = [] } = metadata;
  const rule = type.strategy.nameRule ?? "subdomain";
  const found: Cause[] = [];
  if (name === "") found.push(causes.required("metadata.name", "name or generateName is required"));
  else found.push(...nameProblems(rule, name).map((problem) => causes.invalid("metadata.name", name, problem)));
  found.push(...labelCauses(labels, "metadata.labels").toSorted(byValueFirst));
  for (const key of Object.keys(annotations)) {
    found.push(
      ...qualifiedNameProblems(key.toLowerCase()).map((problem) =>
        causes.invalid("metadata.annotations", key, problem),
      ),
    );
  }
  found.push(...ownerReferences.flatMap(ownerCauses));
  if (ownerReferences.filter((reference) => reference["controller"] === true).length > 1) {
    found.push(
      causes.invalid(
        "metadata.ownerReferences",
        ownerReferences,
        'Only one reference can have Controller set to true. Found "true" in references for more than one',
      ),
    );
  }
  for (const [index, finalizer] of finalizers.entries()) {
    const field = `metadata.finalizers[${index}]`;
    found.push(...qualifiedNameProblems(finalizer).map((problem) => causes.invalid(field, finalizer, problem)));
    if (!finalizer.includes("/") && !STANDARD_FINALIZERS.includes(finalizer)) {
      found.push(
        causes.invalid(field, finalizer, "name is neither a standard finalizer name nor is it fully qualified"),
      );
    }
  }
  return found;
}

const STANDARD_FINALIZERS = ["orphan", "foregroundDeletion", "kubernetes"];
const byValueFirst = (): number => 0;

function ownerCauses(reference: Record<string, unknown>): Cause[] {
  const { apiVersion = "", kind = "", name = "", uid = "" } = reference;
  const field = "metadata.ownerReferences";
  const found: Cause[] = [];
  if (apiVersion === "") found.push(causes.invalid(`${field}.apiVersion`, "", "version must not be empty"));
  if (kind === "") found.push(causes.invalid(`${field}.kind`, "", "must not be empty"));
  if (name === "") found.push(causes.invalid(`${field}.name`, "", "must not be empty"));
  if (uid === "") found.push(causes.invalid(`${field}.uid`, "", "must not be empty"));
  return found;
}

const IMMUTABLE = ["name", "namespace", "uid", "creationTimestamp"];

/** @returns what an update may not do to the metadata. */
export function metaUpdateCauses(metadata: Meta, old: Meta): Cause[] {
  const found: Cause[] = [];
  const added = (metadata.finalizers ?? []).filter((finalizer) => old.finalizers?.includes(finalizer) !== true);
  if (old.deletionTimestamp !== undefined && added.length > 0) {
    found.push(
      causes.forbidden(
        "metadata.finalizers",
        `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((one) => JSON.stringify(one)).join(", ")}}`,
      ),
    );
  }
  for (const field of IMMUTABLE) {
    if (!isEqual(metadata[field], old[field])) {
      found.push(causes.invalid(`metadata.${field}`, metadata[field] ?? null, "field is immutable"));
    }
  }
  return found;
}
