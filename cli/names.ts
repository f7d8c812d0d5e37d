import type { z } from "zod";
import { ClusterName, NamespaceName, ObjectName } from "../lib/registry/names.ts";
import { UsageError } from "./failure.ts";

const SCHEMAS: Record<"Cluster" | "Namespace" | "Name", z.ZodType<string>> = {
  Cluster: ClusterName,
  Namespace: NamespaceName,
  Name: ObjectName,
};

/** @throws UsageError when it cannot be a name of that sort: then nobody needs to be asked. */
export function checkName(sort: keyof typeof SCHEMAS, value: string | undefined): void {
  if (value === undefined) return;
  const problem = SCHEMAS[sort].safeParse(value).error?.issues[0]?.message;
  if (problem !== undefined) throw new UsageError(`${sort} "${value}": ${problem}.`);
}
