import { didYouMean } from "../lib/registry/problems.ts";
import { LANE_OF_KIND, type LaneName } from "../lib/work/lanes.ts";
import { UsageError } from "./failure.ts";

/**
 * The kind people mean: any case, singular or plural.
 * @throws UsageError naming the kinds there are.
 */
export function resolveKind(text: string): { kind: string; lane: LaneName } {
  const kinds = Object.entries(LANE_OF_KIND);
  const wanted = text.toLowerCase();
  const match = kinds.find(([kind]) => wanted === kind.toLowerCase() || wanted === `${kind.toLowerCase()}s`);
  if (match !== undefined) return { kind: match[0], lane: match[1] };
  const names = kinds.map(([kind]) => kind);
  const near = didYouMean(text, names);
  throw new UsageError(
    `Kind ${text}: Outrigger works on no such kind. ${near === undefined ? `Use one of ${names.join(", ")}.` : `Did you mean ${near}?`}`,
  );
}
