import type { KubeObject } from "../object.ts";
import type { Change, Store } from "../store.ts";
import type { Access } from "./access.ts";
import type { Controller } from "./loop.ts";

interface Entry {
  object: KubeObject;
  owners: Set<string>;
}

/**
 * The garbage collector: what lost all its owners is deleted; `foregroundDeletion` and `orphan` are carried out.
 * Keys are UIDs.
 */
export function garbageController(access: Access, store: Store): Controller {
  const live = new Map<string, Entry>();
  const dependents = new Map<string, Set<string>>();

  const note = ({ type, object }: Change): void => {
    const { uid, ownerReferences = [] } = object.metadata;
    const before = live.get(uid);
    for (const owner of before?.owners ?? []) dependents.get(owner)?.delete(uid);
    if (type === "DELETED") {
      live.delete(uid);
      return;
    }
    const owners = new Set(ownerReferences.map((reference) => reference.uid));
    live.set(uid, { object, owners });
    for (const owner of owners) {
      const known = dependents.get(owner) ?? new Set();
      dependents.set(owner, known.add(uid));
    }
  };
  store.subscribe(note);
  const dependentsOf = (uid: string): KubeObject[] =>
    [...(dependents.get(uid) ?? [])].flatMap((one) => live.get(one)?.object ?? []);

  const finish = (object: KubeObject, finalizer: string): void => {
    const finalizers = (object.metadata.finalizers ?? []).filter((one) => one !== finalizer);
    access.update({ ...object, metadata: { ...object.metadata, finalizers } });
  };

  const carryOut = (object: KubeObject, finalizers: readonly string[]): void => {
    const { uid } = object.metadata;
    if (finalizers.includes("orphan")) {
      for (const dependent of dependentsOf(uid)) release(access, dependent, (owner) => owner !== uid);
      finish(object, "orphan");
    } else if (finalizers.includes("foregroundDeletion")) {
      const blocking = dependentsOf(uid).filter((dependent) =>
        dependent.metadata.ownerReferences?.some((one) => one.uid === uid && one["blockOwnerDeletion"] === true),
      );
      for (const dependent of dependentsOf(uid)) {
        if (dependent.metadata.deletionTimestamp === undefined) access.delete(dependent);
      }
      if (blocking.length === 0) finish(object, "foregroundDeletion");
    }
  };

  return {
    keysOf({ type, object }) {
      const { uid, ownerReferences, deletionTimestamp } = object.metadata;
      const owners = ownerReferences?.map((reference) => reference.uid) ?? [];
      if (type === "DELETED") return [...dependentsOf(uid).map((one) => one.metadata.uid), ...owners];
      return owners.length > 0 || deletionTimestamp !== undefined ? [uid] : [];
    },
    reconcile(uid) {
      const object = live.get(uid)?.object;
      if (object === undefined) return undefined;
      const { deletionTimestamp, finalizers = [], ownerReferences = [] } = object.metadata;
      if (deletionTimestamp !== undefined) {
        carryOut(object, finalizers);
        return undefined;
      }
      const gone = ownerReferences.filter((reference) => !live.has(reference.uid));
      if (gone.length === 0) return undefined;
      if (gone.length === ownerReferences.length) access.delete(object, { propagationPolicy: "Background" });
      else release(access, object, (owner) => live.has(owner));
      return undefined;
    },
  };
}

function release(access: Access, object: KubeObject, keeps: (owner: string) => boolean): void {
  const ownerReferences = (object.metadata.ownerReferences ?? []).filter((reference) => keeps(reference.uid));
  access.update({ ...object, metadata: { ...object.metadata, ownerReferences } });
}
