import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { manifests } from "./manifests.ts";

/** `npm run config` writes the manifests; a test fails when they are out of date. */
for (const [path, text] of Object.entries(manifests())) {
  const file = join(import.meta.dirname, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
