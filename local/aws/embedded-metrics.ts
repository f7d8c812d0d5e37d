import { z } from "zod";

/** One value of a metric, as `PutMetricData` takes it. */
export interface MetricValue {
  namespace: string;
  name: string;
  value: number;
  unit: string;
  dimensions: Record<string, string>;
  /** Epoch milliseconds. */
  timestamp: number;
}

/** The part of the embedded metric format that says what in the line is a metric. */
const Embedded = z.looseObject({
  _aws: z.object({
    Timestamp: z.number(),
    CloudWatchMetrics: z.array(
      z.object({
        Namespace: z.string(),
        Dimensions: z.array(z.array(z.string())),
        Metrics: z.array(z.object({ Name: z.string(), Unit: z.string().optional() })),
      }),
    ),
  }),
});

const numbers = z.union([z.number().transform((value) => [value]), z.array(z.number())]);

/**
 * Reads a log line in CloudWatch's embedded metric format, as CloudWatch Logs does on AWS.
 * @returns no values for a line that is something else.
 */
export function parseEmbeddedMetrics(line: string): MetricValue[] {
  if (!line.includes('"_aws"')) return [];
  const json = line.slice(line.indexOf("{"));
  let content: unknown;
  try {
    content = JSON.parse(json);
  } catch {
    return [];
  }
  const parsed = Embedded.safeParse(content);
  if (!parsed.success) return [];
  const { _aws, ...fields } = parsed.data;
  return _aws.CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
    Metrics.flatMap(({ Name, Unit }) => {
      const values = numbers.safeParse(fields[Name]);
      if (!values.success) return [];
      return Dimensions.flatMap((names) =>
        values.data.map((value) => ({
          namespace: Namespace,
          name: Name,
          value,
          unit: Unit ?? "None",
          dimensions: Object.fromEntries(names.map((name) => [name, String(fields[name])])),
          timestamp: _aws.Timestamp,
        })),
      );
    }),
  );
}
