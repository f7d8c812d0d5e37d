import type { ConnectionFailure } from "../kubernetes/errors.ts";
import type { Node } from "../kubernetes/objects.ts";
import type { Answer, HealthObservation } from "./observation.ts";
import type { HealthCheck, HealthClass, NodeCount } from "./row.ts";

/** A node that is not Ready for less than this is restarting, not sick. */
export const NODE_GRACE_MS = 40_000;
const ZONE_LABEL = "topology.kubernetes.io/zone";
/** Where nodes without the label are counted. */
const NO_ZONE = "unknown";
/** Names in one message; the rest is counted. */
const NAMES_SHOWN = 5;

export interface Assessment {
  class: HealthClass;
  /** What was looked at, what failed first. */
  checks: HealthCheck[];
  nodes?: { ready: number; total: number; byZone: Record<string, NodeCount> };
  latencyMs?: number;
  observedAt: string;
}

const CONNECTION_STEPS: Record<Exclude<ConnectionFailure, "credentials">, { reason: string; nextStep: string }> = {
  dns: {
    reason: "NameNotResolved",
    nextStep: "check that the cluster still exists and that the hub's VPC resolves its endpoint",
  },
  tcp: {
    reason: "ConnectionRefused",
    nextStep: "check the endpoint's address, its public access list, and the hub's VPC and security groups",
  },
  tls: {
    reason: "CertificateRefused",
    nextStep: "register the cluster again with its present certificate authority if it was replaced",
  },
  timeout: {
    reason: "TimedOut",
    nextStep: "check the endpoint's public access list, and the hub's VPC and security groups",
  },
  reset: {
    reason: "ConnectionReset",
    nextStep: "check what stands between the hub and the endpoint; a restarting API server passes by itself",
  },
};

/**
 * What an observation means for a cluster. The classes are never mixed up: a cluster that does not answer, or does not let
 * us in, says nothing about its nodes. Pure.
 */
export function assessHealth(observation: HealthObservation, cluster: string): Assessment {
  const { readyz, nodes, latencyMs, observedAt } = observation;
  const base = { observedAt, ...(latencyMs === undefined ? {} : { latencyMs }) };
  const first = assessReadyz(readyz, cluster);
  if (nodes === undefined) return { ...base, ...first };
  const second = assessNodes(nodes, cluster, observedAt);
  const checks = [...first.checks, ...second.checks].sort((a, b) => Number(a.ok) - Number(b.ok));
  return {
    ...base,
    class: worse(first.class, second.class),
    checks,
    ...(second.nodes === undefined ? {} : { nodes: second.nodes }),
  };
}

/** The class that decides when two checks disagree: being let in comes before what is seen inside. */
const ORDER: readonly HealthClass[] = ["Healthy", "Degraded", "Unhealthy", "AuthFailed", "Unreachable"];
const worse = (a: HealthClass, b: HealthClass): HealthClass => (ORDER.indexOf(a) >= ORDER.indexOf(b) ? a : b);

interface Part {
  class: HealthClass;
  checks: HealthCheck[];
}

const failed = (name: string, reason: string, message: string): HealthCheck => ({ name, ok: false, reason, message });

function assessReadyz(answer: HealthObservation["readyz"], cluster: string): Part {
  if (answer.type === "noAccess") return noAccess(answer, cluster);
  if (answer.type === "unanswered") return unanswered(answer, cluster);
  if (answer.type === "refused") return refused(answer, "get", "/readyz", cluster);
  const { status, body, path } = answer.value;
  if (status >= 200 && status < 300)
    return {
      class: "Healthy",
      checks: [{ name: "readyz", ok: true, reason: "Ready", message: `${path} answered ${status}` }],
    };
  if (status === 401 || status === 403 || status === 429)
    return refused({ status, message: firstLine(body) }, "get", path, cluster);
  const names = failedChecks(body);
  if (names.length === 0) {
    const message = `the API server of cluster ${cluster} answered ${path} with ${status}: ${firstLine(body)}; look at its logs, or wait if it is starting`;
    return { class: "Unhealthy", checks: [failed("readyz", "NotReady", message)] };
  }
  const checks = names.map((name) =>
    failed(
      `readyz/${name}`,
      "NotReady",
      `the API server of cluster ${cluster} says ${name} is not ready; look at its logs for ${name}`,
    ),
  );
  return { class: "Unhealthy", checks };
}

/** Lines such as `[-]etcd failed: reason withheld`. */
function failedChecks(body: string): string[] {
  return body.split("\n").flatMap((line) => /^\[-\](\S+) failed/.exec(line)?.slice(1, 2) ?? []);
}

const firstLine = (body: string): string => body.split("\n", 1)[0]?.slice(0, 200) ?? "";

/** Reasons that mean there is no such cluster to reach; all others mean that we are not let in. */
const NO_CLUSTER: readonly string[] = ["ClusterUnknown", "ClusterNotActive", "IdentityChanged", "EndpointRefused"];

