import { expect, test } from "vitest";
import { mergeDifference } from "../../../lib/rollouts/merge-difference.ts";
import fc from "../../drawn.ts";

const rows: Record<string, [unknown, unknown, unknown]> = {
  "equal values need no patch": [{ a: { b: [1] } }, { a: { b: [1] } }, undefined],
  "what is gone becomes null": [{ a: 1, b: 2 }, { a: 1 }, { b: null }],
  "what is new is added": [{ a: 1 }, { a: 1, b: { c: 2 } }, { b: { c: 2 } }],
  "only what differs is named": [{ a: { b: 1, c: 2 } }, { a: { b: 1, c: 3 } }, { a: { c: 3 } }],
  "a list is replaced whole": [{ a: [1, 2] }, { a: [2] }, { a: [2] }],
  "a null counts as absent": [{ a: 1 }, { a: 1, b: null }, undefined],
};

test.each(Object.entries(rows))("%s", (_sentence, [from, to, patch]) => {
  expect(mergeDifference(from, to)).toEqual(patch);
});

/** JSON merge patch (RFC 7386). */
function apply(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> =
    typeof target === "object" && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = apply(result[key], value);
  }
  return result;
}

test("applied to one value it gives the other", () => {
  const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.integer(), { maxLength: 3 }));
  const key = fc.constantFrom("a", "b", "c");
  const value = fc.letrec((tie) => ({
    node: fc.dictionary(key, fc.oneof({ depthSize: "small" }, leaf, tie("node")), {
      maxKeys: 3,
      noNullPrototype: true,
    }),
  })).node;
  fc.assert(
    fc.property(value, value, (from, to) => {
      const patch = mergeDifference(from, to);
      expect(patch === undefined ? from : apply(from, patch)).toEqual(to);
    }),
  );
});
