import * as z from "zod";
import { parseEksArn } from "./access.ts";
import type { AcceptedDetailType } from "./detail-types.ts";
import { parseGoDuration } from "./go-duration.ts";
import { refuseUrl } from "./local-address.ts";
import { ClusterLabels, ClusterName, NamespaceName, ObjectName } from "./names.ts";
import { describeProblems } from "./problems.ts";
import { Capability } from "./registration.ts";

/** A Go duration between 10 s and 1 h; parsed to whole seconds. */
const Interval = z.string().transform((text, context) => {
  const ms = parseGoDuration(text);
  const problem =
    ms === undefined
      ? `"${text}" is no duration; write it as Go does, e.g. \`30s\` or \`1m30s\``
      : ms < 10_000 || ms > 3_600_000
        ? `${text} is outside 10s..1h`
        : ms % 1000 !== 0
          ? `${text} is not a whole number of seconds`
          : undefined;
  if (problem === undefined && ms !== undefined) return ms / 1000;
  context.addIssue({ code: "custom", message: problem ?? "is no duration" });
  return z.NEVER;
});

const RoleArn = z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/, "must be the ARN of an IAM role");
const HttpUrl = z.string().superRefine((text, context) => {
  const problem = refuseUrl(text, { local: true });
  if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
});

const AllowFields = z.strictObject({
  secrets: z.array(z.string().min(1)).default([]).describe("Secrets Manager secrets, by name"),
  roles: z.array(RoleArn).default([]).describe("IAM roles, by ARN"),
  urls: z.array(HttpUrl).default([]).describe("http(s) URLs; none of this machine or link-local"),
  alarms: z.array(z.string().min(1)).default([]).describe("CloudWatch alarms, by name"),
});

const At = z.iso
  .datetime({ offset: true })
  .optional()
  .describe(
    "When the sender decided this: of two events the later one wins. Absent: `time` of the event, whole seconds",
  );

const ClusterFields = z.strictObject({
  name: ClusterName.describe("The cluster's name in the hub, unique"),
  arn: z
    .string()
    .refine(
      (arn) => parseEksArn(arn) !== undefined,
      "must be the ARN of an EKS cluster, arn:aws:eks:REGION:ACCOUNT:cluster/NAME",
    )
    .optional()
    .describe("Access, first way: an EKS cluster by its ARN"),
  region: z
    .string()
    .regex(/^[a-z]{2,}(-[a-z]+)+-\d+$/, "must be an AWS region, e.g. `eu-west-1`")
    .optional()
    .describe("Access, second way: region of the EKS cluster called `name`, with `accountId`"),
  accountId: z
    .string()
    .regex(/^\d{12}$/, "must be an AWS account id: 12 digits, as a string")
    .optional()
    .describe("Access, second way: account of the EKS cluster called `name`, with `region`"),
  kubeconfigSecret: z
    .string()
    .min(1, "must name a Secrets Manager secret")
    .optional()
    .describe("Access, third way: Secrets Manager secret that holds a kubeconfig"),
  roleArn: RoleArn.optional().describe("Role in the cluster's account, assumed before the cluster is looked up"),
  externalId: z.string().min(2).max(1224).optional().describe("External id passed when `roleArn` is assumed"),
  labels: ClusterLabels.optional().describe("Labels that selectors match, as on Kubernetes objects"),
  capabilities: z
    .array(Capability)
    .min(1, "must name at least one capability")
    .optional()
    .describe("What may be done in the cluster; nothing else is attempted. Absent: all"),
  namespaces: z
    .array(NamespaceName)
    .optional()
    .describe("The only namespaces worked in; empty: all. Absent: `WATCH_NAMESPACE` of the stack"),
  allow: AllowFields.optional().describe("Things outside the cluster which its resources may name. Absent: none"),
  installCustomResources: z
    .boolean()
    .optional()
    .describe("Whether the CustomResourceDefinitions are put into the cluster. Absent: true"),
  monitorInterval: Interval.optional().describe(
    "Time between two probes, 10s to 1h, as Go writes durations. Absent: 30s",
  ),
  discoverInterval: Interval.optional().describe(
    "Time between two looks for resources, 10s to 1h, as Go writes durations. Absent: 30s",
  ),
  at: At,
});

