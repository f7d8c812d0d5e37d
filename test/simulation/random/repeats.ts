import type { Pod } from "../../../lib/kubernetes/objects.ts";
import type { Setting } from "./draw.ts";
import type { Kind } from "./kinds.ts";
import type { OwnWrite } from "./surroundings.ts";

/** After these nobody knows whether a delete was carried out. */
const UNHEARD: readonly Kind[] = ["timeout", "reply of a delete lost", "delete carried out late"];

/** Deletes of one and the same pod. */
export class Repeats {
  readonly #mayBeUnheard: boolean;
  readonly #deleted = new Set<string>();
  /** By UID of a pod, who has deleted it and must have heard of it. */
  readonly #heard = new Map<string, OwnWrite["process"]>();

  constructor({ faults }: Setting) {
    this.#mayBeUnheard = faults.some(({ kind }) => UNHEARD.includes(kind));
  }

  /** @returns what is wrong with one more delete; empty when nothing is. */
  note(
    { metadata: { name, uid = "", deletionTimestamp } }: Pod,
    process: OwnWrite["process"],
    knownAt: number,
  ): string[] {
    const problems: string[] = [];
    if (deletionTimestamp !== undefined && Date.parse(deletionTimestamp) < knownAt)
      problems.push(`${name} was terminating and was deleted once more`);
    if (this.#deleted.has(uid) && deletionTimestamp === undefined) problems.push(`${name} was deleted twice`);
    if (this.#heard.get(uid) === process) problems.push(`${name} was deleted twice by one worker`);
    this.#deleted.add(uid);
    if (!this.#mayBeUnheard) this.#heard.set(uid, process);
    return problems;
  }
}
