import { isApiError } from "../kubernetes/errors.ts";

/** Why what was left in a cluster could not be taken back; where a rule is missing, with what to do about it. */
export function describeCleaningFailure(error: unknown): string {
  const cause = error instanceof Error ? error.message : String(error);
  if (!isApiError(error, 403)) return cause;
  return `${cause}; bind outrigger:rollouts to the group outrigger until this is done`;
}
