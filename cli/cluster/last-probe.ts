import { formatGoDuration } from "../../lib/registry/go-duration.ts";
import { age, type ClusterView } from "../views.ts";

/** An unchanged result is written this often, as `lib/health/plan.ts` says. */
const WRITE_INTERVAL_SECONDS = 300;
/** A run of dispatch plans the probes of the next whole minute; more than two of them without a probe is late. */
const SLACK_SECONDS = 120;

/** What is known of the last probe of a cluster. */
export interface LastProbe {
  /** e.g. `3m`; undefined when none is on record. */
  age: string | undefined;
  /** No probe can have succeeded in writing for longer than it ever takes. */
  late: boolean;
  /** In words, for one cluster. */
  text: string;
}

/**
 * Only what changes is written at once, anything else every 5 minutes: the record tells when a probe was written, not
 * when the last one ran.
 */
export function lastProbe({ registration, health }: ClusterView, now: Date): LastProbe {
  if (!registration.capabilities.includes("observe")) {
    return { age: undefined, late: false, text: "never: the registration lacks the capability observe" };
  }
  const since = health?.observedAt ?? registration.at;
  const limit =
    SLACK_SECONDS + registration.monitorIntervalSeconds + (health === undefined ? 0 : WRITE_INTERVAL_SECONDS);
  const late = now.getTime() - Date.parse(since) > limit * 1000 && registration.state === "Active";
  if (health === undefined) return { age: undefined, late, text: late ? "none, and it is overdue" : "none yet" };
  const latency = health.latencyMs === undefined ? "" : `, ${Math.round(health.latencyMs)} ms`;
  const recorded = `${age(health.observedAt, now)} ago${latency}`;
  const every = formatGoDuration(WRITE_INTERVAL_SECONDS);
  return {
    age: age(health.observedAt, now),
    late,
    text: late
      ? `${recorded}; overdue: even unchanged results are recorded every ${every}`
      : `${recorded} (changes are recorded at once, unchanged results every ${every})`,
  };
}
