import type { KubernetesClient } from "../kubernetes/client.ts";
import type { Registration } from "../registry/registration.ts";
import type { LaneName } from "./lanes.ts";
import type { Clock, EventBus, FaultPoint, Log, Metrics, WorkQueue } from "./ports.ts";
import type { Lease, Reconciler, Session } from "./reconciler.ts";
import type { Holding, TakenWork, WorkStore } from "./store.ts";

/** Everything a lane's worker has an effect on. */
export interface Worker {
  lane: LaneName;
  /** Names this hub in claims left in clusters. */
  hubId: string;
  store: WorkStore;
  queue: WorkQueue;
  bus: EventBus;
  metrics: Metrics;
  log: Log;
  clock: Clock;
  /** The pooled client of one cluster; rejects with `ConnectionError` or `TerminalError`. */
  connect(registration: Registration): Promise<KubernetesClient>;
  reconcilers: readonly Reconciler[];
  /** Asked before work of a deregistered cluster is forgotten: tells what nobody was told. While it rejects, the work stays. */
  lastWords?(tombstone: Registration): Promise<void>;
  faultPoint: FaultPoint;
  /** The longest one Kubernetes request may take, milliseconds. */
  requestTimeoutMs: number;
}

/** Work in the hands of this worker. */
export interface TakenPass {
  taken: TakenWork;
  holding: Holding;
  reconciler: Reconciler;
  lease: Lease;
  trigger: Session["trigger"];
  hops: number;
  startMs: number;
}