/** Runs whatever the field schemas found, so that every problem is named at once. */
const always = { when: () => true };
type MaybeFields = Partial<Record<keyof z.input<typeof ClusterFields>, unknown>>;
const fieldsOf = (value: unknown): MaybeFields =>
  typeof value === "object" && value !== null ? (value as MaybeFields) : {};

function accessKinds(value: unknown): string[] {
  const fields = fieldsOf(value);
  return [
    fields.arn === undefined ? "" : "arn",
    fields.region === undefined && fields.accountId === undefined ? "" : "region+accountId",
    fields.kubeconfigSecret === undefined ? "" : "kubeconfigSecret",
  ].filter((kind) => kind !== "");
}

/** `detail` of Cluster Registered and Cluster Updated. Both declare the whole registration: a field left out has its default. */
export const ClusterDetail = ClusterFields.refine((value) => accessKinds(value).length > 0, {
  ...always,
  message: "names no access; give exactly one of arn, region+accountId, kubeconfigSecret",
})
  .refine((value) => accessKinds(value).length < 2, {
    ...always,
    error: (issue) =>
      `names ${accessKinds(issue.input).length} kinds of access (${accessKinds(issue.input).join(", ")}); keep exactly one`,
  })
  .refine((value) => (fieldsOf(value).region === undefined) === (fieldsOf(value).accountId === undefined), {
    ...always,
    message: "region and accountId belong together; give both or the arn",
  })
  .refine((value) => fieldsOf(value).roleArn === undefined || fieldsOf(value).kubeconfigSecret === undefined, {
    ...always,
    path: ["roleArn"],
    message: "is for EKS access only; a kubeconfig holds its own credentials",
  })
  .refine((value) => fieldsOf(value).externalId === undefined || fieldsOf(value).roleArn !== undefined, {
    ...always,
    path: ["externalId"],
    message: "is passed when a role is assumed; give roleArn too",
  });
export type ClusterDetail = z.output<typeof ClusterDetail>;

/** `detail` of Cluster Deregistered. */
export const DeregisteredDetail = z.strictObject({
  name: ClusterName.describe("The registered cluster"),
  force: z
    .boolean()
    .default(false)
    .describe("Skips the cleaning in the cluster: for clusters that are gone. What the hub left there stays"),
  at: At,
});
export type DeregisteredDetail = z.output<typeof DeregisteredDetail>;

/** `detail` of Resource Changed: look at this resource now (pipelines send it after `kubectl apply`). */
export const ResourceChangedDetail = z.strictObject({
  cluster: ClusterName.describe("The registered cluster the resource lives in"),
  kind: z
    .string()
    .regex(/^[A-Z][A-Za-z0-9]{0,62}$/, "must be a kind, e.g. `MultiAZRollout`")
    .describe("Kind of the resource, e.g. `MultiAZRollout`"),
  namespace: z
    .union([NamespaceName, z.literal("")])
    .default("")
    .describe("Its namespace; empty for what has none"),
  name: ObjectName.describe("Its name"),
});
export type ResourceChangedDetail = z.output<typeof ResourceChangedDetail>;

/** Accepted detail types and the schema of their `detail`. */
export const ACCEPTED_EVENTS = {
  "Cluster Registered": ClusterDetail,
  "Cluster Updated": ClusterDetail,
  "Cluster Deregistered": DeregisteredDetail,
  "Resource Changed": ResourceChangedDetail,
} as const satisfies Record<AcceptedDetailType, z.ZodType>;

