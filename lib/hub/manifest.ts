import { describeProblems } from "../registry/problems.ts";
import { findKind } from "./kinds.ts";
import { Refusal } from "./reply.ts";
import { Manifest, type ResourceId } from "./resource.ts";

/** The largest spec, bytes as JSON: items stay far below what the table takes. */
const MAX_SPEC_BYTES = 100_000;

/** A resource that was understood. */
export interface Wanted {
  id: ResourceId;
  spec: unknown;
}

/**
 * Reads a resource as people write it, and checks all that can be checked without knowing where it goes.
 * @throws Refusal naming every problem.
 */
export function readManifest(raw: unknown, defaultNamespace: string): Wanted {
  const parsed = Manifest.safeParse(raw);
  if (!parsed.success) {
    const misplaced = whyMisplaced(raw);
    if (misplaced !== undefined) throw new Refusal(subjectOf(raw), misplaced, "correct it and apply it again");
    const known = { "": Object.keys(Manifest.shape) };
    const problems = describeProblems(parsed.error, "", known).join("; ");
    throw new Refusal(subjectOf(raw), problems, "correct it and apply it again");
  }
  const { apiVersion, kind, metadata, spec } = parsed.data;
  const id = { kind, namespace: metadata.namespace ?? defaultNamespace, name: metadata.name };
  const found = findKind(apiVersion, kind);
  if ("problem" in found) throw new Refusal(id, found.problem, "correct it and apply it again");
  const problem = found.refuse(spec, id.namespace);
  if (problem !== undefined) throw new Refusal(id, problem, "Correct it and apply it again");
  const bytes = Buffer.byteLength(JSON.stringify(spec));
  if (bytes > MAX_SPEC_BYTES)
    throw new Refusal(id, `spec has ${bytes} bytes, more than ${MAX_SPEC_BYTES}`, "make it smaller, or split it");
  return { id, spec };
}

/** What is no resource, or of a kind that the hub does not keep, has other fields: they are not what is wrong. */
function whyMisplaced(raw: unknown): string | undefined {
  if (typeof raw !== "object" || raw === null) return undefined;
  const { apiVersion, kind } = fieldsOf(raw);
  if (apiVersion === undefined && kind === undefined) return "it is no resource: it has neither apiVersion nor kind";
  if (typeof apiVersion !== "string" || typeof kind !== "string") return undefined;
  const found = findKind(apiVersion, kind);
  return "problem" in found ? found.problem : undefined;
}

function subjectOf(raw: unknown): string {
  const { kind, metadata } = fieldsOf(raw);
  const name = (metadata as { name?: unknown } | null | undefined)?.name;
  return typeof kind === "string" && typeof name === "string" ? `${kind} ${name}` : "resource";
}

const fieldsOf = (raw: unknown): Record<string, unknown> =>
  typeof raw === "object" && raw !== null ? (raw as Record<string, unknown>) : {};
