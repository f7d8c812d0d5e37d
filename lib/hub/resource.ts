import * as z from "zod";
import { NamespaceName, ObjectName } from "../registry/names.ts";
import { WorkKey } from "../work/keys.ts";

/** Names a resource without saying where it is placed. */
export const ResourceId = WorkKey.pick({ kind: true, namespace: true, name: true });
export type ResourceId = z.infer<typeof ResourceId>;

/** `kind/namespace/name`. */
export const idOf = ({ kind, namespace, name }: ResourceId): string => `${kind}/${namespace}/${name}`;

/** @returns the resource as people read it, e.g. `MultiAZRollout mimir/ingesters`. */
export const describeId = ({ kind, namespace, name }: ResourceId): string => `${kind} ${namespace}/${name}`;

/** The key of a hub resource in one cluster. */
export const hubKey = ({ kind, namespace, name }: ResourceId, cluster: string): WorkKey => ({
  cluster,
  home: "hub",
  kind,
  namespace,
  name,
});

/** The key the same name has when its resource lives in the other home. */
export const otherHomeKey = (key: WorkKey): WorkKey => ({ ...key, home: key.home === "hub" ? "cluster" : "hub" });

/** Selects clusters by their labels, as Kubernetes selects objects. An empty one selects all. */
export const ClusterSelector = z.strictObject({
  matchLabels: z.record(z.string(), z.string()).optional(),
  matchExpressions: z
    .array(
      z.strictObject({
        key: z.string().min(1),
        operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]),
        values: z.array(z.string()).optional(),
      }),
    )
    .optional(),
});
export type ClusterSelector = z.infer<typeof ClusterSelector>;

/** What the two kinds of rows have in common. */
const row = {
  /** Random; a resource deleted and applied again is another one. */
  uid: z.string().min(1),
  /** Grows with each change of spec or selector. */
  generation: z.int().min(1),
  spec: z.unknown(),
  /** Marked to be deleted; it stays until everything of it in the clusters is given back. */
  deleting: z.boolean(),
  /** Random per write: of two writers that read the same row the first wins, and each knows its own write again. */
  writtenBy: z.string().min(1),
  /** ISO-8601 UTC. */
  at: z.iso.datetime(),
};

/** `pk = FLEET`: a hub resource for all clusters whose labels match. */
export const FleetRow = z.object({ ...ResourceId.shape, ...row, selector: ClusterSelector });
export type FleetRow = z.infer<typeof FleetRow>;

/** The SPEC item: a hub resource in one cluster. */
export const SpecRow = z.object({
  key: WorkKey,
  ...row,
  /** Identity of the registration it was written for; for another one it is void. */
  identity: z.string().min(1),
  /** `cluster`: applied to this cluster. `fleet`: placed here by the fleet row with the same uid. */
  origin: z.enum(["cluster", "fleet"]),
});
export type SpecRow = z.infer<typeof SpecRow>;

/** A resource as people write it. What Kubernetes itself adds (`status`, further metadata) is let through and not kept. */
export const Manifest = z.strictObject({
  apiVersion: z.string().min(1).describe("Group and version of the kind."),
  kind: z.string().min(1).describe("A kind that the hub keeps."),
  metadata: z.looseObject({
    name: ObjectName.describe("Name of the resource."),
    namespace: NamespaceName.optional().describe("Where the objects it is about live, in each cluster."),
  }),
  spec: z.unknown().describe("As in a cluster; see the kind's own page."),
  status: z.unknown().optional().describe("Not read."),
});
export type Manifest = z.infer<typeof Manifest>;
