import { MetricUnit, Metrics as Powertools } from "@aws-lambda-powertools/metrics";
import { METRICS, METRICS_NAMESPACE } from "../work/metrics.ts";
import type { Metrics } from "../work/ports.ts";

/**
 * Metrics as embedded metric format lines in the log. One dimension, `Stack`: CloudWatch bills each set of dimensions as
 * a metric of its own, so there is none per cluster, function or service.
 */
export function createMetrics(stack: string): Metrics {
  const metrics = new Powertools({ namespace: METRICS_NAMESPACE });
  metrics.clearDefaultDimensions();
  metrics.setDefaultDimensions({ Stack: stack });
  return {
    add: (name, value) => void metrics.addMetric(name, MetricUnit[METRICS[name].unit], value),
    flush: () => {
      if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
    },
  };
}

/** @returns the stack's name from the hub id `<stack>.<region>.<account>`. */
export const stackOf = (hubId: string): string => hubId.split(".", 1)[0] ?? hubId;
