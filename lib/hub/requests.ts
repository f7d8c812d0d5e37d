import * as z from "zod";
import { ClusterName, NamespaceName } from "../registry/names.ts";
import { ClusterSelector, ResourceId } from "./resource.ts";

/** Where a resource goes: one cluster, or all whose labels match, now and later. */
export const Target = z.union(
  [z.strictObject({ cluster: ClusterName }), z.strictObject({ selector: ClusterSelector })],
  "must be the name of one cluster, or a selector of labels",
);
export type Target = z.infer<typeof Target>;

export const ApplyRequest = z.strictObject({
  action: z.literal("resource.apply"),
  /** A resource as people write it; its problems are told one by one. */
  manifest: z.unknown(),
  /** For a manifest that names none. */
  namespace: NamespaceName.default("default"),
  target: Target,
  /** Says what would change, and changes nothing. */
  dryRun: z.boolean().default(false),
});
export type ApplyRequest = z.output<typeof ApplyRequest>;

export const DeleteRequest = z.strictObject({
  action: z.literal("resource.delete"),
  id: ResourceId,
  /** The resource applied to this cluster; absent = the one applied by a selector. */
  cluster: z.string().min(1).optional(),
  dryRun: z.boolean().default(false),
});
export type DeleteRequest = z.output<typeof DeleteRequest>;

export const FleetListRequest = z.strictObject({
  action: z.literal("fleet.list"),
  kind: z.string().optional(),
  namespace: z.string().optional(),
});
export const FleetGetRequest = z.strictObject({ action: z.literal("fleet.get"), id: ResourceId });

export const AuditRequest = z.strictObject({
  action: z.literal("audit.list"),
  cluster: z.string().min(1),
  resource: ResourceId.optional(),
  limit: z.int().min(1).max(200).default(20),
});
