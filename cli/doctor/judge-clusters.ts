import type { UnreadableCluster } from "../../lib/registry/unreadable.ts";
import { lastProbe } from "../cluster/last-probe.ts";
import type { ClusterView, ResourceView } from "../views.ts";
import { type Asked, type Finding, ok, orOk, unknown, wrong } from "./finding.ts";
import type { ClusterAccess } from "./ports.ts";

/** Resources that should have been looked at by now. */
const OVERDUE_MS = 120_000;

export function judgeHub(api: string, clusters: Asked<unknown>, resources: Asked<unknown>): Finding[] {
  const object = `Function ${api}`;
  const problem = "problem" in clusters ? clusters.problem : "problem" in resources ? resources.problem : undefined;
  if (problem !== undefined) {
    const fix = "Look into its log group; deploy the stack again if its table or role was changed";
    return [wrong("hub", object, `the hub does not answer: ${problem}`, fix)];
  }
  return [ok("hub", object, "answers from its table")];
}

export function judgeClusters(
  { clusters, unreadable }: { clusters: readonly ClusterView[]; unreadable: readonly UnreadableCluster[] },
  now: Date,
): Finding[] {
  return orOk(
    [
      ...unreadable.map(({ name, cause, nextStep }) => wrong("clusters", `Cluster ${name}`, cause, nextStep)),
      ...clusters.flatMap((cluster) => judgeCluster(cluster, now)),
    ],
    "clusters",
    "Clusters",
    clusters.length === 0 ? "none is registered" : `${clusters.length} registered, all Healthy`,
  );
}

function judgeCluster(view: ClusterView, now: Date): Finding[] {
  const { registration, health } = view;
  const { name } = registration;
  const object = `Cluster ${name}`;
  if (registration.state !== "Active") return [];
  const probe = lastProbe(view, now);
  if (probe.late) {
    const fix = "Check that dispatch and the probe function run (their checks above, their logs)";
    return [wrong("clusters", object, `probe on record: ${probe.text}`, fix)];
  }
  if (health === undefined || health.class === "Healthy") return [];
  const [first] = health.checks.filter((check) => !check.ok);
  const { cause, nextStep } = splitMessage(first?.message ?? "no check tells why");
  return [wrong("clusters", object, `${health.class}: ${cause}`, nextStep ?? `See \`outrigger cluster get ${name}\``)];
}

/** A message of ours ends with its next step, behind the last semicolon. */
function splitMessage(message: string): { cause: string; nextStep?: string } {
  const at = message.lastIndexOf("; ");
  return at === -1 ? { cause: message } : { cause: message.slice(0, at), nextStep: message.slice(at + 2) };
}

/** What the hub itself says of its resources: a cluster that refuses something, a CRD that is gone, work nobody did. */
export function judgeResources(resources: readonly ResourceView[], now: Date): Finding[] {
  const troubled = resources.flatMap(({ key, status }) =>
    (status?.conditions ?? [])
      .filter((condition) => condition.status === "False" && isTrouble(condition))
      .map(({ type, reason, message }) => {
        const object = `${key.kind} ${key.namespace === "" ? "" : `${key.namespace}/`}${key.name} of cluster ${key.cluster}`;
        return wrong("resources", object, `${type}=False ${reason}: ${message}`, fixOf(reason, key.cluster));
      }),
  );
  const overdue = resources.filter(({ dueAt }) => dueAt < now.getTime() - OVERDUE_MS);
  if (overdue.length > 0) {
    const [first] = overdue;
    troubled.push(
      wrong(
        "resources",
        `${overdue.length} resources`,
        `due more than ${OVERDUE_MS / 60_000} minutes ago and not worked on, e.g. ${first?.key.kind} ${first?.key.name} of cluster ${first?.key.cluster}`,
        "Check dispatch, the queues and the functions of the lanes (their checks above, their logs)",
      ),
    );
  }
  return orOk(troubled, "resources", "Resources", `${resources.length} known, none held up by its cluster`);
}

const FIXES: Record<string, (cluster: string) => string> = {
  Forbidden: () => "Apply the shipped roles again: kubectl apply -f config/rbac/",
  Unauthorized: () =>
    "Give the hub's role an access entry in the group outrigger, or renew the kubeconfig's credentials",
  AuthFailed: () => "Give the hub's role an access entry in the group outrigger, or renew the kubeconfig's credentials",
  CustomResourceMissing: () => "Install it: kubectl apply -f config/crd/",
  InstallFailed: () =>
    "Apply the definitions by hand: kubectl apply -f config/crd/; or the role: config/rbac/install.yaml",
  GuardUnsupported: () => "Upgrade the cluster to Kubernetes 1.30 or newer, or take the label off its StatefulSets",
  GuardElsewhere: () => "Keep one registration for all namespaces of the cluster, or have the other one deregistered",
  Unreachable: (cluster) => `Check the cluster's endpoint and network: outrigger cluster get ${cluster}`,
  ServerError: (cluster) => `Look at the API server's logs: outrigger cluster get ${cluster}`,
  ApiServerError: (cluster) => `Look at the API server's logs: outrigger cluster get ${cluster}`,
};

const isTrouble = ({ reason }: { reason: string }): boolean => Object.hasOwn(FIXES, reason);
const fixOf = (reason: string, cluster: string): string => FIXES[reason]?.(cluster) ?? "See its message";

/** What an administrator of the cluster sees that the hub would only find out when it needs it. */
export function judgeAccess(name: string, asked: Asked<ClusterAccess | undefined>): Finding[] {
  const object = `Cluster ${name}`;
  if ("problem" in asked) {
    return [unknown("permissions", object, `not asked: ${asked.problem}`)];
  }
  if (asked.value === undefined) {
    return [unknown("permissions", object, `not asked: give a kubeconfig with --kubeconfig ${name}=PATH`)];
  }
  return [
    ...judgeRules(object, asked.value.missingRules),
    ...judgeCustomResources(object, asked.value.missingCustomResources),
  ];
}

function judgeRules(object: string, asked: ClusterAccess["missingRules"]): Finding[] {
  if ("problem" in asked) return [unknown("permissions", object, `not known: ${asked.problem}`)];
  const roles = Object.entries(asked.value);
  const lacking = roles
    .filter(([, missing]) => missing.length > 0)
    .map(([role, missing]) =>
      wrong(
        "permissions",
        object,
        `the group outrigger lacks, for ${role}: ${missing.join("; ")}`,
        `Apply the role and its binding again: kubectl apply -f config/rbac/${role}.yaml`,
      ),
    );
  const all = roles.map(([role]) => role).join(", ");
  return orOk(lacking, "permissions", object, `the group outrigger may do all of ${all}`);
}

function judgeCustomResources(object: string, asked: ClusterAccess["missingCustomResources"]): Finding[] {
  if ("problem" in asked) return [unknown("custom resources", object, `not known: ${asked.problem}`)];
  const missing = Object.entries(asked.value).map(([crd, why]) =>
    wrong("custom resources", object, `${crd}: ${why}`, `Install it: kubectl apply -f config/crd/${crd}.yaml`),
  );
  return orOk(missing, "custom resources", object, "installed and served");
}
