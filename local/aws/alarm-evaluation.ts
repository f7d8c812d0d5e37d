import type { MetricAlarm } from "@aws-sdk/client-cloudwatch";

export type AlarmState = "ALARM" | "OK" | "INSUFFICIENT_DATA";

/** One value of the alarm's metric and statistic per period; `at` is the period's start, epoch milliseconds. */
export interface PeriodValue {
  at: number;
  value: number;
}

type Rule = Pick<
  MetricAlarm,
  "Period" | "EvaluationPeriods" | "DatapointsToAlarm" | "Threshold" | "ComparisonOperator" | "TreatMissingData"
>;

function breaches(value: number, threshold: number, operator: MetricAlarm["ComparisonOperator"]): boolean {
  switch (operator) {
    case "GreaterThanOrEqualToThreshold":
      return value >= threshold;
    case "GreaterThanThreshold":
      return value > threshold;
    case "LessThanThreshold":
      return value < threshold;
    case "LessThanOrEqualToThreshold":
      return value <= threshold;
    default:
      throw new Error(`Alarm operator ${String(operator)} is not evaluated in the local environment.`);
  }
}

/**
 * The state of an alarm, as CloudWatch decides it: M of the last N periods breach, where periods are aligned to the clock,
 * the running period counts once it has data, and missing periods count as `TreatMissingData` says.
 * @returns undefined when the state stays as it is (missing data is ignored, or there is too little of it).
 */
export function evaluateAlarm(rule: Rule, values: readonly PeriodValue[], nowMs: number): AlarmState | undefined {
  const periodMs = (rule.Period ?? 60) * 1000;
  const count = rule.EvaluationPeriods ?? 1;
  const running = Math.floor(nowMs / periodMs) * periodMs;
  const byPeriod = new Map(values.map(({ at, value }) => [Math.floor(at / periodMs) * periodMs, value]));
  const last = byPeriod.has(running) ? running : running - periodMs;
  const window = Array.from({ length: count }, (_, back) => byPeriod.get(last - back * periodMs));
  const present = window.filter((value) => value !== undefined);
  const missing = window.length - present.length;
  const treatment = rule.TreatMissingData ?? "missing";
  if (present.length === 0 && treatment === "missing") return "INSUFFICIENT_DATA";
  if (present.length === 0 && treatment === "ignore") return undefined;
  const breaching =
    present.filter((value) => breaches(value, rule.Threshold ?? 0, rule.ComparisonOperator)).length +
    (treatment === "breaching" ? missing : 0);
  return breaching >= (rule.DatapointsToAlarm ?? count) ? "ALARM" : "OK";
}
