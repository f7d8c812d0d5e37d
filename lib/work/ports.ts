import type { WorkKey } from "./keys.ts";
import type { ProbeMessage, WorkMessage } from "./messages.ts";
import type { MetricName } from "./metrics.ts";
import type { BusEvent } from "./reconciler.ts";

/** Time, so that tests and simulations can turn it themselves. */
export interface Clock {
  /** Wall clock, epoch milliseconds. */
  now(): number;
  /** Never goes back and goes on while the process is stopped, milliseconds. */
  monotonicMs(): number;
  /** Waits at most `ms`, returns earlier when the signal aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A message to be sent to the lane of its kind. */
export interface WorkPosting {
  message: WorkMessage;
  /** 0..900. */
  delaySeconds: number;
}

export interface ProbePosting {
  message: ProbeMessage;
  /** 0..900. */
  delaySeconds: number;
}

/** A message that could not be sent after the retries, and why. The due index brings its work back. */
export interface FailedPosting<P> {
  posting: P;
  cause: string;
}

/** The queues of the reconcile and rollout lanes. A lost reply may send a message twice: a duplicate finds its ticket done. */
export interface WorkQueue {
  send(postings: readonly WorkPosting[]): Promise<FailedPosting<WorkPosting>[]>;
}

/** The queue of the probe lane. */
export interface ProbeQueue {
  send(postings: readonly ProbePosting[]): Promise<FailedPosting<ProbePosting>[]>;
}

/** Decides when a message that goes back to its queue comes again. */
export interface Redelivery {
  /** @param afterSeconds 0..43200. */
  postpone(receiptHandle: string, afterSeconds: number): Promise<void>;
}

/** Where messages go that cannot be parsed. */
export interface DeadLetters {
  /** Keeps the body as it came, with the attribute `reason`. Rejects when the queue did not accept it. */
  put(letter: { body: string; reason: string; messageId: string }): Promise<void>;
}

/** The hub's event bus. */
export interface EventBus {
  /** Sends the events in order, ten at a time. Rejects, naming the events that were not accepted after the retries. */
  put(events: readonly BusEvent[]): Promise<void>;
}

/** Fleet-level metrics; never one per cluster. */
export interface Metrics {
  /** In the unit the metric is defined with. */
  add(name: MetricName, value: number): void;
  /** Writes what was added since the last flush. */
  flush(): void;
}

export type LogLevel = "debug" | "info" | "warn" | "error";
export type Log = (level: LogLevel, message: string, fields?: Record<string, unknown>) => void;

/** Stops at a named point of the kill tests; does nothing outside them. */
export type FaultPoint = (name: string, key: WorkKey) => Promise<void>;

/** What dispatch needs to know of a registered cluster. */
export interface ActiveCluster {
  name: string;
  /** 10..3600. */
  monitorIntervalSeconds: number;
}

/** How many clusters are how, by the last probe of each. */
export interface FleetCount {
  healthy: number;
  unhealthy: number;
  /** No probe has told lately. */
  unknown: number;
}

/** What probes have found, implemented by health. */
export interface FleetHealth {
  countFleet(clusters: readonly ActiveCluster[], nowMs: number): Promise<FleetCount>;
}

/** The clusters to be probed, implemented by the registry. */
export interface ActiveClusters {
  /** `unreadable`: a sentence for each registration that nobody can read; the others are probed all the same. */
  listActiveClusters(): Promise<{ clusters: ActiveCluster[]; unreadable: string[] }>;
}
