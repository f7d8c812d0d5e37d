/** What people are told when a command fails: which object, why, and what to do next. */
export interface FailureFields {
  object: string;
  cause: string;
  nextStep: string;
}

/** A command could not do what it was asked: exit code 1. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
  readonly fields: FailureFields;

  constructor(fields: FailureFields, options?: ErrorOptions) {
    const { object, cause, nextStep } = fields;
    super(`${capitalised(object)}: ${sentence(cause)} ${capitalised(sentence(nextStep))}`, options);
    this.fields = fields;
  }
}

/** The command line itself is wrong: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Exit codes: done, failed, wrong usage. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/** One line, whatever was thrown. */
export function failureLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return `outrigger: ${message.replaceAll(/\s*\n\s*/g, " ").trim()}`;
}

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function sentence(text: string): string {
  const trimmed = text.trim();
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
