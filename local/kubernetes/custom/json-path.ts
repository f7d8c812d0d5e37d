import { isObject, type Json, plain } from "../json.ts";

/**
 * Evaluates a printer column's path: fields (`.a.b`, `.a\.b`), indexes (`[0]`, `[*]`) and filters (`[?(@.type=="Ready")]`).
 * @returns the values found; empty when the path leads nowhere.
 */
export function evaluatePath(path: string, root: Json): Json[] {
  let values: Json[] = [root];
  for (const [, field, index, filterField, filterValue] of path.matchAll(STEP)) {
    if (field !== undefined) {
      const name = field.replaceAll("\\.", ".");
      values = values.flatMap((value) => (isObject(value) && value[name] !== undefined ? [value[name] as Json] : []));
    } else if (index !== undefined) {
      values = values.flatMap((value) => {
        if (!Array.isArray(value)) return [];
        return index === "*" ? value : value.slice(Number(index), Number(index) === -1 ? undefined : Number(index) + 1);
      });
    } else {
      values = values
        .flatMap((value) => (Array.isArray(value) ? value : []))
        .filter((value) => isObject(value) && plain(value[filterField ?? ""]) === filterValue);
    }
  }
  return values;
}

const STEP = /\.((?:\\.|[^.[\]\\])+)|\[(-?\d+|\*)\]|\[\?\(@\.([\w-]+)\s*==\s*["']([^"']*)["']\)\]/g;
