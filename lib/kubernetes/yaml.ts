import { type Document, isPair, isScalar, LineCounter, parseAllDocuments, type ScalarTag, visit } from "yaml";
import { readPlainScalar, type ScalarValue } from "./yaml-scalar.ts";

/** The text is no YAML that Kubernetes would read. The message names source, line and column. */
export class YamlError extends Error {
  override readonly name = "YamlError";
  /** Where the text came from, as given by the caller. */
  readonly source: string;
  /** 1-based. */
  readonly line: number;
  readonly column: number;
  /** What is wrong, without position and without quoting the text's values. */
  readonly problem: string;

  constructor(source: string, position: { line: number; column: number }, problem: string) {
    super(`${source}, line ${position.line}, column ${position.column}: ${problem}`);
    this.source = source;
    this.line = position.line;
    this.column = position.column;
    this.problem = problem;
  }
}

const PLAIN: ScalarTag = {
  tag: "tag:outrigger.dev,2026:plain",
  default: true,
  test: /^/,
  resolve: (text, onError) => guarded(() => readPlainScalar(text), onError),
};

/** `!!int "12"` and the like: read as plain, and of that type. */
function explicit(name: string, accepts: (value: ScalarValue) => boolean): ScalarTag {
  return {
    tag: `tag:yaml.org,2002:${name}`,
    resolve: (text, onError) =>
      guarded(() => {
        const value = readPlainScalar(text);
        if (!accepts(value)) onError(`a value tagged !!${name} is none`);
        return value;
      }, onError),
  };
}

const BINARY: ScalarTag = {
  tag: "tag:yaml.org,2002:binary",
  resolve: (text) => Buffer.from(text, "base64").toString("utf8"),
};

const TAGS = [
  "merge" as const,
  PLAIN,
  explicit("bool", (value) => typeof value === "boolean"),
  explicit("int", (value) => typeof value === "bigint" || Number.isInteger(value)),
  explicit("float", (value) => typeof value === "number"),
  explicit("null", (value) => value === null),
  BINARY,
];

function guarded(resolve: () => ScalarValue, onError: (message: string) => void): ScalarValue {
  try {
    return resolve();
  } catch (error) {
    onError(error instanceof Error ? error.message : "unreadable value");
    return null;
  }
}

/**
 * Reads one document as Kubernetes does (`sigs.k8s.io/yaml`), but strictly: a key twice in one map is an error.
 * Integers beyond 2^53 come as bigints. Throws `YamlError`.
 *
 * @param source names the text in errors, e.g. `secret prod/kubeconfig`
 */
export function readYaml(text: string, source: string): unknown {
  const documents = readYamlDocuments(text, source);
  if (documents.length > 1) {
    throw new YamlError(source, { line: 1, column: 1 }, `${documents.length} documents where one is expected`);
  }
  return documents[0] ?? null;
}

/** Reads all documents that are not empty. */
export function readYamlDocuments(text: string, source: string): unknown[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    schema: "failsafe",
    customTags: TAGS,
    resolveKnownTags: false,
    uniqueKeys: (a, b) =>
      isScalar(a) && isScalar(b) && keyText(a.value) === keyText(b.value) && keyText(a.value) !== "<<",
    prettyErrors: false,
    lineCounter: lines,
    logLevel: "error",
  });
  const fail = (offset: number, problem: string): never => {
    const { line, col } = lines.linePos(offset);
    throw new YamlError(source, { line, column: col }, problem);
  };
  return [...documents].flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) return fail(error.pos[0], problemOf(error.code, error.message));
    checkKeys(document, fail);
    return contents(document, fail);
  });
}

function contents(document: Document.Parsed, fail: (offset: number, problem: string) => never): unknown[] {
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    return value === null ? [] : [value];
  } catch (error) {
    const unresolved = error instanceof Error && error.message.startsWith("Unresolved alias");
    return fail(document.range[0], unresolved ? "an alias has no anchor before it" : "aliases that cannot be followed");
  }
}

/** Keys become strings in JSON; null and collections cannot. */
function checkKeys(document: Document.Parsed, fail: (offset: number, problem: string) => never): void {
  visit(document, {
    Pair(_position, pair) {
      if (!isPair(pair)) return;
      const { key } = pair as { key: unknown };
      if (isScalar(key) && key.value !== null) return;
      const range = (key as { range?: [number, number, number] } | null)?.range;
      fail(range?.[0] ?? document.range[0], "a map key must be a string, a number or a boolean");
    },
  });
}

function keyText(value: unknown): string {
  return typeof value === "symbol" ? (value.description ?? "") : String(value);
}

/** The parser's own words, except where they quote the text. */
function problemOf(code: string, message: string): string {
  if (code === "DUPLICATE_KEY") return "the same key stands twice in one map";
  return message.split("\n", 1)[0] ?? code;
}
