import * as z from "zod";
import { problemsInWords } from "../lib/kubernetes/issue-in-words.ts";

/**
 * The environment of each function, one schema each. The infrastructure types its `environment` with the schema's
 * input, the handler parses `process.env` with it: a variable cannot be missing on one side only.
 */
const common = {
  OUTRIGGER_TABLE: z.string().min(1),
  /** Names this hub in claims left in clusters, e.g. `Outrigger.us-east-1.123456789012`. */
  OUTRIGGER_HUB_ID: z.string().min(1),
  OUTRIGGER_LOG_LEVEL: z.enum(["DEBUG", "INFO", "WARN", "ERROR"]).default("INFO"),
  /** `true` only in the local environment: loopback endpoints are allowed. */
  OUTRIGGER_LOCAL: z.enum(["true", "false"]).default("false"),
};
const bus = { OUTRIGGER_BUS: z.string().min(1) };
const laneQueues = {
  OUTRIGGER_RECONCILE_QUEUE_URL: z.url(),
  OUTRIGGER_ROLLOUT_QUEUE_URL: z.url(),
};
const lane = {
  ...common,
  ...bus,
  ...laneQueues,
  /** Where a message that cannot be parsed is put, with its reason. */
  OUTRIGGER_DEAD_LETTER_QUEUE_URL: z.url(),
};

export const environments = {
  register: z.object({
    ...common,
    ...bus,
    ...laneQueues,
    OUTRIGGER_PROBE_QUEUE_URL: z.url(),
    /** The queue it is fed from: an event that could not be applied comes again from there. */
    OUTRIGGER_REGISTRATION_QUEUE_URL: z.url(),
    OUTRIGGER_DEAD_LETTER_QUEUE_URL: z.url(),
    /** Comma list; empty = all. Default of a registration's `namespaces`. */
    WATCH_NAMESPACE: z.string().default(""),
  }),
  dispatch: z.object({ ...common, ...laneQueues, OUTRIGGER_PROBE_QUEUE_URL: z.url() }),
  probe: z.object({ ...common, ...bus, OUTRIGGER_DEAD_LETTER_QUEUE_URL: z.url() }),
  reconcile: z.object(lane),
  rollout: z.object(lane),
  api: z.object({ ...common, OUTRIGGER_RECONCILE_QUEUE_URL: z.url() }),
} as const;

export type FunctionName = keyof typeof environments;
/** What the infrastructure must give a function. */
export type EnvironmentInput<F extends FunctionName> = z.input<(typeof environments)[F]>;
/** What the handler gets. */
export type Environment<F extends FunctionName> = z.output<(typeof environments)[F]>;

/**
 * Parses the environment of one function.
 * @throws Error naming every variable that is missing or wrong.
 */
export function readEnvironment<F extends FunctionName>(
  name: F,
  source: Record<string, string | undefined>,
): Environment<F> {
  const parsed = environments[name].safeParse(source);
  if (parsed.success) return parsed.data as Environment<F>;
  const problems = problemsInWords(parsed.error).join("; ");
  throw new Error(`Function ${name} has a wrong environment: ${problems}. Deploy the stack again to restore it.`);
}
