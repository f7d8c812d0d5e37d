import type { StatefulSet } from "../kubernetes/objects.ts";
import type { RolloutSpec } from "./spec.ts";

/** Annotation that keeps the updateStrategy a StatefulSet had before it was adopted, as JSON. */
export const STRATEGY_ANNOTATION = "outrigger.dev/adopted-strategy";

/** @returns the StatefulSets whose updateStrategy is to become OnDelete. */
export function toAdopt(statefulSets: readonly StatefulSet[], spec: RolloutSpec): StatefulSet[] {
  if (spec.adoptStrategy !== "OnDelete") return [];
  return statefulSets.filter(({ spec: { updateStrategy } }) => updateStrategy?.type !== "OnDelete");
}

/** Whether the StatefulSet has a strategy of its own to be given back. */
export const isAdopted = ({ metadata }: StatefulSet): boolean =>
  metadata.annotations?.[STRATEGY_ANNOTATION] !== undefined;

/**
 * The merge patch that adopts a StatefulSet. A server-side apply of `type` alone is refused while `rollingUpdate` is there,
 * and an apply cannot remove what it does not own; a merge patch does both at once, and makes the field ours all the same.
 */
export function adoptionPatch({ metadata, spec }: StatefulSet): Record<string, unknown> {
  const before = JSON.stringify(spec.updateStrategy ?? { type: "RollingUpdate" });
  return {
    metadata: { resourceVersion: metadata.resourceVersion, annotations: { [STRATEGY_ANNOTATION]: before } },
    spec: { updateStrategy: { type: "OnDelete", rollingUpdate: null } },
  };
}

/** What gives an adopted StatefulSet its own strategy back; nothing for one that was never adopted, or changed since. */
export function givingBack({ metadata, spec }: StatefulSet): {
  annotations?: Record<string, null>;
  spec?: Record<string, unknown>;
} {
  const kept = metadata.annotations?.[STRATEGY_ANNOTATION];
  if (kept === undefined) return {};
  const annotations = { [STRATEGY_ANNOTATION]: null };
  const before = parseStrategy(kept);
  if (before === undefined || spec.updateStrategy?.type !== "OnDelete") return { annotations };
  return { annotations, spec: { updateStrategy: before } };
}

function parseStrategy(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
