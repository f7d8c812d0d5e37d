import * as z from "zod";
import { WorkKey } from "./keys.ts";

const Action = z.object({ kind: z.string(), object: z.string(), reason: z.string() });

/** What was intended and done to a resource in one batch, newest first in a list. */
export const AuditRow = z.object({
  /** `<ISO time>#<random>`. */
  id: z.string(),
  resource: WorkKey,
  /** ISO-8601 UTC. */
  at: z.string(),
  /** `intended`: the worker died before it could say what became of it. */
  result: z.enum(["intended", "finished"]),
  /** Who ordered it, by their own account; absent for what a worker does by itself. */
  by: z.string().optional(),
  intended: z.array(Action),
  outcomes: z.array(Action.extend({ result: z.string(), message: z.string().optional() })),
});
export type AuditRow = z.infer<typeof AuditRow>;

/** Reads the audit rows of a cluster. */
export interface AuditLog {
  /** The newest rows first, those of `resource` when it is given. `limit` 1..200. */
  listAudit(
    cluster: string,
    options: { limit: number; resource?: Pick<WorkKey, "kind" | "namespace" | "name"> },
  ): Promise<AuditRow[]>;
}
