import type { z } from "zod";
import { DEFAULT_DISCOVER_INTERVAL_SECONDS, DEFAULT_MONITOR_INTERVAL_SECONDS } from "../../lib/registry/decide.ts";
import { ClusterDetail } from "../../lib/registry/events.ts";
import { describeProblems } from "../../lib/registry/problems.ts";
import { Capability, type Registration } from "../../lib/registry/registration.ts";
import type { CommandEnvironment } from "../command-environment.ts";
import { UsageError } from "../failure.ts";
import { printCluster } from "./get.ts";
import { loadCluster, waitUntilProbed } from "./wait.ts";

interface RegisterOptions {
  arn?: string;
  region?: string;
  account?: string;
  kubeconfigSecret?: string;
  roleArn?: string;
  externalId?: string;
  label?: Record<string, string>;
  capability?: string[];
  namespace?: string[];
  allowAlarm?: string[];
  allowUrl?: string[];
  monitorInterval?: string;
  discoverInterval?: string;
  installCustomResources: boolean;
  wait: boolean;
  timeout: number;
}

/** Each field of the event and the option it comes from: for messages in the words of the command line. */
const OPTION_OF_FIELD: Record<string, string> = {
  arn: "--arn",
  region: "--region",
  accountId: "--account",
  kubeconfigSecret: "--kubeconfig-secret",
  roleArn: "--role-arn",
  externalId: "--external-id",
  labels: "--label",
  capabilities: "--capability",
  namespaces: "--namespace",
  "allow.alarms": "--allow-alarm",
  "allow.urls": "--allow-url",
  monitorInterval: "--monitor-interval",
  discoverInterval: "--discover-interval",
};

/** `outrigger cluster register NAME`: checks the event as the hub will, sends it, waits for the first probe. */
export async function registerCluster(
  environment: CommandEnvironment,
  name: string,
  options: RegisterOptions,
): Promise<void> {
  const detail = buildDetail(name, options, new Date());
  const hub = await environment.hub();
  const before = options.wait ? await loadCluster(hub, name) : undefined;
  const eventId = await hub.putEvent("Cluster Registered", detail);
  if (!options.wait) return environment.output.note(`Event ${eventId} sent: register cluster ${name}.`);
  const lost = before?.registration.state === "Active" ? leftOut(before.registration, detail) : [];
  if (lost.length > 0) {
    const what = `it had ${lost.join(", ")}; what is left out falls back to its default`;
    environment.output.note(`Warning: Cluster ${name}: ${what}. To keep it, register it again with all options.`);
  }
  const sent = { name, eventId, at: detail.at ?? "" };
  const view = await waitUntilProbed(hub, sent, options.timeout);
  await printCluster(environment.output, view);
}

/** What a registration has that the event does not declare: it declares the whole registration. */
function leftOut(registration: Registration, detail: z.input<typeof ClusterDetail>): string[] {
  const { access, labels, namespaces, allow, capabilities, installCustomResources } = registration;
  const { roleArn, externalId } = access.type === "eks" ? access : {};
  const { monitorIntervalSeconds: monitor, discoverIntervalSeconds: discover } = registration;
  const had: [given: unknown, option: string, values: readonly string[]][] = [
    [detail.roleArn, "--role-arn", roleArn === undefined ? [] : [roleArn]],
    [detail.externalId, "--external-id", externalId === undefined ? [] : [externalId]],
    [detail.labels, "--label", Object.entries(labels).map(([key, value]) => `${key}=${value}`)],
    [detail.namespaces, "--namespace", namespaces],
    [detail.allow?.alarms, "--allow-alarm", allow.alarms],
    [detail.allow?.urls, "--allow-url", allow.urls],
    [detail.capabilities, "--capability", capabilities.length === Capability.options.length ? [] : capabilities],
    [detail.monitorInterval, "--monitor-interval", monitor === DEFAULT_MONITOR_INTERVAL_SECONDS ? [] : [`${monitor}s`]],
    [
      detail.discoverInterval,
      "--discover-interval",
      discover === DEFAULT_DISCOVER_INTERVAL_SECONDS ? [] : [`${discover}s`],
    ],
  ];
  const lost = had.flatMap(([given, option, values]) =>
    given === undefined && values.length > 0 ? [`${option} ${values.join(" ")}`] : [],
  );
  const installs = detail.installCustomResources !== false && !installCustomResources;
  return installs ? [...lost, "--no-install-custom-resources"] : lost;
}

/**
 * The event's detail.
 * @param now becomes `at`: of two registrations the later one wins.
 * @throws UsageError with every problem, each named by its option.
 */
export function buildDetail(name: string, options: RegisterOptions, now: Date): z.input<typeof ClusterDetail> {
  const given = {
    name,
    arn: options.arn,
    region: options.region,
    accountId: options.account,
    kubeconfigSecret: options.kubeconfigSecret,
    roleArn: options.roleArn,
    externalId: options.externalId,
    labels: options.label,
    capabilities: options.capability,
    namespaces: options.namespace,
    allow: allowOf(options),
    monitorInterval: options.monitorInterval,
    discoverInterval: options.discoverInterval,
    installCustomResources: options.installCustomResources ? undefined : false,
    at: now.toISOString(),
  };
  const detail = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const parsed = ClusterDetail.safeParse(detail);
  if (parsed.success) return detail as z.input<typeof ClusterDetail>;
  const problems = describeProblems(parsed.error, "", {}).map(inWordsOfOptions).join("; ");
  throw new UsageError(`Cluster ${name}: ${problems}. Nothing was sent; correct this and register it again.`);
}

function allowOf({ allowAlarm: alarms, allowUrl: urls }: RegisterOptions) {
  if (alarms === undefined && urls === undefined) return undefined;
  return { ...(alarms === undefined ? {} : { alarms }), ...(urls === undefined ? {} : { urls }) };
}

/** A problem begins with its field; one of the whole registration names the fields it is about in its sentence. */
function inWordsOfOptions(problem: string): string {
  const [, field, says] = /^(allow\.\w+|[A-Za-z]+)(?=[:.])(.*)$/s.exec(problem) ?? [];
  if (field === undefined || says === undefined)
    return problem.replaceAll(/\b[A-Za-z]+\b/g, (word) => OPTION_OF_FIELD[word] ?? word);
  const inSentence = says.replaceAll(/\b[a-z]+[A-Z]\w*\b/g, (word) => OPTION_OF_FIELD[word] ?? word);
  return `${OPTION_OF_FIELD[field] ?? field}${inSentence}`;
}
