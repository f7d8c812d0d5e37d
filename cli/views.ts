import { z } from "zod";
import { HealthRow } from "../lib/health/row.ts";
import { Registration } from "../lib/registry/registration.ts";
import { WorkKey } from "../lib/work/keys.ts";

/** A cluster as the `api` function tells it. */
export const ClusterView = z.object({ registration: Registration, health: HealthRow.optional() });
export type ClusterView = z.infer<typeof ClusterView>;

/** A resource as the `api` function tells it. */
export const ResourceView = z.object({
  key: WorkKey,
  status: z
    .looseObject({
      phase: z.string(),
      conditions: z.array(
        z.object({ type: z.string(), status: z.string(), reason: z.string(), message: z.string() }).loose(),
      ),
    })
    .optional(),
  /** ISO-8601 UTC. */
  updatedAt: z.string().optional(),
  /** Epoch milliseconds. */
  dueAt: z.number(),
});
export type ResourceView = z.infer<typeof ResourceView>;

/** How long ago something was, as kubectl writes ages: `42s`, `7m`, `5h`, `3d`. */
export function age(iso: string | undefined, now: Date): string | undefined {
  if (iso === undefined) return undefined;
  const seconds = Math.max(0, Math.floor((now.getTime() - Date.parse(iso)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
