import type { KubernetesObject } from "../kubernetes/objects.ts";
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
