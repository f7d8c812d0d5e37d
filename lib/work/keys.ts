import * as z from "zod";

/** Where a resource lives: in the managed cluster (its CRD is installed there) or in the hub's table. */
export const Home = z.enum(["cluster", "hub"]);
export type Home = z.infer<typeof Home>;

/** Names one unit of work: a resource of one cluster. `Discovery` is the pass that finds the resources of a cluster. */
export const WorkKey = z.strictObject({
  cluster: z.string().min(1).max(253),
  home: Home,
  kind: z.string().min(1).max(63),
  /** "" for what has no namespace. */
  namespace: z.string().max(63),
  name: z.string().min(1).max(253),
});
export type WorkKey = z.infer<typeof WorkKey>;

/** @returns the key as people read it, e.g. `MultiAZRollout mimir/ingesters in cluster prod-eu`. */
export function describeKey(key: WorkKey): string {
  const path = key.namespace === "" ? key.name : `${key.namespace}/${key.name}`;
  return `${key.kind} ${path} in cluster ${key.cluster}`;
}

export const clusterPk = (cluster: string): string => `CLUSTER#${cluster}`;

/** Sort-key prefix shared by a resource's SPEC, WORK and STATE items. */
export const resourceSk = (key: WorkKey): string => `RESOURCE#${key.home}#${key.kind}#${key.namespace}#${key.name}`;

/** The items that make up one resource. */
export type ItemKind = "SPEC" | "WORK" | "STATE";

export const itemSk = (key: WorkKey, item: ItemKind): string => `${resourceSk(key)}#${item}`;

/**
 * Key of the pointer that says: this hub resource is placed in this cluster. Written and removed together with its SPEC, so
 * that the clusters of one resource are found without asking each.
 */
export const placedKey = (key: WorkKey): { pk: string; sk: string } => ({ pk: placedPk(key), sk: key.cluster });

/** Partition of the pointers of one hub resource. */
export const placedPk = ({ kind, namespace, name }: Pick<WorkKey, "kind" | "namespace" | "name">): string =>
  `PLACED#${kind}#${namespace}#${name}`;

/** Inverse of `clusterPk` and `itemSk`; undefined when the pair is not a resource item. */
export function parseItemKey(pk: string, sk: string): { key: WorkKey; item: ItemKind } | undefined {
  const [prefix, home, kind, namespace, name, item] = sk.split("#");
  if (!pk.startsWith("CLUSTER#") || prefix !== "RESOURCE") return undefined;
  if (item !== "SPEC" && item !== "WORK" && item !== "STATE") return undefined;
  const key = WorkKey.safeParse({ cluster: pk.slice("CLUSTER#".length), home, kind, namespace, name });
  return key.success ? { key: key.data, item } : undefined;
}
