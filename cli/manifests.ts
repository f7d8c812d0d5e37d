import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { writeJson } from "../lib/kubernetes/json.ts";
import { readYamlDocuments, YamlError } from "../lib/kubernetes/yaml.ts";
import { CommandFailure, UsageError } from "./failure.ts";
import { typedPath } from "./typed-path.ts";

/** One resource of a file, as written. */
export interface ManifestDocument {
  /** File, or `stdin`. */
  source: string;
  /** JSON; not looked at yet. */
  manifest: unknown;
}

const ENDINGS = [".yaml", ".yml", ".json"];

/**
 * Reads the resources of files, folders (`.yaml`, `.yml`, `.json`, in name order) and stdin (`-`). A `List` counts as its
 * items.
 * @throws CommandFailure when something cannot be read, UsageError when there is no resource at all.
 */
export async function readManifests(
  paths: readonly string[],
  options: { recursive: boolean; stdin?: () => Promise<string> },
): Promise<ManifestDocument[]> {
  const { stdin = () => text(process.stdin) } = options;
  const documents: ManifestDocument[] = [];
  for (const path of paths) {
    if (path === "-") documents.push(...parse("stdin", await stdin()));
    else for (const file of filesOf(typedPath(path), options.recursive)) documents.push(...parse(file, read(file)));
  }
  if (documents.length === 0)
    throw new UsageError(`${paths.join(", ")}: no resource in it. Name files or folders with ${ENDINGS.join(", ")}.`);
  return documents;
}

function filesOf(path: string, recursive: boolean): string[] {
  const entry = attempt(path, () => statSync(path));
  if (!entry.isDirectory()) return [path];
  return readdirSync(path, { recursive, withFileTypes: true })
    .filter((file) => file.isFile() && ENDINGS.some((ending) => file.name.endsWith(ending)))
    .map((file) => join(file.parentPath, file.name))
    .sort();
}

const read = (file: string): string => attempt(file, () => readFileSync(file, "utf8"));

function attempt<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const cause = code === "ENOENT" ? "there is no such file or folder" : message;
    throw new CommandFailure({ object: `File ${path}`, cause, nextStep: "Correct the path" }, { cause: error });
  }
}

function parse(source: string, content: string): ManifestDocument[] {
  try {
    return readYamlDocuments(content, source)
      .flatMap(itemsOf)
      .map((document) => ({ source, manifest: JSON.parse(writeJson(document)) as unknown }));
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    const { line, column, problem } = error;
    const object = `File ${source}, line ${line}, column ${column}`;
    throw new CommandFailure({ object, cause: problem, nextStep: "Correct it" }, { cause: error });
  }
}

function itemsOf(document: unknown): unknown[] {
  const { kind, items } = (typeof document === "object" && document !== null ? document : {}) as Record<
    string,
    unknown
  >;
  return kind === "List" && Array.isArray(items) ? items : [document];
}
