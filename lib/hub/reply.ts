import { describeId, type ResourceId } from "./resource.ts";

/** A request that was understood and is not carried out: object, cause and next step. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly object: string;
  readonly nextStep: string;

  constructor(subject: ResourceId | string, cause: string, nextStep: string) {
    super(cause);
    this.object = typeof subject === "string" ? subject : describeId(subject);
    this.nextStep = nextStep;
  }
}
