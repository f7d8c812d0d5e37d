import { type Cause, causes } from "./status.ts";

/** Rules for names and labels, with the sentences of k8s.io/apimachinery `pkg/util/validation`. */
const LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const VALUE = `(${QUALIFIED})?`;
const SERVICE = "[a-z]([-a-z0-9]*[a-z0-9])?";
const CONFIG_KEY = "[-._a-zA-Z0-9]+";

const whole = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`);
const tooLong = (limit: number): string => `must be no more than ${limit} bytes`;

function problems(text: string, pattern: string, limit: number, sentence: string): string[] {
  const found = text.length > limit ? [tooLong(limit)] : [];
  if (!whole(pattern).test(text)) found.push(sentence);
  return found;
}

/** @returns what is wrong with a DNS label. */
export const labelNameProblems = (text: string): string[] =>
  problems(
    text,
    LABEL,
    63,
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an " +
      `alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${LABEL}')`,
  );

export const subdomainProblems = (text: string): string[] =>
  problems(
    text,
    `${LABEL}(\\.${LABEL})*`,
    253,
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end " +
      `with an alphanumeric character (e.g. 'example.com', regex used for validation is '${SUBDOMAIN}')`,
  );

const serviceNameProblems = (text: string): string[] =>
  problems(
    text,
    SERVICE,
    63,
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end " +
      `with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '${SERVICE}')`,
  );

function pathProblems(text: string): string[] {
  if (text === "." || text === "..") return [`may not be '${text}'`];
  return ["/", "%"].filter((sign) => text.includes(sign)).map((sign) => `may not contain '${sign}'`);
}

export function nameProblems(rule: "subdomain" | "label" | "path" | "service", name: string): string[] {
  if (rule === "path") return pathProblems(name);
  if (rule === "label") return labelNameProblems(name);
  return rule === "service" ? serviceNameProblems(name) : subdomainProblems(name);
}

/** Label and annotation keys: an optional DNS prefix, `/`, a name. */
export function qualifiedNameProblems(text: string): string[] {
  const parts = text.split("/");
  const sentence =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
    `(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${QUALIFIED}')`;
  if (parts.length > 2) {
    return [`a qualified name ${sentence} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const name = parts.pop() ?? "";
  const [prefix] = parts;
  const found: string[] = [];
  if (prefix === "") found.push("prefix part must be non-empty");
  else if (prefix !== undefined) found.push(...subdomainProblems(prefix).map((problem) => `prefix part ${problem}`));
  if (name === "") found.push("name part must be non-empty");
  else if (name.length > 63) found.push(`name part ${tooLong(63)}`);
  if (!whole(QUALIFIED).test(name)) found.push(`name part ${sentence}`);
  return found;
}

export const labelValueProblems = (text: string): string[] =>
  problems(
    text,
    VALUE,
    63,
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with " +
      `an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(${QUALIFIED})?')`,
  ).map((problem) => problem.replace(`'(${QUALIFIED})?'`, "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?'"));

export const configKeyProblems = (text: string): string[] =>
  problems(
    text,
    CONFIG_KEY,
    253,
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or " +
      `'key-name', regex used for validation is '${CONFIG_KEY}')`,
  );

export function labelCauses(labels: Record<string, string>, field: string): Cause[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...qualifiedNameProblems(key).map((problem) => causes.invalid(field, key, problem)),
    ...labelValueProblems(value).map((problem) => causes.invalid(field, value, problem)),
  ]);
}
