import { describe, expect, test } from "vitest";
import { type AlarmState, evaluateAlarm, type PeriodValue } from "../../../local/aws/alarm-evaluation.ts";

const MINUTE = 60_000;
const NOON = Date.UTC(2026, 0, 1, 12);
/** Values of the minutes before noon, the oldest first; undefined = nothing was reported. The last one is the running minute. */
const minutes = (...values: (number | undefined)[]): PeriodValue[] =>
  values.flatMap((value, index) =>
    value === undefined ? [] : [{ at: NOON - (values.length - 1 - index) * MINUTE, value }],
  );

const deadLetters = {
  Period: 60,
  EvaluationPeriods: 1,
  Threshold: 1,
  ComparisonOperator: "GreaterThanOrEqualToThreshold",
  TreatMissingData: "notBreaching",
} as const;
const heartbeat = {
  Period: 60,
  EvaluationPeriods: 3,
  DatapointsToAlarm: 3,
  Threshold: 1,
  ComparisonOperator: "LessThanThreshold",
  TreatMissingData: "breaching",
} as const;
const none = undefined;

describe("an alarm is", () => {
  const cases: Record<string, [Parameters<typeof evaluateAlarm>[0], PeriodValue[], AlarmState | undefined]> = {
    "off while its metric was never reported and that is fine": [deadLetters, [], "OK"],
    "on as soon as the running minute breaches": [deadLetters, minutes(0, 0, 1), "ALARM"],
    "judged by the last full minute while the running one is empty": [deadLetters, minutes(0, 1, none), "ALARM"],
    "off again when the breach is older than its periods": [deadLetters, minutes(1, 0, 0), "OK"],
    "off again when nothing is reported any more": [deadLetters, minutes(1, none, none), "OK"],
    "on while a heartbeat was never seen": [heartbeat, [], "ALARM"],
    "off while one of three minutes had a heartbeat": [heartbeat, minutes(1, none, none, none), "OK"],
    "on when three minutes in a row had none": [heartbeat, minutes(1, none, none, none, none), "ALARM"],
    "on when heartbeats of zero are reported": [heartbeat, minutes(0, 0, 0), "ALARM"],
    "off at the first heartbeat": [heartbeat, minutes(none, none, none, 1), "OK"],
    "off while fewer periods breach than it takes": [
      { ...deadLetters, EvaluationPeriods: 3, DatapointsToAlarm: 2 },
      minutes(1, 0, 0),
      "OK",
    ],
    "on when enough of its periods breach": [
      { ...deadLetters, EvaluationPeriods: 3, DatapointsToAlarm: 2 },
      minutes(1, 0, 1),
      "ALARM",
    ],
    "without verdict while data is missing and nothing says what that means": [
      { ...deadLetters, TreatMissingData: undefined },
      [],
      "INSUFFICIENT_DATA",
    ],
    "left as it is while missing data is ignored": [{ ...deadLetters, TreatMissingData: "ignore" }, [], undefined],
  };
  test.each(Object.entries(cases))("%s", (_, [rule, values, expected]) => {
    expect(evaluateAlarm(rule, values, NOON + 30_000)).toBe(expected);
  });

  test("refused when its operator is not known here", () => {
    const rule = { ...deadLetters, ComparisonOperator: "LessThanLowerThreshold" } as const;
    expect(() => evaluateAlarm(rule, minutes(1), NOON)).toThrow("LessThanLowerThreshold is not evaluated");
  });
});
