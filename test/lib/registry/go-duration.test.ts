import { expect, it } from "vitest";
import { formatGoDuration, parseGoDuration } from "../../../lib/registry/go-duration.ts";
import fc from "../../drawn.ts";

it.each([
  ["30s", 30_000],
  ["1m30s", 90_000],
  ["1.5h", 5_400_000],
  [".5s", 500],
  ["1.s", 1000],
  ["250ms", 250],
  ["-10s", -10_000],
  ["+10s", 10_000],
  ["0", 0],
  ["", undefined],
  ["30", undefined],
  ["s", undefined],
  ["1d", undefined],
  ["1m 30s", undefined],
  ["30s!", undefined],
])("%j is what Go makes of it", (text, expected) => {
  expect(parseGoDuration(text)).toBe(expected);
});

it("whole seconds come back as they were written", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 100_000 }),
      (seconds) => parseGoDuration(formatGoDuration(seconds)) === seconds * 1000,
    ),
  );
});
