/** What a scalar is read as. Integers that a double cannot hold exactly are bigints; `writeJson` writes both alike. */
export type ScalarValue = string | number | bigint | boolean | null;

const WORDS: ReadonlyMap<string, boolean | null> = new Map<string, boolean | null>([
  ...["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"].map((word) => [word, true] as const),
  ...["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"].map((word) => [word, false] as const),
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, null] as const),
]);
const NOT_FINITE = /^(\.nan|\.NaN|\.NAN|[-+]?\.(inf|Inf|INF))$/;
const INTEGER = /^([-+]?)(?:0[xX]([\da-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9]\d*))$/;
const FLOAT = /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/;
const LARGEST = 2n ** 64n - 1n;
const LARGEST_SIGNED = 2n ** 63n - 1n;

/** Not representable in JSON, so Kubernetes refuses it too. */
export class NotFiniteError extends Error {
  override readonly name = "NotFiniteError";
}

/**
 * Reads an unquoted scalar as `sigs.k8s.io/yaml` 1.6 does (go.yaml.in/yaml/v2, `resolve.go`): YAML 1.1 words for true and
 * false, `0644` and `0o644` octal, 64-bit integers exact, dates and `1:30` left as strings.
 */
export function readPlainScalar(text: string): ScalarValue {
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  if (NOT_FINITE.test(text)) throw new NotFiniteError(`${text} is no JSON value`);
  if (!/^[-+.\d]/.test(text)) return text;
  const digits = text.startsWith(".") ? text : text.replaceAll("_", "");
  const integer = readInteger(digits);
  if (integer !== undefined) return integer;
  const float = FLOAT.test(digits) ? Number(digits) : Number.NaN;
  return Number.isFinite(float) ? float : text;
}

function readInteger(digits: string): number | bigint | undefined {
  const match = INTEGER.exec(digits);
  if (match === null) return undefined;
  const [, sign = "", hexadecimal, binary, octal, decimal] = match;
  const prefixed = [
    ["0x", hexadecimal],
    ["0b", binary],
    ["0o", octal],
    ["", decimal],
  ].find(([, value]) => value !== undefined);
  const size = BigInt(prefixed?.join("") ?? "0");
  const limit = sign === "" ? LARGEST : sign === "-" ? LARGEST_SIGNED + 1n : LARGEST_SIGNED;
  if (size > limit) return undefined;
  const value = sign === "-" ? -size : size;
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}
