import { describe, expect, test } from "vitest";
import { createAlarms, type DescribeAlarms } from "../../../lib/aws/alarms.ts";

const ARN = "arn:aws:cloudwatch:eu-west-1:111111111111:alarm:errors: high";
const answers = (found: Awaited<ReturnType<DescribeAlarms>>) => {
  const asked: string[] = [];
  const alarmState = createAlarms(async (region, name) => {
    asked.push(`${region}/${name}`);
    return found;
  });
  return { asked, alarmState };
};

describe("the state of an alarm", () => {
  test("by name, in the hub's own region", async () => {
    const { asked, alarmState } = answers({ MetricAlarms: [{ AlarmName: "errors", StateValue: "ALARM" }] });
    expect(await alarmState("errors")).toBe("ALARM");
    expect(asked).toEqual(["/errors"]);
  });

  test("by ARN, in its region, with colons in the name", async () => {
    const { asked, alarmState } = answers({
      CompositeAlarms: [{ AlarmName: "errors: high", AlarmArn: ARN, StateValue: "OK" }],
    });
    expect(await alarmState(ARN)).toBe("OK");
    expect(asked).toEqual(["eu-west-1/errors: high"]);
  });

  test("of the same name in another account is not it", async () => {
    const other = ARN.replace("111111111111", "222222222222");
    const { alarmState } = answers({
      MetricAlarms: [{ AlarmName: "errors: high", AlarmArn: other, StateValue: "OK" }],
    });
    expect(await alarmState(ARN)).toBeUndefined();
  });

  test("is undefined when there is none", async () => {
    expect(await answers({}).alarmState("errors")).toBeUndefined();
  });
});
