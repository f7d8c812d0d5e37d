import type { ResourceId } from "../lib/hub/resource.ts";
import { UsageError } from "./failure.ts";
import { resolveKind } from "./kinds.ts";
import { checkName } from "./names.ts";

/**
 * The resource people name as `KIND/NAME`.
 * @throws UsageError that says what would be right.
 */
export function parseTarget(text: string, namespace: string): ResourceId {
  const [kindText = "", name = "", ...rest] = text.split("/");
  if (name === "" || rest.length > 0)
    throw new UsageError(`${text}: write it as KIND/NAME, e.g. MultiAZRollout/ingesters.`);
  const { kind } = resolveKind(kindText);
  // Discovery has no namespace and is named like its cluster.
  checkName(kind === "Discovery" ? "Cluster" : "Name", name);
  checkName("Namespace", namespace);
  return { kind, namespace: kind === "Discovery" ? "" : namespace, name };
}
