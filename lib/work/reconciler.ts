import type { KubernetesClient } from "../kubernetes/client.ts";
import type { Condition } from "../kubernetes/objects.ts";
import type { Registration } from "../registry/registration.ts";
import type { WorkKey } from "./keys.ts";
import type { LaneName } from "./lanes.ts";
import type { MetricName } from "./metrics.ts";
import type { Verdict } from "./verdict.ts";

/** One thing done or to be done, as people and audit rows see it. */
export interface ActionRecord {
  /** e.g. `DeletePod`. */
  kind: string;
  /** e.g. `mimir/ingester-zone-a-3`. */
  object: string;
  /** CamelCase reason. */
  reason: string;
}

/** The outcome of an action, as data. */
export interface ActionOutcome extends ActionRecord {
  result: "done" | "alreadyGone" | "preconditionFailed" | "refused" | "failed" | "skipped";
  message?: string;
}

/** What is saved before anything destructive: which actions, and the state to start from if we die now. */
export interface Intent {
  actions: ActionRecord[];
  /** Kind-specific JSON, validated by the kind's own schema when read. */
  state: unknown;
  /** The status so far, for a resource whose status lives in the hub; absent = the saved one stays. */
  status?: unknown;
}

/** Why a running worker must stop before its next batch. */
export type Interruption =
  | { reason: "Deregistered"; message: string }
  | { reason: "LeaseLost"; message: string }
  /** The registration does not allow this work any more: its capabilities or namespaces have changed. */
  | { reason: "NotCovered"; message: string }
  /** Its spec, which lives in the hub, is another one now, or it is to be deleted. */
  | { reason: "ResourceChanged"; message: string }
  | { reason: "Superseded"; message: string };

/** The time a worker owns its resource, on a monotonic clock. */
export interface Lease {
  readonly fence: number;
  /** Milliseconds until the lease ends; negative when it has. */
  remainingMs(): number;
  /** Milliseconds until the worker must hand over (earlier than the lease's end). */
  handoverMs(): number;
  /** Whether a write may begin: at least one request timeout + 3 s left. A worker frozen past its lease gets false. */
  mayWrite(): boolean;
}

/** An event for the bus. Detail types are listed in `events/`. */
export interface BusEvent {
  detailType: string;
  detail: Record<string, unknown>;
}

/** What one pass over one resource is given. Everything with an effect is a method here or on `client`. */
export interface Session {
  key: WorkKey;
  registration: Registration;
  /** Names this hub in claims left in clusters. */
  hubId: string;
  client: KubernetesClient;
  /** What the last pencil or ink saved (kind-specific JSON); undefined on the first pass. */
  state: unknown;
  /** `direct` = `outrigger reconcile`: one plan, one execute, no waiting. */
  trigger: "message" | "direct";
  lease: Lease;
  /** Wall clock, epoch milliseconds. Planners get the cluster's own clock instead. */
  now(): number;
  /** Waits at most `ms`, returns earlier when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Saves the intent under the fence. Throws `LeaseLostError`; then nothing may be done. */
  pencil(intent: Intent): Promise<void>;
  /** What people have ordered (kind-specific JSON), as last read: by the take, or by `interruption` since. */
  orders(): unknown;
  /** Saves the status so far for whoever asks the hub, whatever the resource's home. Best effort; ink repeats it. */
  saveStatus(status: unknown): Promise<void>;
  /** Writes the outcomes into the audit row opened by `pencil` (best effort; ink repeats them). */
  record(outcomes: ActionOutcome[]): void;
  /** Reads registration and WORK row again. Called before each batch. */
  interruption(): Promise<Interruption | undefined>;
  /** Queued; sent after ink. */
  emit(event: BusEvent): void;
  /** Queued; written as EMF after ink. */
  count(metric: MetricName, value: number): void;
  log(level: "debug" | "info" | "warn" | "error", message: string, fields?: Record<string, unknown>): void;
  /** Named fault points of the kill tests; does nothing outside them. */
  faultPoint(name: string): Promise<void>;
}

/** What a pass came to. Inked by the worker. */
export interface Reconciliation {
  verdict: Verdict;
  /** Kind-specific JSON to keep. */
  state: unknown;
  /** The status as it was (or would be) written to the resource. */
  status: { phase: string; conditions: Condition[] } & Record<string, unknown>;
  actions: ActionOutcome[];
}

/** What looking ahead is given: nothing that writes. */
export type PreviewSession = Pick<
  Session,
  "key" | "registration" | "hubId" | "client" | "state" | "orders" | "now" | "sleep"
>;

/** What an order is judged by. */
export interface OrderContext {
  key: WorkKey;
  /** Who asks, by their own account. */
  by: string | undefined;
  /** ISO-8601 UTC. */
  at: string;
  /** What the last pencil or ink saved; undefined before the first pass, or when it is of an earlier registration. */
  state: unknown;
  status: unknown;
}

/** An order that makes sense now, or why it does not. */
export type OrderDecision =
  | { type: "accepted"; action: ActionRecord; change: (orders: unknown) => unknown }
  | { type: "refused"; cause: string; nextStep: string };

/** What the next pass would do, and why not more. */
export interface Preview {
  actions: ActionRecord[];
  /** As they would be. */
  conditions: Condition[];
  phase: string;
  nextDueInSeconds: number;
  zones: {
    name: string;
    /** Pods that are to be replaced. */
    outdated: number;
    /** Pods that may be unavailable, and of these places how many are free: for each StatefulSet of the zone. */
    maxUnavailable: number[];
    places: number[];
    /** Why it is not Ready; empty when it is. */
    unready: string[];
  }[];
}

/** One kind of work. */
export interface Reconciler {
  kind: string;
  lane: LaneName;
  reconcile(session: Session): Promise<Reconciliation>;
  /** Looks ahead without writing anything; undefined when there is no such resource. */
  preview?(session: PreviewSession): Promise<Preview | undefined>;
  /** What an order of a person changes. Pure: what becomes of it the next plan decides, under the fence. */
  decideOrder?(order: unknown, context: OrderContext): OrderDecision;
}
