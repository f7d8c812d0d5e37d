import { QUOTAS, quotaHard } from "../api/admission.ts";
import type { ApiContext } from "../api/context.ts";
import { usedOf } from "../api/quota.ts";
import { isEqual } from "../json.ts";
import type { Access } from "./access.ts";
import type { Controller } from "./loop.ts";

/** Keeps the status of ResourceQuotas. Keys are `namespace/name`. */
export function quotaController(access: Access, context: ApiContext): Controller {
  return {
    keysOf({ resource, type, object }) {
      const { namespace, name } = object.metadata;
      if (namespace === undefined) return [];
      if (resource === QUOTAS) return type === "DELETED" ? [] : [`${namespace}/${name}`];
      if (type === "MODIFIED") return [];
      return access.list("", "resourcequotas", namespace).map((quota) => `${namespace}/${quota.metadata.name}`);
    },
    reconcile(key) {
      const [namespace = "", name = ""] = key.split("/");
      const quota = access.get("", "resourcequotas", namespace, name);
      if (quota === undefined) return undefined;
      const status = { hard: quotaHard(quota), used: usedOf(context, quota) };
      if (!isEqual(status, quota["status"])) access.updateStatus(quota, status);
      return undefined;
    },
  };
}
