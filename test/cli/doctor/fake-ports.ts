import type { ClusterAccess, DoctorPorts, FunctionFacts, QueueFacts } from "../../../cli/doctor/ports.ts";
import { FUNCTIONS, OUTPUTS, QUEUES } from "../../../cli/doctor/ports.ts";
import type { ClusterView, ResourceView } from "../../../cli/views.ts";
import type { UnreadableCluster } from "../../../lib/registry/unreadable.ts";

export const NOW = new Date("2026-03-01T12:00:00.000Z");
export const before = (seconds: number): string => new Date(NOW.getTime() - seconds * 1000).toISOString();

/** What a hub without any fault looks like; tests change parts of it. */
export interface FakeFacts {
  identity: { arn: string; account: string; region: string };
  stack: { status: string; changedAt: string; outputs: Record<string, string> };
  functions: Record<string, FunctionFacts>;
  triggers: Record<string, { id: string; state: string; queueArn: string }[]>;
  rules: { name: string; state: string; targets: string[] }[];
  queues: Record<string, QueueFacts>;
  letters: Record<string, { reason: string | undefined }[]>;
  heartbeats: number;
  clusters: ClusterView[];
  unreadable: UnreadableCluster[];
  resources: ResourceView[];
  access: Record<string, ClusterAccess>;
  /** Questions that fail, by name, with what they throw. */
  failing: Partial<Record<keyof DoctorPorts, Error>>;
}

export function healthyFacts(): FakeFacts {
  const outputs = Object.fromEntries(
    OUTPUTS.map((name) => [name, name.endsWith("Url") ? `https://sqs/000000000000/${name}` : `Outrigger-${name}`]),
  );
  const fed = (queue: string): string => `Outrigger-${queue === "Registration" ? "Register" : queue}Function`;
  return {
    identity: { arn: "arn:aws:iam::123456789012:user/ops", account: "123456789012", region: "eu-west-1" },
    stack: { status: "UPDATE_COMPLETE", changedAt: before(86_400), outputs },
    functions: Object.fromEntries(
      FUNCTIONS.map((role) => [
        `Outrigger-${role}Function`,
        { state: "Active", stateReason: undefined, reservedConcurrency: undefined },
      ]),
    ),
    triggers: Object.fromEntries(
      QUEUES.map((queue) => [
        fed(queue),
        [{ id: `uuid-${queue}`, state: "Enabled", queueArn: `arn:aws:sqs:eu-west-1:1:${queue}QueueUrl` }],
      ]),
    ),
    rules: [{ name: "to-hub", state: "ENABLED", targets: ["arn:aws:sqs:eu-west-1:1:RegistrationQueueUrl"] }],
    queues: {},
    letters: {},
    heartbeats: 5,
    clusters: [cluster("prod-eu")],
    unreadable: [],
    resources: [discovery("prod-eu")],
    access: {
      "prod-eu": { missingRules: { value: { observe: [], rollouts: [] } }, missingCustomResources: { value: {} } },
    },
    failing: {},
  };
}

export function cluster(name: string): ClusterView {
  return {
    registration: {
      name,
      identity: "arn@1",
      state: "Active",
      access: { type: "kubeconfig", secret: `outrigger/${name}` },
      labels: {},
      capabilities: ["observe", "rollouts"],
      namespaces: [],
      allow: { secrets: [], roles: [], urls: [], alarms: [] },
      monitorIntervalSeconds: 30,
      discoverIntervalSeconds: 30,
      installCustomResources: true,
      at: before(3600),
      eventId: "event-0",
      registeredAt: before(3600),
    },
    health: {
      cluster: name,
      identity: "arn@1",
      class: "Healthy",
      since: before(3600),
      observedAt: before(60),
      checks: [{ name: "readyz", ok: true, reason: "Ready", message: "/readyz answered 200" }],
      expiresAt: 1,
    },
  };
}

export function discovery(name: string): ResourceView {
  return {
    key: { cluster: name, home: "cluster", kind: "Discovery", namespace: "", name },
    dueAt: NOW.getTime() + 10_000,
    updatedAt: before(20),
    status: {
      phase: "Discovered",
      conditions: [{ type: "Ready", status: "True", reason: "Discovered", message: "1 resources found" }],
    },
  };
}

export function fakePorts(facts: FakeFacts): DoctorPorts {
  const answer = async <T>(question: keyof DoctorPorts, value: T | undefined): Promise<T> => {
    const failure = facts.failing[question];
    if (failure !== undefined) throw failure;
    if (value === undefined) throw new Error(`${question}: nothing is prepared`);
    return value;
  };
  const roleOf = (url: string): string => url.split("/").at(-1) ?? "";
  return {
    stackName: "Outrigger",
    identify: () => answer("identify", facts.identity),
    readStack: () => answer("readStack", facts.stack),
    readFunction: (name) => answer("readFunction", facts.functions[name]),
    readTriggers: (name) => answer("readTriggers", facts.triggers[name]),
    readRules: () => answer("readRules", facts.rules),
    readQueue: (url) => answer("readQueue", facts.queues[roleOf(url)] ?? { visible: 0, inFlight: 0 }),
    peek: (url) => answer("peek", facts.letters[roleOf(url)] ?? []),
    countHeartbeats: () => answer("countHeartbeats", facts.heartbeats),
    listClusters: () => answer("listClusters", { clusters: facts.clusters, unreadable: facts.unreadable }),
    listResources: () => answer("listResources", facts.resources),
    async readAccess({ registration }) {
      if (facts.failing.readAccess !== undefined) throw facts.failing.readAccess;
      return facts.access[registration.name];
    },
  };
}
