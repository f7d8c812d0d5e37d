import type { CloudWatchClient, DescribeAlarmsCommandOutput } from "@aws-sdk/client-cloudwatch";
import { clientSettings } from "./clients.ts";

/** Longest one lookup may take, milliseconds. */
const TIMEOUT_MS = 4_000;

/** Describes alarms of this name in a region; an empty region is the hub's own. */
export type DescribeAlarms = (
  region: string,
  name: string,
) => Promise<Pick<DescribeAlarmsCommandOutput, "MetricAlarms" | "CompositeAlarms">>;

/** Looks up CloudWatch metric and composite alarms by name (this account and region) or by ARN (this account, any region). */
export function createAlarms(describeAlarms: DescribeAlarms = describer()) {
  return async (alarm: string): Promise<"OK" | "ALARM" | "INSUFFICIENT_DATA" | undefined> => {
    const isArn = alarm.startsWith("arn:");
    const [, , , region = "", , , ...rest] = isArn ? alarm.split(":") : [];
    const name = isArn ? rest.join(":") : alarm;
    const { MetricAlarms = [], CompositeAlarms = [] } = await describeAlarms(region, name);
    const found = [...MetricAlarms, ...CompositeAlarms].find(
      ({ AlarmName, AlarmArn }) => AlarmName === name && (!isArn || AlarmArn === alarm),
    );
    return found?.StateValue;
  };
}

/** The SDK is loaded, and a region's client made, when the first alarm is asked for. */
function describer(): DescribeAlarms {
  const clients = new Map<string, CloudWatchClient>();
  return async (region, name) => {
    const { CloudWatchClient, DescribeAlarmsCommand } = await import("@aws-sdk/client-cloudwatch");
    const settings = { ...clientSettings(TIMEOUT_MS), maxAttempts: 2, ...(region === "" ? {} : { region }) };
    const client = clients.get(region) ?? new CloudWatchClient(settings);
    clients.set(region, client);
    return client.send(
      new DescribeAlarmsCommand({ AlarmNames: [name], AlarmTypes: ["MetricAlarm", "CompositeAlarm"] }),
    );
  };
}
