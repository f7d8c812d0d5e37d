import type { App } from "aws-cdk-lib";
import * as z from "zod";
import { issueInWords } from "../lib/kubernetes/issue-in-words.ts";
import { didYouMean } from "../lib/registry/problems.ts";
import { LANES } from "../lib/work/lanes.ts";
import { LEAST_WRITER_SECONDS, REQUEST_TIMEOUT_MS, WRITE_MARGIN_MS } from "../lib/work/lease.ts";

const accountId = z.string().regex(/^\d{12}$/, "must be an AWS account id: 12 digits");
const roleArn = z
  .string()
  .regex(
    /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/*-]+$/,
    "must be the ARN of an IAM role, arn:aws:iam::ACCOUNT:role/NAME",
  );
const concurrencyOf = (lane: "probe" | "reconcile" | "rollout") =>
  z.coerce
    .number()
    .int()
    .min(2, "must be at least 2")
    .max(1000, "must be at most 1000")
    .default(LANES[lane].maxConcurrency)
    .describe(`Invocations of function ${lane} at the same time.`);
const timeoutSeconds = (least: number, because: string) =>
  z.coerce.number().int().min(least, `must be at least ${least} s: ${because}`).max(900, "must be at most 900 s");
const writerTimeoutSeconds = timeoutSeconds(
  LEAST_WRITER_SECONDS,
  `a pass reads its cluster first, and begins no write with less than ${(REQUEST_TIMEOUT_MS + WRITE_MARGIN_MS) / 1000} s left`,
);
/** `true`/`false`, also as the strings the command line gives. */
const flag = z.union([z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")]);
/** A list, also as the comma-separated string the command line gives. */
const listOf = (item: z.ZodType<string, string>) =>
  z.preprocess(
    (value) =>
      typeof value === "string"
        ? value
            .split(",")
            .map((part) => part.trim())
            .filter((part) => part !== "")
        : value,
    z.array(item),
  );

/** The options of an Outrigger, each a property of the construct and a context key of the app (`cdk deploy -c KEY=VALUE`). */
export const OutriggerOptions = z
  .strictObject({
    logLevel: z.enum(["DEBUG", "INFO", "WARN", "ERROR"]).default("INFO").describe("Log level of all functions."),
    logRetentionDays: z.coerce
      .number()
      .pipe(z.literal([1, 3, 7, 14, 30, 60, 90, 180, 365], "must be 1, 3, 7, 14, 30, 60, 90, 180 or 365"))
      .default(30)
      .describe("Days the functions' logs are kept: 1, 3, 7, 14, 30, 60, 90, 180 or 365."),
    probeConcurrency: concurrencyOf("probe"),
    reconcileConcurrency: concurrencyOf("reconcile"),
    rolloutConcurrency: concurrencyOf("rollout"),
    probeTimeoutSeconds: timeoutSeconds(20, "a probe makes two requests, and each may take 8 s")
      .default(LANES.probe.timeoutSeconds)
      .describe("Seconds a batch of probes may take."),
    reconcileTimeoutSeconds: writerTimeoutSeconds
      .default(LANES.reconcile.timeoutSeconds)
      .describe("Seconds an invocation of reconcile may take."),
    rolloutTimeoutSeconds: writerTimeoutSeconds
      .default(LANES.rollout.timeoutSeconds)
      .describe("Seconds an invocation of rollout may take."),
    accounts: listOf(accountId)
      .default([])
      .describe("Other accounts that hold clusters: they may put cluster events on the bus."),
    assumeRoles: listOf(roleArn)
      .default([])
      .describe(
        "ARNs of the roles that may be assumed to reach clusters; `*` is allowed in the name, not in the account.",
      ),
    kubeconfigSecrets: listOf(z.string().regex(/^[\w/+=.@*-]+$/, "must be the name of a secret, `*` as wildcard"))
      .default(["outrigger/*"])
      .describe(
        "Names of the Secrets Manager secrets that may hold kubeconfigs; `*` as wildcard. Absent: `outrigger/*`.",
      ),
    watchNamespace: listOf(z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "must be the name of a namespace"))
      .default([])
      .describe("Namespaces a registration is limited to when it names none; empty: all."),
    alarmTopicArn: z
      .string()
      .regex(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]+$/, "must be the ARN of an SNS topic")
      .optional()
      .describe("An SNS topic of yours for the alarms. Absent: one is made."),
    runbooks: z
      .string()
      .min(1)
      .default("docs/runbooks")
      .describe("Where the descriptions of alarms point: a folder or URL that holds the runbooks."),
    removalPolicy: z
      .enum(["retain", "destroy"])
      .default("retain")
      .describe("What becomes of the table and the logs when the stack is deleted."),
    local: flag.default(false).describe("Only for the local environment: clusters may have loopback addresses."),
    faults: flag.default(false).describe("Only for tests: builds fault points into the functions; needs `local`."),
  })
  .superRefine((options, context) => {
    for (const role of options.assumeRoles) {
      const account = role.split(":")[4] ?? "";
      if (options.accounts.length > 0 && !options.accounts.includes(account)) {
        context.addIssue({
          code: "custom",
          path: ["assumeRoles"],
          message: `${role} is in account ${account}, which is not in accounts; add ${account} there or drop the role`,
        });
      }
    }
    if (options.faults && !options.local) {
      context.addIssue({
        code: "custom",
        path: ["faults"],
        message: "fault points kill functions: they need local=true as well",
      });
    }
  });
export type OutriggerOptions = z.output<typeof OutriggerOptions>;
export type OutriggerOptionsInput = z.input<typeof OutriggerOptions>;

/** Options of the app as a whole: where it is deployed, and under which name. */
export const AppOptions = z.strictObject({
  stackName: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]{0,127}$/, "must start with a letter and hold only letters, digits and hyphens")
    .default("Outrigger")
    .describe("Name of the stack: several may live side by side in one account and region."),
  vpcId: z
    .string()
    .regex(/^vpc-[0-9a-f]+$/, "must be the id of a VPC, vpc-…")
    .optional()
    .describe("The VPC the functions run in, to reach private cluster endpoints. Looked up at synthesis."),
});
export type AppOptions = z.output<typeof AppOptions>;

