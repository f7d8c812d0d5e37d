import { isObject, type Json, type JsonObject } from "../json.ts";
import { type KubeObject, timestamp } from "../object.ts";
import { resourceKey } from "../resource-type.ts";
import { type Cause, causes, conflict, forbidden, invalid } from "../status.ts";
import { type ApiContext, kindName, load, type ObjectKey, resourceName } from "./context.ts";
import { withoutVersion } from "./create.ts";

export interface DeleteOptions {
  gracePeriodSeconds?: number;
  preconditions?: { uid?: string; resourceVersion?: string };
  propagationPolicy?: string;
  orphanDependents?: boolean;
  dryRun?: boolean;
}

const POLICIES = ["Foreground", "Background", "Orphan"];
const KEPT_NAMESPACES = ["default", "kube-system", "kube-public"];

/** What came of a delete: gone, or marked and still there. */
export interface Deletion {
  object: KubeObject;
  gone: boolean;
}

/** @throws StatusError 422 for options that contradict. */
export function checkDeleteOptions(options: DeleteOptions): void {
  const { propagationPolicy: policy, orphanDependents } = options;
  const found: Cause[] = [];
  if (policy !== undefined && orphanDependents !== undefined) {
    found.push(
      causes.invalid("propagationPolicy", policy, "orphanDependents and deletionPropagation cannot be both set"),
    );
  } else if (policy !== undefined && !POLICIES.includes(policy)) {
    found.push(causes.unsupported("propagationPolicy", policy, [...POLICIES, "nil"]));
  }
  if (found.length > 0) throw invalid({ group: "meta.k8s.io", kind: "DeleteOptions", name: "" }, found);
}

/**
 * Deletes an object, or marks it when it ends gracefully or something holds it.
 * @throws StatusError 403, 404, 409 (preconditions), 422.
 */
export function deleteObject(context: ApiContext, key: ObjectKey, options: DeleteOptions = {}): Deletion {
  const { type, name } = key;
  const { store } = context;
  if (type.kind === "Namespace" && KEPT_NAMESPACES.includes(name)) {
    throw forbidden(resourceName(key), "this namespace may not be deleted");
  }
  checkDeleteOptions(options);
  const old = load(context, key);
  checkPreconditions(key, old, options.preconditions ?? {});
  const next = markedFor(context, key, old, options);
  if (next === old) return { object: old, gone: false };
  const gone = isGone(next);
  if (options.dryRun === true) return { object: withoutVersion(next), gone };
  const resource = resourceKey(type);
  if (!gone) return { object: store.put(resource, next), gone };
  // As the original: kinds that end gracefully are marked even when nothing is left to wait for.
  const last = type.strategy.graceSeconds === undefined ? next : store.put(resource, next);
  store.remove(resource, last);
  return { object: last, gone };
}

function isGone({ metadata, kind }: KubeObject): boolean {
  if ((metadata.finalizers ?? []).length > 0 || kind === "Namespace") return false;
  return (metadata.deletionGracePeriodSeconds ?? 0) === 0;
}

function checkPreconditions(
  key: ObjectKey,
  old: KubeObject,
  wanted: NonNullable<DeleteOptions["preconditions"]>,
): void {
  const { uid, resourceVersion } = old.metadata;
  if (wanted.uid !== undefined && wanted.uid !== uid) {
    throw conflict(
      kindName(key),
      `the UID in the precondition (${wanted.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    );
  }
  if (wanted.resourceVersion !== undefined && wanted.resourceVersion !== resourceVersion) {
    throw conflict(
      kindName(key),
      `the ResourceVersion in the precondition (${wanted.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    );
  }
}

/** The object as the delete leaves it; the same one when nothing changes. */
function markedFor(context: ApiContext, { type }: ObjectKey, old: KubeObject, options: DeleteOptions): KubeObject {
  const now = context.clock.now();
  const { strategy } = type;
  if (strategy.mark !== undefined) {
    return old.metadata.deletionTimestamp === undefined ? strategy.mark(old, timestamp(now)) : old;
  }
  const finalizers = finalizersFor(old, options);
  const marked = old.metadata.deletionTimestamp !== undefined;
  const grace = strategy.graceSeconds?.(old, options.gracePeriodSeconds) ?? 0;
  if (marked) return shortened(old, finalizers, grace, strategy.graceSeconds !== undefined, options);
  if (strategy.graceSeconds === undefined && finalizers.length === 0) return { ...old };
  const { generation } = old.metadata;
  return {
    ...old,
    metadata: {
      ...old.metadata,
      ...(generation === undefined ? {} : { generation: generation + 1 }),
      deletionTimestamp: timestamp(now + grace * 1_000),
      deletionGracePeriodSeconds: grace,
      ...(finalizers.length === 0 ? {} : { finalizers }),
    },
  };
}

/** A second delete may only shorten the time left. */
function shortened(
  old: KubeObject,
  finalizers: string[],
  grace: number,
  graceful: boolean,
  options: DeleteOptions,
): KubeObject {
  const { deletionGracePeriodSeconds: left = 0, deletionTimestamp = "" } = old.metadata;
  const sameFinalizers = finalizers.join() === (old.metadata.finalizers ?? []).join();
  if (!graceful || options.gracePeriodSeconds === undefined || grace >= left) {
    if (sameFinalizers) return old;
    return { ...old, metadata: { ...old.metadata, finalizers } };
  }
  const end = timestamp(Date.parse(deletionTimestamp) - (left - grace) * 1_000);
  return {
    ...old,
    metadata: {
      ...old.metadata,
      deletionTimestamp: end,
      deletionGracePeriodSeconds: grace,
      ...(finalizers.length > 0 && { finalizers }),
    },
  };
}

function finalizersFor(old: KubeObject, { propagationPolicy, orphanDependents }: DeleteOptions): string[] {
  const kept = old.metadata.finalizers ?? [];
  const policy =
    propagationPolicy ?? (orphanDependents === true ? "Orphan" : orphanDependents === false ? "Background" : undefined);
  if (policy === undefined) return kept;
  const others = kept.filter((one) => one !== "orphan" && one !== "foregroundDeletion");
  if (policy === "Orphan") return [...others, "orphan"];
  return policy === "Foreground" ? [...others, "foregroundDeletion"] : others;
}

/** Reads DeleteOptions from a body; unknown fields are left out. */
export function readDeleteOptions(body: Json | undefined): DeleteOptions {
  if (!isObject(body)) return {};
  const { gracePeriodSeconds, preconditions, propagationPolicy, orphanDependents, dryRun } = body;
  const wanted = isObject(preconditions) ? preconditions : {};
  const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
  const [uid, resourceVersion] = [text(wanted["uid"]), text(wanted["resourceVersion"])];
  return {
    ...(typeof gracePeriodSeconds === "number" ? { gracePeriodSeconds } : {}),
    preconditions: {
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    ...(typeof propagationPolicy === "string" ? { propagationPolicy } : {}),
    ...(typeof orphanDependents === "boolean" ? { orphanDependents } : {}),
    ...(Array.isArray(dryRun) ? { dryRun: dryRun.includes("All") } : {}),
  };
}

/** What a delete answers: the object while it is still there (or for kinds that always show it), else a Status. */
export function deletionAnswer({ type, name }: ObjectKey, { object, gone }: Deletion): JsonObject {
  if (!gone || type.strategy.returnsDeleted === true) return object;
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: {
      name,
      ...(type.group === "" ? {} : { group: type.group }),
      kind: type.plural,
      uid: object.metadata.uid,
    },
  };
}
