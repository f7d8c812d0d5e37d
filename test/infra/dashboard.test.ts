import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { METRICS, METRICS_NAMESPACE } from "../../lib/work/metrics.ts";
import { ofType, synthesise } from "./synthesis.ts";

const synthesised = synthesise();

/** What a dimension of AWS's own metrics names, and the metrics of it (SQS and Lambda developer guides). */
const SERVICE_METRICS: Record<string, { dimension: string; type: string; names: string[] }> = {
  "AWS/SQS": {
    dimension: "QueueName",
    type: "AWS::SQS::Queue",
    names: [
      "ApproximateAgeOfOldestMessage",
      "ApproximateNumberOfMessagesDelayed",
      "ApproximateNumberOfMessagesNotVisible",
      "ApproximateNumberOfMessagesVisible",
      "NumberOfMessagesDeleted",
      "NumberOfMessagesReceived",
      "NumberOfMessagesSent",
    ],
  },
  "AWS/Lambda": {
    dimension: "FunctionName",
    type: "AWS::Lambda::Function",
    names: ["ConcurrentExecutions", "Duration", "Errors", "Invocations", "RecursiveInvocationsDropped", "Throttles"],
  },
};

type Cell = string | { label?: string; period?: number; stat?: string };
interface Widget {
  type: "metric" | "text" | "alarm";
  properties: { title?: string; metrics?: Cell[][]; alarms?: string[]; markdown?: string };
}

/** References inside the dashboard's body are kept as `<logical id>`. */
const widgets: Widget[] = ofType(synthesised, "AWS::CloudWatch::Dashboard").flatMap(([, { Properties }]) => {
  const [, parts] = (Properties["DashboardBody"] as { "Fn::Join": [string, unknown[]] })["Fn::Join"];
  const text = parts.map((part) => {
    if (typeof part === "string") return part;
    const { Ref, "Fn::GetAtt": attribute } = part as { Ref?: string; "Fn::GetAtt"?: [string, string] };
    return `<${Ref ?? attribute?.[0] ?? ""}>`;
  });
  return (JSON.parse(text.join("")) as { widgets: Widget[] }).widgets;
});
const graphs = widgets.filter(({ type }) => type === "metric");

describe.each(graphs.map(({ properties }) => [properties.title ?? "", properties.metrics ?? []] as const))(
  "widget %s",
  (_title, metrics) => {
    test("shows metrics that are written", () => {
      expect(metrics.length).toBeGreaterThan(0);
      for (const [namespace, name, dimension, value, ...rest] of metrics) {
        expect(rest.filter((cell) => typeof cell === "string")).toEqual([]);
        if (namespace === METRICS_NAMESPACE) {
          expect(Object.keys(METRICS)).toContain(name);
          expect([dimension, value]).toEqual(["Stack", "Outrigger"]);
          continue;
        }
        const known = SERVICE_METRICS[textOf(namespace)];
        expect(known?.names).toContain(name);
        expect(dimension).toBe(known?.dimension);
        expect(synthesised.resources[textOf(value).replace(/^<|>$/g, "")]?.Type).toBe(known?.type);
      }
    });
  },
);

test("every graph, the alarms and a heading are on the one dashboard", () => {
  expect(ofType(synthesised, "AWS::CloudWatch::Dashboard")).toHaveLength(1);
  expect(graphs.length).toBeGreaterThanOrEqual(10);
  const shown = widgets.flatMap(({ properties }) => properties.alarms ?? []).map((arn) => arn.replace(/^<|>$/g, ""));
  expect(shown.toSorted()).toEqual(
    ofType(synthesised, "AWS::CloudWatch::Alarm")
      .map(([id]) => id)
      .toSorted(),
  );
});

test("queues that feed are shown as waiting, dead-letter queues as dead letters, each of them", () => {
  const subjects = (title: string) =>
    (graphs.find(({ properties }) => properties.title === title)?.properties.metrics ?? [])
      .filter(([namespace]) => namespace === "AWS/SQS")
      .map(([, , , value]) => textOf(value));
  expect(subjects("Dead letters").every((id) => id.includes("DeadLetters"))).toBe(true);
  expect(subjects("Messages waiting").some((id) => id.includes("DeadLetters"))).toBe(false);
  expect(new Set([...subjects("Dead letters"), ...subjects("Messages waiting")]).size).toBe(
    ofType(synthesised, "AWS::SQS::Queue").length,
  );
});

test("each metric of the table is written somewhere in lib/", () => {
  const sources = readdirSync("lib", { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && file !== join("work", "metrics.ts"))
    .map((file) => readFileSync(join("lib", file), "utf8"));
  for (const name of Object.keys(METRICS)) {
    expect(
      sources.some((source) => new RegExp(`\\b(add|count)\\("${name}"`).test(source)),
      name,
    ).toBe(true);
  }
});

/** A cell of a metric's row that is no object. */
function textOf(cell: unknown): string {
  return typeof cell === "string" ? cell : "";
}
