import { ensureObject, stringAt } from "../json.ts";
import { admitPod, mountServiceAccount } from "../kinds/pods.ts";
import type { KubeObject } from "../object.ts";
import { resourceKey } from "../resource-type.ts";
import { forbidden, notFound } from "../status.ts";
import { type ApiContext, type ObjectKey, resourceName } from "./context.ts";
import { countsOf, exceeded, usedOf } from "./quota.ts";

const NAMESPACES = resourceKey({ group: "", plural: "namespaces" });
const SERVICE_ACCOUNTS = resourceKey({ group: "", plural: "serviceaccounts" });
const STORAGE_CLASSES = resourceKey({ group: "storage.k8s.io", plural: "storageclasses" });
export const QUOTAS = resourceKey({ group: "", plural: "resourcequotas" });

/**
 * What Kubernetes' admission plugins check and add when an object is created: NamespaceLifecycle, ServiceAccount,
 * DefaultTolerationSeconds, Priority, DefaultStorageClass.
 */
export function admitCreate(context: ApiContext, key: ObjectKey, object: KubeObject): void {
  const { store, ids } = context;
  const { type, namespace } = key;
  if (namespace !== undefined) {
    const home = store.get(NAMESPACES, undefined, namespace);
    if (home === undefined) throw notFound({ group: "", kind: "namespaces", name: namespace });
    if (home.metadata.deletionTimestamp !== undefined) {
      throw forbidden(
        resourceName(key),
        `unable to create new content in namespace ${namespace} because it is being terminated`,
        [
          {
            reason: "NamespaceTerminating",
            message: `namespace ${namespace} is being terminated`,
            field: "metadata.namespace",
          },
        ],
      );
    }
  }
  if (type.group !== "") return;
  if (type.kind === "Pod") {
    const account = stringAt(object, "spec", "serviceAccountName") ?? "default";
    if (store.get(SERVICE_ACCOUNTS, namespace, account) === undefined) {
      throw forbidden(
        resourceName(key),
        `error looking up service account ${namespace}/${account}: serviceaccount ${JSON.stringify(account)} not found`,
      );
    }
    mountServiceAccount(object, ids.suffix());
    admitPod(object);
  }
  if (type.kind === "PersistentVolumeClaim" && stringAt(object, "spec", "storageClassName") === undefined) {
    const standard = store
      .list(STORAGE_CLASSES)
      .find((one) => one.metadata.annotations?.["storageclass.kubernetes.io/is-default-class"] === "true");
    if (standard !== undefined) ensureObject(object, "spec")["storageClassName"] = standard.metadata.name;
  }
}

/** Refuses what a ResourceQuota of the namespace has no room for, and counts what it has. */
export function admitQuota(context: ApiContext, key: ObjectKey, object: KubeObject, dryRun: boolean): void {
  const { store } = context;
  if (key.namespace === undefined) return;
  for (const quota of store.list(QUOTAS, key.namespace)) {
    const asked = countsOf(key.type, object);
    const over = exceeded(quota, usedOf(context, quota), asked);
    if (over !== undefined) {
      throw forbidden(resourceName(key), `exceeded quota: ${quota.metadata.name}, ${over}`);
    }
  }
  if (dryRun) return;
  for (const quota of store.list(QUOTAS, key.namespace)) {
    const used = usedOf(context, quota);
    const asked = countsOf(key.type, object);
    if (!Object.keys(used).some((name) => asked.includes(name))) continue;
    for (const name of asked) if (used[name] !== undefined) used[name] = String(Number(used[name]) + 1);
    store.put(QUOTAS, { ...quota, status: { hard: quotaHard(quota), used } });
  }
}

export function quotaHard(quota: KubeObject): Record<string, string> {
  const spec = quota["spec"] as { hard?: Record<string, string> } | undefined;
  return spec?.hard ?? {};
}
