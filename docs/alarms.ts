import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { FUNCTION_NAMES } from "../infra/bundle.ts";
import { readOptions } from "../infra/options.ts";
import { OutriggerStack } from "../infra/outrigger-stack.ts";

/** An alarm as it is deployed. */
export interface DeployedAlarm {
  /** Of its runbook, e.g. `dead-letters`. */
  kind: string;
  /** What it says when it goes off. */
  what: string;
  metric: string;
  /** When it goes off, e.g. `≥ 1 for 1 min`. */
  when: string;
}

const SIGNS: Record<string, string> = {
  GreaterThanOrEqualToThreshold: "≥",
  GreaterThanThreshold: ">",
  LessThanThreshold: "<",
  LessThanOrEqualToThreshold: "≤",
};

interface AlarmProperties {
  AlarmDescription: string;
  Namespace: string;
  MetricName: string;
  Statistic: string;
  Threshold: number;
  ComparisonOperator: string;
  EvaluationPeriods: number;
  Period: number;
  TreatMissingData: string;
}

/** The alarms of the stack with its default options, read from what is synthesised. */
export function deployedAlarms(): DeployedAlarm[] {
  const folder = mkdtempSync(join(tmpdir(), "outrigger-docs-"));
  try {
    for (const name of FUNCTION_NAMES) writeFileSync(join(folder, `${name}.ts`), "export const handler = () => {};\n");
    const app = new App({ outdir: join(folder, "assembly") });
    const stack = new OutriggerStack(app, "Outrigger", { options: readOptions({}), functionSources: folder });
    const found = Template.fromStack(stack).findResources("AWS::CloudWatch::Alarm");
    return Object.values(found).map(({ Properties }) => describe(Properties as AlarmProperties));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function describe(alarm: AlarmProperties): DeployedAlarm {
  const [what = "", runbook = ""] = alarm.AlarmDescription.split(" Runbook: ");
  const minutes = (alarm.EvaluationPeriods * alarm.Period) / 60;
  const missing = alarm.TreatMissingData === "breaching" ? ", or no data" : "";
  return {
    kind: /([a-z-]+)\.md$/.exec(runbook)?.[1] ?? "",
    what,
    metric: `${alarm.Namespace} ${alarm.MetricName} (${alarm.Statistic})`,
    when: `${SIGNS[alarm.ComparisonOperator] ?? alarm.ComparisonOperator} ${alarm.Threshold} for ${minutes} min${missing}`,
  };
}
