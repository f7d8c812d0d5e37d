import type { ListOptions } from "../../lib/kubernetes/client.ts";
import type { KubernetesObject } from "../../lib/kubernetes/objects.ts";

/** Whether an object matches the selectors of a request. */
export function isSelected(
  { metadata }: KubernetesObject,
  { labelSelector = "", fieldSelector = "" }: ListOptions,
): boolean {
  const [, name] = /^metadata\.name=(.*)$/.exec(fieldSelector) ?? [];
  if (name !== undefined && name !== metadata.name) return false;
  const requirements = labelSelector.split(/,(?![^(]*\))/).filter((text) => text !== "");
  return requirements.every((text) => {
    const [, key = "", list] = /^(\S+) in \((.*)\)$/.exec(text) ?? [];
    if (list !== undefined) return list.split(",").includes(metadata.labels?.[key] ?? "");
    const [label = "", value] = text.split("=");
    return metadata.labels?.[label] === value;
  });
}

/** JSON merge patch (RFC 7386). */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = typeof target === "object" && target !== null ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}
