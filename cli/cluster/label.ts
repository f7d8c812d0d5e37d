import type { z } from "zod";
import type { ClusterDetail } from "../../lib/registry/events.ts";
import { formatGoDuration } from "../../lib/registry/go-duration.ts";
import { ClusterLabels } from "../../lib/registry/names.ts";
import { describeProblems } from "../../lib/registry/problems.ts";
import type { Registration } from "../../lib/registry/registration.ts";
import { askApi } from "../api.ts";
import type { CommandEnvironment } from "../command-environment.ts";
import { CommandFailure, UsageError } from "../failure.ts";
import { checkName } from "../names.ts";
import { printObject } from "../output.ts";
import { ClusterView } from "../views.ts";
import { waitUntilWritten } from "./wait.ts";

/** Changes of labels: a value to set, or undefined to take the label away. */
type Changes = Record<string, string | undefined>;

/** `outrigger cluster label NAME key=value key-`: registers the cluster again with other labels. */
export async function labelCluster(
  environment: CommandEnvironment,
  name: string,
  words: readonly string[],
  options: { overwrite: boolean; wait: boolean; timeout: number },
): Promise<void> {
  checkName("Cluster", name);
  const changes = parseLabelChanges(words);
  const hub = await environment.hub();
  const { registration } = ClusterView.parse(await askApi(hub, { action: "cluster.get", name }));
  if (registration.state !== "Active") {
    const nextStep = "Register it again first";
    throw new CommandFailure({ object: `Cluster ${name}`, cause: `it is ${registration.state}`, nextStep });
  }
  const labels = changeLabels(registration.labels, changes, { name, overwrite: options.overwrite });
  const { output } = environment;
  if (JSON.stringify(labels) === JSON.stringify(registration.labels))
    return output.note(`Cluster ${name} has these labels already.`);
  const at = new Date().toISOString();
  const eventId = await hub.putEvent("Cluster Updated", detailOf({ ...registration, labels }, at));
  if (!options.wait) return output.note(`Event ${eventId} sent: label cluster ${name}.`);
  const view = await waitUntilWritten(hub, { name, eventId, at }, options.timeout);
  const text = Object.entries(view.registration.labels).map(([key, value]) => `${key}=${value}`);
  await printObject(output, view, { Name: name, Labels: text.join(", ") || "none" });
}

/** @throws UsageError naming what is neither `key=value` nor `key-`. */
export function parseLabelChanges(words: readonly string[]): Changes {
  const changes: Changes = {};
  for (const word of words) {
    const split = word.indexOf("=");
    const key = split > 0 ? word.slice(0, split) : word.replace(/-$/, "");
    if (split < 1 && !/^[^=]+-$/.test(word))
      throw new UsageError(`Label ${word}: write key=value to set it, or key- to take it away.`);
    if (key in changes) throw new UsageError(`Label ${key}: it is named twice. Name it once.`);
    changes[key] = split > 0 ? word.slice(split + 1) : undefined;
  }
  const set = Object.entries(changes).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const parsed = ClusterLabels.safeParse(Object.fromEntries(set));
  if (!parsed.success) throw new UsageError(`Label ${describeProblems(parsed.error, "", {}).join("; ")}. Correct it.`);
  return changes;
}

function changeLabels(
  before: Record<string, string>,
  changes: Changes,
  { name, overwrite }: { name: string; overwrite: boolean },
): Record<string, string> {
  const labels = new Map(Object.entries(before));
  for (const [key, value] of Object.entries(changes)) {
    const found = before[key];
    if (value !== undefined && found !== undefined && found !== value && !overwrite) {
      const cause = `label ${key} is ${found} already`;
      throw new CommandFailure({ object: `Cluster ${name}`, cause, nextStep: "Change it with --overwrite" });
    }
    if (value === undefined) labels.delete(key);
    else labels.set(key, value);
  }
  return Object.fromEntries(labels);
}

/** The event that declares a registration as it is: a field left out would fall back to its default. */
export function detailOf(registration: Registration, at: string): z.input<typeof ClusterDetail> {
  const { name, access, labels, capabilities, namespaces, allow, installCustomResources } = registration;
  const reached =
    access.type === "kubeconfig"
      ? { kubeconfigSecret: access.secret }
      : {
          arn: access.arn,
          ...(access.roleArn === undefined ? {} : { roleArn: access.roleArn }),
          ...(access.externalId === undefined ? {} : { externalId: access.externalId }),
        };
  return {
    name,
    ...reached,
    labels,
    capabilities,
    namespaces,
    allow,
    installCustomResources,
    monitorInterval: formatGoDuration(registration.monitorIntervalSeconds),
    discoverInterval: formatGoDuration(registration.discoverIntervalSeconds),
    at,
  };
}
