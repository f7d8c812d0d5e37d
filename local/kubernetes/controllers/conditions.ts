import { type JsonObject, objectsAt } from "../json.ts";

/** A condition as somebody sets it. */
export interface NewCondition extends JsonObject {
  type: string;
  status: string;
}

/**
 * Sets a condition in a status; its transition time moves only with its status.
 * @param extra fields that conditions of this kind have besides.
 */
export function withCondition(
  status: JsonObject,
  condition: NewCondition,
  now: string,
  extra: JsonObject = { lastProbeTime: null },
): JsonObject {
  const conditions = objectsAt(status, "conditions");
  const old = conditions.find((one) => one["type"] === condition.type);
  const since = old?.["status"] === condition.status ? (old["lastTransitionTime"] ?? now) : now;
  const { type, status: state, ...rest } = condition;
  const next: JsonObject = { type, status: state, ...extra, lastTransitionTime: since, ...rest };
  const others = conditions.map((one) => (one === old ? next : one));
  return { ...status, conditions: old === undefined ? [...others, next] : others };
}
