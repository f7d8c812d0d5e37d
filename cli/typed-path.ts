import { resolve } from "node:path";

/**
 * A path as people typed it. `npm run` in a checkout, also with `--prefix`, starts its scripts in the checkout, but a path is
 * meant from where the command was typed.
 */
export function typedPath(path: string, environment: Record<string, string | undefined> = process.env): string {
  const { INIT_CWD: typedIn, npm_package_name: runBy } = environment;
  return typedIn === undefined || runBy !== "outrigger" ? path : resolve(typedIn, path);
}
