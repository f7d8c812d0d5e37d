import type { Registration } from "../registry/registration.ts";
import type { Assessment } from "./assess.ts";
import type { HealthRow } from "./row.ts";

/** An unchanged result is written this often, so that people see that probes go on. */
export const WRITE_INTERVAL_MS = 300_000;
/** A row that nobody renews goes with its cluster. */
const KEEP_SECONDS = 14 * 24 * 3600;

export interface HealthPlan {
  /** The row to write; absent when it says what the last one says and that is recent. */
  write?: HealthRow;
  /** Set when the class changed; `from` is absent for the first probe of a registration. */
  transition?: { from?: HealthRow["class"]; to: HealthRow["class"] };
}

/** What is kept and told of an assessment: written on change or every 5 minutes. Pure; times are those of the observation. */
export function planHealth(
  registration: Registration,
  previous: HealthRow | undefined,
  assessment: Assessment,
): HealthPlan {
  const before = previous?.identity === registration.identity ? previous : undefined;
  const changed = before?.class !== assessment.class;
  const row: HealthRow = {
    cluster: registration.name,
    identity: registration.identity,
    class: assessment.class,
    since: before === undefined || changed ? assessment.observedAt : before.since,
    observedAt: assessment.observedAt,
    checks: assessment.checks,
    expiresAt: Math.floor(Date.parse(assessment.observedAt) / 1000) + KEEP_SECONDS,
    ...(assessment.latencyMs === undefined ? {} : { latencyMs: assessment.latencyMs }),
    ...(assessment.nodes === undefined ? {} : { nodes: assessment.nodes }),
    ...(registration.version === undefined ? {} : { version: registration.version }),
  };
  if (before === undefined) return { write: row, transition: { to: row.class } };
  if (changed) return { write: row, transition: { from: before.class, to: row.class } };
  const due = Date.parse(row.observedAt) - Date.parse(before.observedAt) >= WRITE_INTERVAL_MS;
  return due || fingerprint(row) !== fingerprint(before) ? { write: row } : {};
}

/** What counts as a change: which checks fail and why, node counts, version. Not wording, not latency. */
function fingerprint(row: HealthRow): string {
  const zones = Object.entries(row.nodes?.byZone ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([row.class, row.checks.map(({ name, ok, reason }) => [name, ok, reason]), zones, row.version]);
}
