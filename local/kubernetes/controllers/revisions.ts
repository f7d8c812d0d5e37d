import { ensureObject, goJson, isEqual, type Json, type JsonObject, numberAt, objectAt } from "../json.ts";
import { controllerOf, type KubeObject } from "../object.ts";
import type { Access } from "./access.ts";

const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
const HASH_LABEL = "controller.kubernetes.io/hash";

/** The name part of a revision: 32-bit FNV-1 of its data and the collision count, spelled without vowels. */
export function revisionHash(data: string, collisionCount: number): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(`${data}${collisionCount}`)) {
    hash = Math.imul(hash, 0x01000193) >>> 0;
    hash = (hash ^ byte) >>> 0;
  }
  return Array.from(String(hash), (digit) => ALPHABET[digit.charCodeAt(0) % ALPHABET.length]).join("");
}

/** What a revision keeps of a StatefulSet: a patch that replaces the template. */
export function revisionData(set: KubeObject): JsonObject {
  return { spec: { template: { ...objectAt(set, "spec", "template"), $patch: "replace" } } };
}

export const revisionNumber = (revision: KubeObject): number => numberAt(revision, "revision") ?? 0;

/** The set with the template that a revision keeps. */
export function atRevision(set: KubeObject, revision: KubeObject): KubeObject {
  const { $patch: _directive, ...template } = objectAt(revision, "data", "spec", "template");
  return { ...set, spec: { ...objectAt(set, "spec"), template } };
}

export interface Revisions {
  current: KubeObject;
  update: KubeObject;
  collisionCount: number;
  /** All of the set, oldest first. */
  all: KubeObject[];
}

/** Finds or makes the revisions a StatefulSet is at and goes to (k8s.io/kubernetes `getStatefulSetRevisions`). */
export function revisionsOf(access: Access, set: KubeObject): Revisions {
  const all = access
    .list("apps", "controllerrevisions", set.metadata.namespace)
    .filter((revision) => controllerOf(revision)?.uid === set.metadata.uid)
    .toSorted((a, b) => revisionNumber(a) - revisionNumber(b));
  const newest = all.at(-1);
  const number = newest === undefined ? 1 : revisionNumber(newest) + 1;
  const data = revisionData(set);
  const equal = all.findLast((revision) => isEqual(revision["data"], data));
  let collisionCount = numberAt(set, "status", "collisionCount") ?? 0;
  let update: KubeObject;
  if (equal !== undefined && equal === newest) update = equal;
  else if (equal !== undefined) update = access.update({ ...equal, revision: number });
  else [update, collisionCount] = createRevision(access, set, data, number, collisionCount);
  const name = objectAt(set, "status")["currentRevision"];
  const current = all.find((revision) => revision.metadata.name === name) ?? update;
  return { current, update, collisionCount, all: all.includes(update) ? all : [...all, update] };
}

function createRevision(
  access: Access,
  set: KubeObject,
  data: JsonObject,
  revision: number,
  collisions: number,
): [KubeObject, number] {
  const { namespace, annotations } = set.metadata;
  for (let collisionCount = collisions; ; collisionCount += 1) {
    const hash = revisionHash(goJson(data), collisionCount);
    const name = `${set.metadata.name}-${hash}`;
    const existing = access.get("apps", "controllerrevisions", namespace, name);
    if (existing !== undefined) {
      if (isEqual(existing["data"], data)) return [existing, collisionCount];
      continue;
    }
    const labels = {
      ...(objectAt(set, "spec", "template", "metadata", "labels") as Record<string, string>),
      [HASH_LABEL]: hash,
    };
    const metadata: JsonObject = { name, labels, ownerReferences: [ownerReference(set)] };
    if (annotations !== undefined) Object.assign(ensureObject(metadata, "annotations"), annotations);
    return [access.create("apps", "controllerrevisions", namespace, { metadata, data, revision }), collisionCount];
  }
}

export function ownerReference(set: KubeObject): Json {
  const { name, uid } = set.metadata;
  return { apiVersion: set.apiVersion, kind: set.kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** Deletes the oldest revisions that nothing uses, down to `spec.revisionHistoryLimit`. */
export function truncateHistory(
  access: Access,
  set: KubeObject,
  { all, current, update }: Revisions,
  used: Set<string>,
): void {
  const live = new Set([...used, current.metadata.name, update.metadata.name]);
  const history = all.filter((revision) => !live.has(revision.metadata.name));
  const limit = numberAt(set, "spec", "revisionHistoryLimit") ?? 10;
  for (const revision of history.slice(0, Math.max(0, history.length - limit))) access.delete(revision);
}