function noAccess({ reason, message }: { reason: string; message: string }, cluster: string): Part {
  const text = `cluster ${cluster}: ${message}`;
  if (NO_CLUSTER.includes(reason)) return { class: "Unreachable", checks: [failed("connection", reason, text)] };
  return { class: "AuthFailed", checks: [failed("credentials", reason, text)] };
}

function unanswered({ failure, message }: { failure: ConnectionFailure; message: string }, cluster: string): Part {
  if (failure === "credentials") {
    const text = `no credentials for cluster ${cluster}: ${message}; check its roleArn, access entry or kubeconfig secret`;
    return { class: "AuthFailed", checks: [failed("credentials", "CredentialsMissing", text)] };
  }
  const { reason, nextStep } = CONNECTION_STEPS[failure];
  return {
    class: "Unreachable",
    checks: [failed("connection", reason, `cluster ${cluster} did not answer (${failure}): ${message}; ${nextStep}`)],
  };
}

function refused(
  { status, message }: { status: number; message: string },
  verb: string,
  what: string,
  cluster: string,
): Part {
  if (status === 401) {
    const text = `cluster ${cluster} does not accept the credentials, also after they were renewed; give the hub's role an access entry in group outrigger, or replace the kubeconfig's`;
    return { class: "AuthFailed", checks: [failed("credentials", "Unauthorized", text)] };
  }
  if (status === 403) {
    const rule = what.startsWith("/")
      ? `nonResourceURLs ["${what}"], verbs ["${verb}"]`
      : `resources ["${what}"], verbs ["${verb}"]`;
    const text = `cluster ${cluster} forbids ${verb} ${what}; the rule ${rule} is missing: bind ClusterRole outrigger:observe to the group outrigger`;
    return { class: "AuthFailed", checks: [failed(`permission/${what}`, "Forbidden", text)] };
  }
  const check = what.startsWith("/") ? "readyz" : what;
  if (status === 429) {
    return {
      class: "Degraded",
      checks: [
        failed(
          check,
          "Throttled",
          `the API server of cluster ${cluster} is too busy to answer ${verb} ${what}; check its priority and fairness settings`,
        ),
      ],
    };
  }
  const text = `cluster ${cluster} answered ${verb} ${what} with ${status}: ${message}; look at the API server's logs`;
  return { class: what.startsWith("/") ? "Unhealthy" : "Degraded", checks: [failed(check, "ServerError", text)] };
}

function assessNodes(answer: Answer<Node[]>, cluster: string, observedAt: string): Part & Pick<Assessment, "nodes"> {
  if (answer.type === "refused") return refused(answer, "list", "nodes", cluster);
  if (answer.type === "noAccess") return noAccess(answer, cluster);
  if (answer.type === "unanswered") {
    // The API server did answer a moment ago, so it is reachable.
    return answer.failure === "credentials"
      ? unanswered(answer, cluster)
      : {
          class: "Degraded",
          checks: [
            failed(
              "nodes",
              "NotListed",
              `the nodes of cluster ${cluster} could not be listed (${answer.failure}): ${answer.message}; seen again with the next probe`,
            ),
          ],
        };
  }
  const nodes = { ready: 0, total: 0, byZone: {} as Record<string, NodeCount> };
  const sick: string[] = [];
  const sorted = [...answer.value].sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
  for (const node of sorted) {
    const zone = node.metadata.labels?.[ZONE_LABEL] ?? NO_ZONE;
    const count = (nodes.byZone[zone] ??= { ready: 0, total: 0 });
    const ready = node.status?.conditions?.find(({ type }) => type === "Ready");
    const isReady = ready?.status === "True";
    nodes.total += 1;
    count.total += 1;
    if (isReady) {
      nodes.ready += 1;
      count.ready += 1;
      continue;
    }
    const since = ready?.lastTransitionTime ?? node.metadata.creationTimestamp;
    if (since === undefined || Date.parse(observedAt) - Date.parse(since) >= NODE_GRACE_MS)
      sick.push(`${node.metadata.name}${zone === NO_ZONE ? "" : ` (${zone})`}`);
  }
  if (sick.length === 0) {
    return {
      class: "Healthy",
      checks: [
        { name: "nodes", ok: true, reason: "Ready", message: `${nodes.ready} of ${nodes.total} nodes are Ready` },
      ],
      nodes,
    };
  }
  const named =
    sick.slice(0, NAMES_SHOWN).join(", ") + (sick.length > NAMES_SHOWN ? ` and ${sick.length - NAMES_SHOWN} more` : "");
  const message = `${sick.length} of ${nodes.total} nodes of cluster ${cluster} are not Ready for over ${NODE_GRACE_MS / 1000} s: ${named}; see \`kubectl describe node\``;
  return { class: "Degraded", checks: [failed("nodes", "NodesNotReady", message)], nodes };
}
