/** What the doctor looks at, in this order. */
export const CHECKS = [
  "credentials",
  "stack",
  "functions",
  "triggers",
  "rules",
  "queues",
  "dead letters",
  "dispatch",
  "hub",
  "clusters",
  "resources",
  "permissions",
  "custom resources",
] as const;
export type Check = (typeof CHECKS)[number];

/** One thing looked at: in order, wrong, or not to be seen from here. */
export type Finding =
  | { check: Check; result: "ok"; object: string; message: string }
  /** Neither right nor wrong: it could not be looked at. */
  | { check: Check; result: "unknown"; object: string; message: string }
  | { check: Check; result: "wrong"; object: string; message: string; fix: string };

/** An answer, or why there is none. */
export type Asked<T> = { value: T } | { problem: string };

export async function ask<T>(question: () => Promise<T>): Promise<Asked<T>> {
  try {
    return { value: await question() };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    const plain = ["Error", "CommandFailure"].includes(name) || message.startsWith(name);
    return { problem: (plain ? message : `${name}: ${message}`).trim() || "no answer" };
  }
}

export const ok = (check: Check, object: string, message: string): Finding => ({
  check,
  result: "ok",
  object,
  message,
});
export const unknown = (check: Check, object: string, message: string): Finding => ({
  check,
  result: "unknown",
  object,
  message,
});
export const wrong = (check: Check, object: string, message: string, fix: string): Finding => ({
  check,
  result: "wrong",
  object,
  message,
  fix,
});

/** @returns what is wrong, or one line that says all is well. */
export const orOk = (findings: Finding[], check: Check, object: string, message: string): Finding[] =>
  findings.length > 0 ? findings : [ok(check, object, message)];
