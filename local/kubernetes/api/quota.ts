import { objectAt, plain, stringAt } from "../json.ts";
import type { KubeObject } from "../object.ts";
import { quantityValue } from "../quantity.ts";
import { type ResourceType, resourceKey } from "../resource-type.ts";
import type { ApiContext } from "./context.ts";

const PLAIN = ["pods", "services", "secrets", "configmaps", "persistentvolumeclaims", "resourcequotas"];

/** The names under which a quota may count an object. */
export function countsOf(type: ResourceType, object: KubeObject): string[] {
  const counted = `count/${type.plural}${type.group === "" ? "" : `.${type.group}`}`;
  const ended = ["Succeeded", "Failed"].includes(stringAt(object, "status", "phase") ?? "");
  return type.group === "" && PLAIN.includes(type.plural) && !ended ? [counted, type.plural] : [counted];
}

/** @returns how much of each limit of the quota is used now; limits on anything but counts are not here. */
export function usedOf({ store, types }: ApiContext, quota: KubeObject): Record<string, string> {
  const { namespace } = quota.metadata;
  const used: Record<string, string> = {};
  for (const name of Object.keys(objectAt(quota, "spec", "hard"))) {
    const [plural = "", ...group] = name.replace(/^count\//, "").split(".");
    const type = types.all().find((one) => one.plural === plural && one.group === group.join("."));
    if (type === undefined || (!name.startsWith("count/") && !PLAIN.includes(name))) continue;
    const objects = store.list(resourceKey(type), namespace);
    used[name] = String(objects.filter((object) => countsOf(type, object).includes(name)).length);
  }
  return used;
}

/** @returns what is exceeded, as the message says it; undefined when there is room. */
export function exceeded(
  quota: KubeObject,
  used: Readonly<Record<string, string>>,
  asked: readonly string[],
): string | undefined {
  const hard = objectAt(quota, "spec", "hard");
  const over = asked
    .filter((name) => used[name] !== undefined && Number(used[name]) + 1 > quantityValue(plain(hard[name])))
    .toSorted();
  if (over.length === 0) return undefined;
  const list = (valueOf: (name: string) => string): string => over.map((name) => `${name}=${valueOf(name)}`).join(",");
  return `requested: ${list(() => "1")}, used: ${list((name) => used[name] ?? "0")}, limited: ${list((name) => plain(hard[name]))}`;
}
