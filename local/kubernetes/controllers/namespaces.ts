import type { ApiContext } from "../api/context.ts";
import type { KubeObject } from "../object.ts";
import { resourceKey } from "../resource-type.ts";
import type { Access } from "./access.ts";
import type { Controller } from "./loop.ts";

const NAMESPACES = resourceKey({ group: "", plural: "namespaces" });

/** Gives each namespace its service account and CA bundle, and empties those that are being deleted. Keys are names. */
export function namespaceController(access: Access, { store, types }: ApiContext, caPem: string): Controller {
  const contents = (namespace: string): KubeObject[] =>
    types
      .all()
      .filter((type) => type.namespaced)
      .flatMap((type) => store.list(resourceKey(type), namespace));
  return {
    keysOf({ resource, type, object }) {
      if (resource === NAMESPACES) return type === "DELETED" ? [] : [object.metadata.name];
      const { namespace } = object.metadata;
      return type === "DELETED" && namespace !== undefined ? [namespace] : [];
    },
    reconcile(name) {
      const namespace = access.get("", "namespaces", undefined, name);
      if (namespace === undefined) return undefined;
      if (namespace.metadata.deletionTimestamp === undefined) {
        furnish(access, name, caPem);
        return undefined;
      }
      for (const object of contents(name)) {
        if (object.metadata.deletionTimestamp === undefined) access.delete(object, { propagationPolicy: "Background" });
      }
      if (contents(name).length === 0) access.remove({ ...namespace, spec: {} });
      return undefined;
    },
  };
}

/** What every namespace has from the beginning. */
export function furnish(access: Access, namespace: string, caPem: string): void {
  if (access.get("", "serviceaccounts", namespace, "default") === undefined) {
    access.create("", "serviceaccounts", namespace, { metadata: { name: "default" } });
  }
  if (access.get("", "configmaps", namespace, "kube-root-ca.crt") === undefined) {
    const annotations = {
      "kubernetes.io/description":
        "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the " +
        "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.",
    };
    access.create("", "configmaps", namespace, {
      metadata: { name: "kube-root-ca.crt", annotations },
      data: { "ca.crt": caPem },
    });
  }
}