/** What EventBridge puts around a detail. Fields of AWS may be added: unknown ones are let through. */
const Envelope = z.object({
  id: z.string().min(1),
  "detail-type": z.string(),
  source: z.string(),
  time: z.iso.datetime({ offset: true }),
  detail: z.unknown(),
});

interface Stamp {
  /** ISO-8601 UTC with milliseconds, so that stamps compare as text. */
  at: string;
  /** The envelope's id; the same for a redelivery. */
  id: string;
}

/** An event that was understood. */
export type RegistryEvent =
  | (Stamp & { type: "Cluster Registered" | "Cluster Updated"; name: string; detail: ClusterDetail })
  | (Stamp & { type: "Cluster Deregistered"; name: string; force: boolean })
  | (Stamp & { type: "Resource Changed"; detail: ResourceChangedDetail });

export type ParsedEvent = { event: RegistryEvent } | { problems: string[]; cluster?: string };

const KNOWN_FIELDS: Record<AcceptedDetailType, Record<string, readonly string[]>> = {
  "Cluster Registered": { "": Object.keys(ClusterFields.shape), allow: Object.keys(AllowFields.shape) },
  "Cluster Updated": { "": Object.keys(ClusterFields.shape), allow: Object.keys(AllowFields.shape) },
  "Cluster Deregistered": { "": Object.keys(DeregisteredDetail.shape) },
  "Resource Changed": { "": Object.keys(ResourceChangedDetail.shape) },
};

const isAccepted = (type: string): type is AcceptedDetailType => Object.hasOwn(ACCEPTED_EVENTS, type);

/**
 * Parses an EventBridge event as it arrives in a queue record. Never throws; every problem is named.
 * @param options.local whether loopback and link-local addresses may be named.
 */
export function parseEvent(body: string, options: { local: boolean }): ParsedEvent {
  let raw: unknown;
  try {
    raw = JSON.parse(body);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    return { problems: [`the message is no JSON: ${cause}; put an event on the hub's bus, as events/ shows`] };
  }
  const envelope = Envelope.safeParse(raw);
  if (!envelope.success) {
    const bus = "the message is no EventBridge event; put it on the hub's bus, which writes these fields";
    return { problems: [...describeProblems(envelope.error, "", {}), bus] };
  }
  const type = envelope.data["detail-type"];
  if (!isAccepted(type)) {
    return {
      problems: [`detail-type: "${type}" is not accepted; send one of ${Object.keys(ACCEPTED_EVENTS).join(", ")}`],
    };
  }
  const cluster = clusterNamed(envelope.data.detail);
  const parsed = ACCEPTED_EVENTS[type].safeParse(envelope.data.detail);
  if (!parsed.success) return { problems: describeProblems(parsed.error, "detail", KNOWN_FIELDS[type]), ...cluster };
  const detail = parsed.data;
  const at = new Date("at" in detail && detail.at !== undefined ? detail.at : envelope.data.time).toISOString();
  const stamp = { at, id: envelope.data.id };
  if ("cluster" in detail) return { event: { type: "Resource Changed", ...stamp, detail } };
  if ("force" in detail)
    return { event: { type: "Cluster Deregistered", ...stamp, name: detail.name, force: detail.force } };
  if (type === "Cluster Deregistered" || type === "Resource Changed")
    return { problems: [`detail: does not belong to ${type}`] };
  const refused = (detail.allow?.urls ?? []).flatMap((url, index) => {
    const problem = refuseUrl(url, options);
    return problem === undefined ? [] : [`detail.allow.urls.${index}: ${problem}`];
  });
  if (refused.length > 0) return { problems: refused, ...cluster };
  return { event: { type, ...stamp, name: detail.name, detail } };
}

function clusterNamed(detail: unknown): { cluster?: string } {
  const fields = typeof detail === "object" && detail !== null ? (detail as { name?: unknown; cluster?: unknown }) : {};
  const name = fields.name ?? fields.cluster;
  return typeof name === "string" ? { cluster: name } : {};
}
