const NANO = 10n ** 9n;
const DECIMAL: Readonly<Record<string, bigint>> = {
  n: 1n,
  u: 10n ** 3n,
  m: 10n ** 6n,
  "": NANO,
  k: 10n ** 12n,
  M: 10n ** 15n,
  G: 10n ** 18n,
  T: 10n ** 21n,
  P: 10n ** 24n,
  E: 10n ** 27n,
};
const BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const QUANTITY = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:([KMGTPE]i)|([numkMGTPE])|[eE]([+-]?\d+))?$/;

interface Parsed {
  /** Billionths. */
  nano: bigint;
  form: "decimal" | "binary" | "exponent";
}

/** @throws Error with the text of Go's `resource.ErrFormatWrong`. */
function parse(text: string): Parsed {
  const match = QUANTITY.exec(text);
  if (match === null) {
    throw new Error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
  }
  const [, sign, number = "0", binary, decimal = "", exponent] = match;
  const [whole = "0", fraction = ""] = number.split(".");
  let unit = DECIMAL[decimal] ?? NANO;
  if (binary !== undefined) unit = NANO * 1024n ** BigInt(BINARY.indexOf(binary));
  const power = Number(exponent ?? 0);
  const digits = BigInt(`${whole || "0"}${fraction}`) * unit * 10n ** BigInt(Math.max(0, power));
  const divisor = 10n ** BigInt(fraction.length + Math.max(0, -power));
  const rounded = (digits + divisor - 1n) / divisor;
  const form = binary !== undefined ? "binary" : exponent !== undefined ? "exponent" : "decimal";
  return { nano: sign === "-" ? -rounded : rounded, form };
}

/** Writes a quantity as the API server stores it: `1000` → `1k`, `0.5` → `500m`, `1024Mi` → `1Gi`. */
export function canonicalQuantity(text: string): string {
  const { nano, form } = parse(text);
  if (nano === 0n) return "0";
  const size = nano < 0n ? -nano : nano;
  const sign = nano < 0n ? "-" : "";
  if (form === "binary" && size % NANO === 0n && size >= 1024n * NANO) {
    let value = size / NANO;
    let step = 0;
    for (; value % 1024n === 0n && step < BINARY.length - 1; step += 1) value /= 1024n;
    return `${sign}${value}${BINARY[step]}`;
  }
  const [suffix, unit] = Object.entries(DECIMAL)
    .toReversed()
    .find(([, candidate]) => size % candidate === 0n) ?? ["n", 1n];
  if (form === "exponent") {
    const exponent = unit.toString().length - NANO.toString().length;
    return exponent === 0 ? `${sign}${size / unit}` : `${sign}${size / unit}e${exponent}`;
  }
  return `${sign}${size / unit}${suffix}`;
}

/** @returns a whole number of units, rounded up. */
export function quantityValue(text: string): number {
  return Number((quantityNano(text) + NANO - 1n) / NANO);
}

/** @returns billionths. */
export function quantityNano(text: string): bigint {
  return parse(text).nano;
}
