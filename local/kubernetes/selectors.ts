import { labelValueProblems, qualifiedNameProblems } from "./names.ts";
import { badRequest } from "./status.ts";

/** Tells whether labels (or fields) are selected. */
export type Selector = (values: Record<string, string>) => boolean;

interface Token {
  kind: "word" | "sign" | "end";
  text: string;
}

const SIGNS = ["!=", "==", "=", "(", ")", ",", "!", "<", ">"];

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let rest = text;
  for (;;) {
    rest = rest.trimStart();
    if (rest === "") return [...tokens, { kind: "end", text: "" }];
    const sign = SIGNS.find((candidate) => rest.startsWith(candidate));
    const token: Token =
      sign === undefined
        ? { kind: "word", text: /^[^\s!=(),<>]+/.exec(rest)?.[0] ?? "" }
        : { kind: "sign", text: sign };
    tokens.push(token);
    rest = rest.slice(token.text.length);
  }
}

/**
 * Reads the `labelSelector` parameter (k8s.io/apimachinery `pkg/labels`).
 * @throws StatusError 400 with the text of Kubernetes.
 */
export function parseLabelSelector(text: string): Selector {
  const tokens = tokenize(text);
  const requirements: Selector[] = [];
  let place = 0;
  const peek = (): Token => tokens[place] ?? { kind: "end", text: "" };
  const take = (): Token => {
    const token = peek();
    place += 1;
    return token;
  };
  const fail = (token: Token, expected: string, prefix = ""): never => {
    throw badRequest(`${prefix}found '${token.text}', expected: ${expected}`);
  };

  const words = (): string[] => {
    const open = take();
    if (open.text !== "(") fail(open, "'('", PARSE);
    const values: string[] = [];
    for (;;) {
      const token = take();
      if (token.kind === "word") values.push(token.text);
      else if (token.text === ",") values.push("");
      else if (token.text === ")") return values.length === 0 ? [""] : values;
      else fail(token, "',', ')' or identifier", PARSE);
      const after = peek();
      if (token.kind === "word") {
        if (after.text === ",") take();
        else if (after.text !== ")") fail(after, "',', ')' or identifier", PARSE);
      }
    }
  };

  const requirement = (): Selector => {
    const first = take();
    const absent = first.text === "!";
    const key = absent ? take() : first;
    if (key.kind !== "word") fail(key, absent ? "identifier" : "!, identifier, or 'end of string'", PARSE);
    const problems = qualifiedNameProblems(key.text);
    if (problems.length > 0) throw badRequest(`${PARSE}key: Invalid value: ${quote(key.text)}: ${problems.join("; ")}`);
    if (absent) return (values) => !Object.hasOwn(values, key.text);
    const operator = peek();
    if (operator.kind === "end" || operator.text === ",") return (values) => Object.hasOwn(values, key.text);
    take();
    const has = (values: Record<string, string>): boolean => Object.hasOwn(values, key.text);
    const chosen = (values: Record<string, string>): string => values[key.text] ?? "";
    const checked = (values: string[]): string[] => {
      for (const [index, value] of values.entries()) {
        const wrong = labelValueProblems(value);
        if (wrong.length > 0) {
          throw badRequest(
            `${PARSE}values[${index}][${key.text}]: Invalid value: ${quote(value)}: ${wrong.join("; ")}`,
          );
        }
      }
      return values;
    };
    switch (operator.text) {
      case "in": {
        const values = checked(words());
        return (labels) => has(labels) && values.includes(chosen(labels));
      }
      case "notin": {
        const values = checked(words());
        return (labels) => !has(labels) || !values.includes(chosen(labels));
      }
      case "=":
      case "==":
      case "!=": {
        const value = peek().kind === "word" ? take().text : "";
        checked([value]);
        if (operator.text === "!=") return (labels) => !has(labels) || chosen(labels) !== value;
        return (labels) => has(labels) && chosen(labels) === value;
      }
      case "<":
      case ">": {
        const limit = Number(take().text);
        return (labels) =>
          has(labels) && (operator.text === ">" ? Number(chosen(labels)) > limit : Number(chosen(labels)) < limit);
      }
      default:
        return fail(operator, "in, notin, =, ==, !=, gt, lt", PARSE);
    }
  };

  while (peek().kind !== "end") {
    requirements.push(requirement());
    const separator = take();
    if (separator.kind === "end") break;
    if (separator.text !== ",") fail(separator, "',' or 'end of string'");
    if (peek().kind === "end") fail(peek(), "identifier after ','");
  }
  return (values) => requirements.every((one) => one(values));
}

const PARSE = "unable to parse requirement: ";
const quote = (text: string): string => JSON.stringify(text);

/**
 * Reads the `fieldSelector` parameter: `a=b`, `a==b`, `a!=b`, joined by commas.
 * @throws StatusError 400 for text that is no selector.
 */
export function parseFieldSelector(text: string): { fields: string[]; selects: Selector } {
  const terms = text
    .split(",")
    .filter((term) => term !== "")
    .map((term) => {
      const match = /^(.*?)(!=|==|=)(.*)$/.exec(term);
      if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
      const [, field = "", operator, value = ""] = match;
      return { field, equal: operator !== "!=", value };
    });
  return {
    fields: terms.map(({ field }) => field),
    selects: (values) => terms.every(({ field, equal, value }) => ((values[field] ?? "") === value) === equal),
  };
}
