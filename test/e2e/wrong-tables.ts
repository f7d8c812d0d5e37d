import { createCertificateAuthority } from "../../local/control-plane/certificates.ts";
import type { ControlPlane } from "../../local/control-plane/start.ts";
import { signToken } from "../local/sign-token.ts";

/** What a message must name. */
export interface Named {
  object: string | RegExp;
  cause: string | RegExp;
  nextStep: string | RegExp;
}

/**
 * A wrong spec and its condition. Our definition knows types only and leaves the rest to the condition, which can say more
 * than the API server would; `door` is what the API server says where it refuses all the same.
 */
export interface WrongSpec {
  what: string;
  /** Fields of `spec`; undefined takes one away. */
  spec: Record<string, unknown>;
  door?: readonly (string | RegExp)[];
  condition: Named;
}

const maxUnavailable = (value: unknown): WrongSpec => ({
  what: `maxUnavailable ${JSON.stringify(value)}`,
  spec: { rollingUpdate: { maxUnavailable: value } },
  condition: {
    object: "spec.rollingUpdate.maxUnavailable",
    cause: `${JSON.stringify(value)} is neither a whole number from 1 nor a percentage`,
    nextStep: "write a number such as 1, or a percentage such as 25% in quotes",
  },
});

export const WRONG_SPECS: readonly WrongSpec[] = [
  {
    what: "a missing selector",
    spec: { statefulSetSelector: undefined },
    condition: { object: "spec.statefulSetSelector", cause: "it is missing", nextStep: "add matchLabels" },
  },
  maxUnavailable(0),
  maxUnavailable(-1),
  maxUnavailable("x%"),
  {
    what: "an unknown field",
    spec: { maxUnavailable: 2 },
    condition: {
      object: "spec.maxUnavailable",
      cause: "there is no such field",
      nextStep: "did you mean spec.rollingUpdate.maxUnavailable?",
    },
  },
  {
    what: "a value of another type",
    spec: { azOrder: "us-east-1a" },
    door: ["MultiAZRollout", "a-value-of-another-type", "spec.azOrder", "must be of type array"],
    condition: { object: "spec.azOrder", cause: '"us-east-1a" is wrong', nextStep: "correct the value" },
  },
  {
    what: "another namespace",
    spec: { namespace: "elsewhere" },
    condition: {
      object: "spec.namespace",
      cause: "it names namespace elsewhere, but the resource is in wrong",
      nextStep: "remove the field, or create the resource in namespace elsewhere",
    },
  },
];

/** A wrong event: what the rejection names. */
export interface WrongEvent {
  what: string;
  detailType: string;
  detail: Record<string, unknown>;
  /** The cluster the rejection is about; absent when the event names none. */
  cluster?: string;
  named: Named;
}

const arn = (name: string): string => `arn:aws:eks:us-east-1:000000000000:cluster/${name}`;

export const WRONG_EVENTS: readonly WrongEvent[] = [
  {
    what: "without a name",
    detailType: "Cluster Registered",
    detail: { arn: arn("nameless") },
    named: { object: "detail.name", cause: "is missing", nextStep: "give the cluster a name" },
  },
  {
    what: "with two kinds of access",
    detailType: "Cluster Registered",
    detail: { name: "two-kinds", arn: arn("two-kinds"), kubeconfigSecret: "outrigger/two-kinds" },
    cluster: "two-kinds",
    named: { object: "detail", cause: "names 2 kinds of access (arn, kubeconfigSecret)", nextStep: "keep exactly one" },
  },
  {
    what: "that updates an unknown cluster",
    detailType: "Cluster Updated",
    detail: { name: "never-heard-of", arn: arn("never-heard-of") },
    cluster: "never-heard-of",
    named: {
      object: "cluster never-heard-of",
      cause: "is not registered",
      nextStep: "check the name (`outrigger cluster list`)",
    },
  },
  {
    what: "that deregisters an unknown cluster",
    detailType: "Cluster Deregistered",
    detail: { name: "never-heard-of-either" },
    cluster: "never-heard-of-either",
    named: { object: "cluster never-heard-of-either", cause: "is not registered", nextStep: "check the name" },
  },
  {
    what: "about a resource of an unknown cluster",
    detailType: "Resource Changed",
    detail: { cluster: "not-this-one", kind: "MultiAZRollout", namespace: "default", name: "ingester" },
    cluster: "not-this-one",
    named: { object: "cluster not-this-one", cause: "is not registered", nextStep: "register it first" },
  },
  {
    what: "that registers a cluster EKS does not know",
    detailType: "Cluster Registered",
    detail: { name: "no-such-cluster", arn: arn("no-such-cluster") },
    cluster: "no-such-cluster",
    named: {
      object: arn("no-such-cluster"),
      cause: /does not (exist|know)|no EKS cluster|there is no/,
      nextStep: /check|register/,
    },
  },
];

