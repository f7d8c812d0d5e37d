import type { GuardLook } from "../../../lib/guards/keep.ts";
import type {
  KubernetesClient,
  ListOptions,
  ListResult,
  RawResponse,
  ResourceType,
} from "../../../lib/kubernetes/client.ts";
import type { Node, ObjectMeta } from "../../../lib/kubernetes/objects.ts";
import type { DiscoveryPorts, RegisterPorts } from "../../../lib/registry/ports.ts";
import type { ProbePosting, WorkPosting } from "../../../lib/work/ports.ts";
import type { BusEvent } from "../../../lib/work/reconciler.ts";
import { createFakeClock } from "../../fakes/clock.ts";
import { createFakeHubStore } from "../../fakes/hub-store.ts";
import { fakeRegistryStore } from "../../fakes/registry-store.ts";
import { createFakeWorkStore } from "../../fakes/work-store.ts";
import { at, T0 } from "./build.ts";

export const HUB_ID = "Outrigger.us-east-1.000000000000";

/** A cluster as far as registering, discovery and probes look at it. Answers may be replaced by errors to throw. */
export interface FakeCluster {
  requests: string[];
  readyz: () => RawResponse;
  nodes: () => Node[];
  rollouts: () => ObjectMeta[];
  client: KubernetesClient;
}

export function fakeCluster(): FakeCluster {
  const cluster: FakeCluster = {
    requests: [],
    readyz: () => ({ status: 200, headers: {}, body: "ok", observedAt: at(0) }),
    nodes: () => [],
    rollouts: () => [],
    client: undefined as unknown as KubernetesClient,
  };
  const list = async (type: ResourceType, options: ListOptions = {}): Promise<ListResult<unknown>> => {
    cluster.requests.push(
      `LIST ${type.plural}${options.namespace === undefined ? "" : ` in ${options.namespace}`}${options.as === "metadata" ? " as metadata" : ""}`,
    );
    const items =
      type.kind === "Node"
        ? cluster.nodes()
        : cluster
            .rollouts()
            .filter(({ namespace }) => options.namespace === undefined || namespace === options.namespace)
            .map((metadata) => ({ metadata }));
    return { items, resourceVersion: "1", observedAt: at(0) };
  };
  const raw = async (method: string, path: string): Promise<RawResponse> => {
    cluster.requests.push(`${method} ${path}`);
    return path === "/version" ? { status: 200, headers: {}, body: '{"gitVersion":"v1.35.4"}' } : cluster.readyz();
  };
  cluster.client = { list, raw } as unknown as KubernetesClient;
  return cluster;
}

/** A hub with all its parts in memory. */
export function fakeHub() {
  const clock = createFakeClock(new Date(T0 + 3_600_000).toISOString());
  const registry = fakeRegistryStore();
  const work = createFakeWorkStore(clock);
  const hub = createFakeHubStore({ work, registration: (name) => registry.load(name) });
  const cluster = fakeCluster();
  const sent: WorkPosting[] = [];
  const probes: ProbePosting[] = [];
  const events: BusEvent[] = [];
  const letters: { body: string; reason: string }[] = [];
  const postponed: { receiptHandle: string; afterSeconds: number }[] = [];
  const counted: Record<string, number[]> = {};
  const released: unknown[] = [];
  /** What was taken back before claims were released, and the claims: in order. */
  const givenBack: unknown[] = [];
  const installed: string[] = [];
  const guards: GuardLook[] = [];
  const left: unknown[] = [];
  const ports: RegisterPorts & Pick<DiscoveryPorts, "keepGuard" | "work"> = {
    registry,
    work,
    hub,
    clock,
    queue: { send: async (postings) => (sent.push(...postings), []) },
    probes: { send: async (postings) => (probes.push(...postings), []) },
    bus: { put: async (some) => void events.push(...some) },
    redelivery: {
      postpone: async (receiptHandle, afterSeconds) => void postponed.push({ receiptHandle, afterSeconds }),
    },
    deadLetters: { put: async ({ body, reason }) => void letters.push({ body, reason }) },
    metrics: { add: (name, value) => void (counted[name] ??= []).push(value), flush: () => undefined },
    log: () => undefined,
    hubId: HUB_ID,
    local: false,
    defaultNamespaces: [],
    connect: async () => cluster.client,
    resolveIdentity: async (access) => ({ identity: access.type === "eks" ? `${access.arn}@1` : "ca:1" }),
    installCustomResources: async (_client, { name }) => void installed.push(name),
    keepGuard: async (_client, _scope, look) => (guards.push(look), {}),
    leaveGuard: async (_client, owner, memory) => void left.push({ ...owner, memory }),
    takeBack: async ({ key, hubId, state }) => (givenBack.push({ key, hubId, state }), []),
    releaseClaims: async (_client, hubId, options) => {
      released.push({ hubId, ...options });
      givenBack.push("claims");
    },
  };
  return {
    ports,
    clock,
    registry,
    work,
    hub,
    cluster,
    sent,
    probes,
    events,
    letters,
    postponed,
    counted,
    released,
    givenBack,
    installed,
    guards,
    left,
  };
}
