import type { GuardFacts, GuardLook } from "../guards/keep.ts";
import type { GuardScope } from "../guards/no-downscale.ts";
import type { GuardMemory } from "../guards/plan.ts";
import type { HubStore } from "../hub/store.ts";
import type { KubernetesClient } from "../kubernetes/client.ts";
import type { Clock, DeadLetters, EventBus, Log, Metrics, ProbeQueue, Redelivery, WorkQueue } from "../work/ports.ts";
import type { PostOffice } from "../work/post.ts";
import type { ActionOutcome, Lease, Session } from "../work/reconciler.ts";
import type { WorkStore } from "../work/store.ts";
import type { ResolvedIdentity } from "./decide.ts";
import type { Access, Registration } from "./registration.ts";
import type { RegistryStore } from "./store.ts";

/** The cluster's own answer to who it is makes this registration impossible (no such cluster, a refused kubeconfig). */
export class RegistrationRefusedError extends Error {
  override readonly name = "RegistrationRefusedError";
  /** Each names object, cause and next step. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("; "));
    this.problems = problems;
  }
}

/**
 * Asks who a cluster is.
 * @throws RegistrationRefusedError when asking again would not help; anything else is tried again through the queue.
 */
export type ResolveIdentity = (access: Access) => Promise<ResolvedIdentity>;

/** A client for the cluster of a registration, pooled by its identity. */
export type Connect = (registration: Registration) => Promise<KubernetesClient>;

/**
 * Takes back the claims this hub has left on objects (`outrigger.dev/rollout`) under its name of the cluster: all of them
 * in these namespaces (empty = all), or those of one resource.
 */
export type ReleaseClaims = (
  client: KubernetesClient,
  hubId: string,
  scope:
    | { cluster: string; namespaces: readonly string[] }
    | { cluster: string; resource: { namespace: string; name: string } },
) => Promise<unknown>;

/**
 * Tells pods that a resource has prepared for a scale-down, which will not come now, to go on. To be asked while its claims
 * are there. `state`: what its lane saved last; it was saved for this very registration.
 * @returns what came of it; nothing where no pod is prepared. Rejects when the cluster cannot be asked.
 */
export type TakeBack = (
  resource: Pick<Session, "client" | "hubId" | "key" | "state" | "now"> & { lease: Pick<Lease, "mayWrite"> },
) => Promise<readonly ActionOutcome[]>;

/** Keeps the admission guard of a cluster's StatefulSets in step with their labels. */
export type KeepGuard = (client: KubernetesClient, scope: GuardScope, look: GuardLook) => Promise<GuardFacts>;

/** Takes the guard out of a cluster. `memory`: what its last discovery pass knew of it. */
export type LeaveGuard = (
  client: KubernetesClient,
  owner: Pick<GuardScope, "hubId" | "cluster">,
  memory: GuardMemory | undefined,
) => Promise<void>;

/** Creates or updates the CRDs of the capabilities and returns when they are accepted. */
export type InstallCustomResources = (client: KubernetesClient, registration: Registration) => Promise<void>;

export interface DeregisterPorts {
  registry: Pick<RegistryStore, "load" | "save">;
  work: Pick<WorkStore, "listCluster" | "forget">;
  /** Resources whose home is the hub. */
  hub: HubStore;
  connect: Connect;
  leaveGuard: LeaveGuard;
  takeBack: TakeBack;
  releaseClaims: ReleaseClaims;
  bus: EventBus;
  clock: Clock;
  log: Log;
  /** Names this hub in claims. */
  hubId: string;
}

export interface RegisterPorts extends DeregisterPorts {
  registry: RegistryStore;
  work: Pick<WorkStore, "schedule" | "load" | "listCluster" | "forget">;
  queue: WorkQueue;
  probes: ProbeQueue;
  deadLetters: DeadLetters;
  /** Brings an event that could not be applied sooner than the queue's visibility timeout would. */
  redelivery: Redelivery;
  metrics: Metrics;
  resolveIdentity: ResolveIdentity;
  installCustomResources: InstallCustomResources;
  /** Whether loopback and link-local addresses may be named. */
  local: boolean;
  /** `WATCH_NAMESPACE` of the deployment; empty = all. */
  defaultNamespaces: readonly string[];
}

export interface DiscoveryPorts extends Omit<PostOffice, "store">, Omit<DeregisterPorts, "connect" | "hubId"> {
  work: Pick<WorkStore, "schedule" | "load" | "loadState" | "listCluster" | "forget">;
  installCustomResources: InstallCustomResources;
  keepGuard: KeepGuard;
}
