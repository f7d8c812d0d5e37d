import { expect, test } from "vitest";
import { parsePrometheusDuration } from "../../../lib/rollouts/prometheus-duration.ts";

test.each([
  ["0", 0],
  ["0s", 0],
  ["1h30m", 5_400],
  ["2d", 172_800],
  ["1w", 604_800],
  ["1y", 31_536_000],
  ["1y1w1d1h1m1s1ms", 32_230_861.001],
  ["500ms", 0.5],
  ["90m", 5_400],
])("%s is %d s", (text, seconds) => {
  expect(parsePrometheusDuration(text)).toBe(seconds);
});

test.each(["", "1", "1.5h", "-1h", "+1h", "30m1h", "1h 30m", "1H", "1h1h", "293y", "h", "1us"])(
  "%j is no duration",
  (text) => {
    expect(parsePrometheusDuration(text)).toBeUndefined();
  },
);
