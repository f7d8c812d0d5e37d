import { clusterPk, resourceSk, type WorkKey } from "./keys.ts";

/** Partitions of the due index; enough for thousands of writes a second, few enough to read each minute. */
export const SHARDS = 4;

/** @returns a stable 32-bit FNV-1a hash of the text, 0..2^32-1. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash;
}

/** @returns the shard a resource's work belongs to, 0..SHARDS-1. */
export const shardOf = (key: WorkKey): number => hash32(`${clusterPk(key.cluster)}/${resourceSk(key)}`) % SHARDS;

/** The index partition of work that waits for dispatch. */
export const waitingShard = (shard: number): string => `due#${shard}`;

/** The index partition of work whose message is under way or whose lease is held. */
export const postedShard = (shard: number): string => `posted#${shard}`;
