import { isEqual, isObject, type Json, type JsonObject } from "../json.ts";
import { mergePatch } from "./patch.ts";

/** What field managers applied last, by object UID and manager; the embedded API shows no managedFields. */
export class AppliedConfigurations {
  readonly #applied = new Map<string, JsonObject>();

  get(uid: string, manager: string): JsonObject | undefined {
    return this.#applied.get(`${uid}/${manager}`);
  }

  set(uid: string, manager: string, configuration: JsonObject): void {
    this.#applied.set(`${uid}/${manager}`, configuration);
  }
}

/**
 * Server-side apply for kinds whose lists are atomic, always by force: fields of the configuration are set, fields that the
 * same manager applied before and left out now are removed.
 */
export function applyConfiguration(
  live: JsonObject,
  configuration: JsonObject,
  before: JsonObject | undefined,
): JsonObject {
  const kept = before === undefined ? live : withoutFields(live, before, configuration);
  return mergePatch(kept, configuration) as JsonObject;
}

/** Drops from `live` what `before` has and `now` has not, as long as it is still as applied. */
function withoutFields(live: JsonObject, before: JsonObject, now: JsonObject): JsonObject {
  const result: JsonObject = { ...live };
  for (const [field, old] of Object.entries(before)) {
    const [here, wanted]: (Json | undefined)[] = [result[field], now[field]];
    if (isObject(old) && isObject(here)) {
      const inner = withoutFields(here, old, isObject(wanted) ? wanted : {});
      if (Object.keys(inner).length === 0 && wanted === undefined) delete result[field];
      else result[field] = inner;
    } else if (wanted === undefined && isEqual(here, old)) delete result[field];
  }
  return result;
}

/** Kinds whose lists are all atomic (or are owned as a whole), so that {@link applyConfiguration} is right for them. */
export const APPLICABLE: ReadonlySet<string> = new Set([
  "Namespace",
  "ConfigMap",
  "Secret",
  "ClusterRole",
  "ClusterRoleBinding",
  "Role",
  "RoleBinding",
  "ServiceAccount",
  "StorageClass",
]);