const OPTION_NAMES = new Set([...Object.keys(OutriggerOptions.shape), ...Object.keys(AppOptions.shape)]);

/** Keys the CDK itself puts into the context: feature flags (`@aws-cdk/…`), `aws:cdk:…` and cached look-ups (`vpc-provider:…`). */
const isCdkKey = (key: string): boolean => /[@/:]/.test(key) || key.startsWith("aws-");

function unknownOption(name: string): string {
  const near = didYouMean(name, [...OPTION_NAMES]);
  const right = near === undefined ? `there are ${[...OPTION_NAMES].join(", ")}` : `did you mean ${near}?`;
  return `unknown option ${name} (${right})`;
}

/** One sentence per problem, each naming the option and what is wrong. */
function explain(what: string, error: z.ZodError): Error {
  const problems = error.issues.map((issue) => {
    const [option = ""] = issue.path;
    return issue.code === "unrecognized_keys"
      ? issue.keys.map(unknownOption).join("; ")
      : `${String(option)} ${issueInWords(issue)}`;
  });
  return new Error(`${what}: ${problems.join("; ")}. Correct it and synthesise again.`);
}

/**
 * Fills in defaults.
 * @throws Error naming each wrong option, and why.
 */
export function readOptions(
  input: OutriggerOptionsInput,
  what = "Properties of the Outrigger construct",
): OutriggerOptions {
  const parsed = OutriggerOptions.safeParse(input);
  if (!parsed.success) throw explain(what, parsed.error);
  return parsed.data;
}

/**
 * Reads all options from the context of the app (`-c KEY=VALUE`, cdk.json).
 * @throws Error naming each wrong or unknown option, and why.
 */
export function readContext(app: App): { app: AppOptions; outrigger: OutriggerOptions } {
  const what = "CDK context (-c KEY=VALUE or cdk.json)";
  const given: Record<string, unknown> = app.node.getAllContext();
  const forApp: Record<string, unknown> = {};
  const forOutrigger: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    if (key in AppOptions.shape) forApp[key] = value;
    else if (!isCdkKey(key)) forOutrigger[key] = value;
  }
  const parsed = AppOptions.safeParse(forApp);
  if (!parsed.success) throw explain(what, parsed.error);
  return { app: parsed.data, outrigger: readOptions(forOutrigger as OutriggerOptionsInput, what) };
}
