import type { ApiError } from "../kubernetes/errors.ts";
import type { KubernetesObject } from "../kubernetes/objects.ts";
import { NO_DOWNSCALE_POLICY } from "./names.ts";
import { ownerOf } from "./no-downscale.ts";

/** Somebody else wrote an object under the name of ours; nothing of it is touched. */
export class ForeignGuardError extends Error {
  override readonly name = "ForeignGuardError";
  /** `<hub id>.<cluster>`; "" when it names none. */
  readonly owner: string;

  constructor(object: KubernetesObject) {
    const owner = ownerOf(object);
    super(
      `${object.kind ?? "object"} ${object.metadata.name} belongs to ${owner === "" ? "somebody else" : `the registration ${owner}`}`,
    );
    this.owner = owner;
  }
}

/** The lease has too little time left for another write. */
export class NoTimeLeftError extends Error {
  override readonly name = "NoTimeLeftError";
}

/** A guard that is known to be there cannot be removed: the rules for it were taken away before it was. */
export class ForbiddenGuardError extends Error {
  override readonly name = "ForbiddenGuardError";

  constructor(cause: ApiError) {
    super(
      `${cause.request}: ${cause.message}; apply config/rbac/guards.yaml (ClusterRole outrigger:guards) to the cluster again, ` +
        `or have the cluster's administrator run \`kubectl delete validatingadmissionpolicy,validatingadmissionpolicybinding ${NO_DOWNSCALE_POLICY}\` ` +
        "and then deregister it with `force: true`, which releases no claims",
      { cause },
    );
  }
}
