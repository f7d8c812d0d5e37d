import { injectLambdaContext } from "@aws-lambda-powertools/logger/middleware";
import type { Context } from "aws-lambda";
import middy from "middy";
import { createLogger } from "../lib/aws/logger.ts";
import { createMetrics, stackOf } from "../lib/aws/metrics.ts";

/** Opens the log and the metrics of one function. */
export function openTelemetry(
  name: string,
  env: { OUTRIGGER_HUB_ID: string; OUTRIGGER_LOG_LEVEL: "DEBUG" | "INFO" | "WARN" | "ERROR" },
) {
  const stack = stackOf(env.OUTRIGGER_HUB_ID);
  return { ...createLogger({ name, level: env.OUTRIGGER_LOG_LEVEL, stack }), metrics: createMetrics(stack) };
}

/** The chain every handler goes through: request id in each log line, metrics written whatever happens. */
export function serve<TEvent, TResult>(
  { logger, metrics }: Pick<ReturnType<typeof openTelemetry>, "logger" | "metrics">,
  handle: (event: TEvent, context: Context) => Promise<TResult>,
) {
  const flush = () => metrics.flush();
  return middy<TEvent, TResult>()
    .use(injectLambdaContext(logger))
    .use({ after: flush, onError: flush })
    .handler((event, context) => handle(event, context));
}
