import { createRequire } from "node:module";

/** The version of the package this command belongs to, in a checkout as well as installed, e.g. `0.1.0`. */
export function packageVersion(): string {
  const { version } = createRequire(import.meta.url)("outrigger/package.json") as { version: string };
  return version;
}
