import type { LabelSelector } from "../../../lib/kubernetes/objects.ts";
import { matchesSelector } from "../../../lib/kubernetes/selectors.ts";
import { isObject, type JsonObject, listAt, objectAt, objectsAt, stringAt } from "../json.ts";

/** What a write is about, as `matchConstraints` and `matchResources` look at it. */
export interface Write {
  operation: "CREATE" | "UPDATE";
  group: string;
  version: string;
  /** e.g. `statefulsets/scale`. */
  resource: string;
  name: string;
  namespaced: boolean;
  /** Labels of the object's namespace; absent for objects without one. */
  namespaceLabels: Record<string, string> | undefined;
  object: JsonObject;
  oldObject: JsonObject | undefined;
}

/** Whether a `MatchResources` covers a write (k8s.io/apiserver `pkg/admission/plugin/policy/matching`). */
export function covers(resources: JsonObject, write: Write): boolean {
  const { namespaceLabels, object, oldObject } = write;
  const rules = objectsAt(resources, "resourceRules");
  const objects = oldObject === undefined ? [object] : [object, oldObject];
  return (
    (namespaceLabels === undefined || selects(resources, "namespaceSelector", namespaceLabels)) &&
    objects.some((one) => selects(resources, "objectSelector", labelsOf(one))) &&
    (rules.length === 0 || rules.some((rule) => matches(rule, write)))
  );
}

const labelsOf = (object: JsonObject): Record<string, string> =>
  objectAt(object, "metadata", "labels") as Record<string, string>;

/** A selector that is absent or empty selects all. */
function selects(resources: JsonObject, field: string, labels: Record<string, string>): boolean {
  const selector = resources[field];
  if (!isObject(selector) || Object.keys(selector).length === 0) return true;
  return matchesSelector(selector as LabelSelector, labels);
}

function matches(rule: JsonObject, { operation, group, version, resource, name, namespaced }: Write): boolean {
  const has = (field: string, ...wanted: string[]): boolean =>
    listAt(rule, field).some((one) => one === "*" || wanted.includes(one as string));
  const names = listAt(rule, "resourceNames");
  const scope = stringAt(rule, "scope") ?? "*";
  return (
    has("operations", operation) &&
    has("apiGroups", group) &&
    has("apiVersions", version) &&
    listAt(rule, "resources").some((pattern) => coversResource(pattern as string, resource)) &&
    (names.length === 0 || names.includes(name)) &&
    (scope === "*" || (scope === "Namespaced") === namespaced)
  );
}

function coversResource(pattern: string, resource: string): boolean {
  const [main, sub] = resource.split("/");
  const [wantedMain, wantedSub] = pattern.split("/");
  const same = wantedMain === "*" || wantedMain === main;
  return same && (wantedSub === sub || wantedSub === "*");
}