/** Access that does not work: refused when it is registered, or seen by the probe. */
export interface WrongAccess {
  name: string;
  kubeconfig: (east: ControlPlane) => Promise<unknown>;
  shows: "rejection" | "health";
  named: Named & { class?: string };
}

/** A kubeconfig of one cluster and one user, everything inline. */
export function kubeconfig(cluster: Record<string, unknown>, user: Record<string, unknown>): unknown {
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "east", cluster }],
    users: [{ name: "hub", user }],
    contexts: [{ name: "east", context: { cluster: "east", user: "hub" } }],
    "current-context": "east",
  };
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");
export const trusting = ({ server, caPem }: Pick<ControlPlane, "server" | "caPem">): Record<string, unknown> => ({
  server,
  "certificate-authority-data": base64(caPem),
});

const TWENTY_MINUTES_MS = 20 * 60_000;

export const WRONG_ACCESS: readonly WrongAccess[] = [
  {
    name: "exec-user",
    kubeconfig: async (east) =>
      kubeconfig(trusting(east), { exec: { apiVersion: "client.authentication.k8s.io/v1", command: "aws" } }),
    shows: "rejection",
    named: {
      object: 'kubeconfig in secret outrigger/exec-user: user "hub"',
      cause: "runs a command for its credentials (exec), and nothing can be run here",
      nextStep: "use a service account's token or a client certificate",
    },
  },
  {
    name: "unreachable",
    kubeconfig: async ({ caPem }) => kubeconfig(trusting({ server: "https://127.0.0.1:1", caPem }), { token: "any" }),
    shows: "health",
    named: {
      class: "Unreachable",
      object: "cluster unreachable",
      cause: "127.0.0.1:1 cannot be reached (ECONNREFUSED)",
      nextStep: "check the endpoint's address",
    },
  },
  {
    name: "wrong-authority",
    kubeconfig: async ({ server }) =>
      kubeconfig(trusting({ server, caPem: createCertificateAuthority("somebody-else").certPem }), { token: "any" }),
    shows: "health",
    named: {
      class: "Unreachable",
      object: "cluster wrong-authority",
      cause: "was not issued by the certificate authority registered for it",
      nextStep: "register the cluster again with its present certificate authority",
    },
  },
  {
    name: "expired-token",
    kubeconfig: async (east) => kubeconfig(trusting(east), { token: await expiredToken(east.name) }),
    shows: "health",
    named: {
      class: "AuthFailed",
      object: "cluster expired-token",
      cause: "does not accept the credentials, also after they were renewed",
      nextStep: "give the hub's role an access entry in group outrigger, or replace the kubeconfig's",
    },
  },
];

/** An EKS token as it was signed 20 minutes ago. */
function expiredToken(clusterName: string): Promise<string> {
  const signedAt = new Date(Date.now() - TWENTY_MINUTES_MS);
  return signToken({ accessKeyId: "000000000000", secretAccessKey: "test", clusterName, signedAt });
}

/** A message no lane can read; `reason` goes with it into the lane's dead-letter queue, the next step after it. */
export interface MalformedMessage {
  queue: "Probe" | "Reconcile" | "Rollout" | "Registration";
  what: string;
  body: string;
  reason: readonly (string | RegExp)[];
}

const keyed = (kind: string, more: Record<string, unknown> = {}): string =>
  JSON.stringify({
    version: 1,
    key: { cluster: "east", home: "cluster", kind, namespace: "healthy", name: "x" },
    ticket: 1,
    dueAt: 0,
    ...more,
  });
const noJson = (queue: MalformedMessage["queue"]): MalformedMessage => ({
  queue,
  what: "no JSON",
  body: `{"queue": "${queue}", `,
  reason: [/body: not JSON|the message is no JSON/],
});

export const MALFORMED_MESSAGES: readonly MalformedMessage[] = [
  noJson("Probe"),
  {
    queue: "Probe",
    what: "no clusters",
    body: JSON.stringify({ version: 1, clusters: [], dueAt: 0 }),
    reason: ["clusters: "],
  },
  noJson("Reconcile"),
  {
    queue: "Reconcile",
    what: "the work of another lane",
    body: keyed("MultiAZRollout"),
    reason: ["key.kind: MultiAZRollout belongs to lane rollout"],
  },
  noJson("Rollout"),
  {
    queue: "Rollout",
    what: "two problems at once",
    body: keyed("MultiAZRollout", { ticket: 0, surprise: 1 }),
    reason: ["ticket: ", "surprise"],
  },
  {
    queue: "Rollout",
    what: "a kind nobody knows",
    body: keyed("Kangaroo"),
    reason: ["key.kind: Kangaroo is no kind of work"],
  },
  noJson("Registration"),
  { queue: "Registration", what: "no event", body: JSON.stringify({ hello: "there" }), reason: ["detail-type: "] },
];
