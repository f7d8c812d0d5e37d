import { accessOf, describeAccess } from "./access.ts";
import type { RegistryEvent } from "./events.ts";
import type { Access, Registration } from "./registration.ts";

/** Late events find the tombstone of a deregistered cluster for this long. */
export const TOMBSTONE_SECONDS = 14 * 24 * 3600;
/** An event dated further ahead than this would win over everything sent meanwhile, so it is refused. */
export const MAX_AHEAD_MS = 5 * 60_000;

export const DEFAULT_MONITOR_INTERVAL_SECONDS = 30;
export const DEFAULT_DISCOVER_INTERVAL_SECONDS = 30;

/** Events about a whole cluster; `Resource Changed` decides nothing about a registration. */
export type ClusterEvent = Exclude<RegistryEvent, { type: "Resource Changed" }>;

/** What the cluster itself says about who it is. */
export interface ResolvedIdentity {
  /** See `Registration.identity`. */
  identity: string;
}

export type Decision =
  /** The event could write; ask the cluster who it is and decide again. */
  | { type: "resolve"; access: Access; namespaces: string[] }
  | { type: "write"; registration: Registration; change: "registered" | "updated" | "recreated" }
  /** This very event wrote the row before: only what follows the write is done again. */
  | { type: "repeat"; registration: Registration }
  /** State `Deregistering` (to be written when it differs from the row), then the cleaning. */
  | { type: "deregister"; registration: Registration; force: boolean }
  /**
   * A later deregistration of what is gone already: the tombstone takes its stamp (to be written when it differs from the row),
   * and what nobody was told is told.
   */
  | { type: "advance"; registration: Registration }
  | { type: "ignore"; reason: "Stale" | "Done"; message: string }
  | { type: "reject"; problems: string[] };

export interface DecideInput {
  /** The row as read: a registration, a tombstone, or nothing. */
  existing: Registration | undefined;
  event: ClusterEvent;
  /** Absent until it was asked for by a `resolve` decision. */
  resolved?: ResolvedIdentity;
  /** The name under which the resolved identity is registered for the same namespaces, if it is. */
  knownAs?: string | undefined;
  /** Epoch milliseconds. */
  nowMs: number;
  /** Of the deployment: `WATCH_NAMESPACE`. */
  defaultNamespaces: readonly string[];
}

/**
 * What an event does to a cluster's row. The last writer wins by (at, id), so any order and any number of deliveries of a
 * set of events about one cluster ends in the same registration. Pure.
 */
export function decide(input: DecideInput): Decision {
  const { event, nowMs } = input;
  const existing = isExpired(input.existing, nowMs) ? undefined : input.existing;
  if (Date.parse(event.at) > nowMs + MAX_AHEAD_MS) {
    return {
      type: "reject",
      problems: [`detail.at: ${event.at} lies in the future; send the event again with the right time`],
    };
  }
  if (existing === undefined && event.type !== "Cluster Registered") return rejectUnknown(event);
  if (existing !== undefined) {
    const order = compareStamps({ at: event.at, id: event.id }, { at: existing.at, id: existing.eventId });
    if (order < 0) {
      return {
        type: "ignore",
        reason: "Stale",
        message: `cluster ${event.name}: ${event.type} of ${event.at} is older than the row's ${existing.at}`,
      };
    }
    if (order === 0) return repeat(existing, event);
  }
  if (event.type === "Cluster Deregistered")
    return existing === undefined ? rejectUnknown(event) : deregister(existing, event, nowMs);
  return declare(existing, event, input);
}

/** Negative when the first stamp is older. Times are ISO-8601 UTC with milliseconds. */
export function compareStamps(a: { at: string; id: string }, b: { at: string; id: string }): number {
  const byTime = Date.parse(a.at) - Date.parse(b.at);
  if (byTime !== 0) return byTime;
  return a.id === b.id ? 0 : a.id < b.id ? -1 : 1;
}

/** DynamoDB drops expired rows when it likes; until then they are as good as gone. */
function isExpired(row: Registration | undefined, nowMs: number): boolean {
  return row?.expiresAt !== undefined && row.expiresAt * 1000 <= nowMs;
}

function rejectUnknown(event: ClusterEvent): Decision {
  return {
    type: "reject",
    problems: [
      `detail.name: cluster ${event.name} is not registered, so ${event.type} has nothing to act on; check the name (\`outrigger cluster list\`), ` +
        "or send this message again if it overtook its Cluster Registered",
    ],
  };
}

function repeat(existing: Registration, event: ClusterEvent): Decision {
  if (event.type !== "Cluster Deregistered") return { type: "repeat", registration: existing };
  if (existing.state === "Deregistering") return { type: "deregister", registration: existing, force: event.force };
  if (existing.untold !== undefined) return { type: "advance", registration: existing };
  return { type: "ignore", reason: "Done", message: `cluster ${event.name} is deregistered already` };
}

function deregister(
  existing: Registration,
  event: ClusterEvent & { type: "Cluster Deregistered" },
  nowMs: number,
): Decision {
  const stamped = { ...existing, at: event.at, eventId: event.id };
  if (existing.state === "Deregistered") return { type: "advance", registration: tombstone(stamped, nowMs) };
  return { type: "deregister", registration: { ...stamped, state: "Deregistering" }, force: event.force };
}

/** The row that stays when a cluster is gone, so that late events find it. */
export function tombstone(registration: Registration, nowMs: number): Registration {
  return { ...registration, state: "Deregistered", expiresAt: Math.floor(nowMs / 1000) + TOMBSTONE_SECONDS };
}

type Declaration = ClusterEvent & { type: "Cluster Registered" | "Cluster Updated" };

function declare(existing: Registration | undefined, event: Declaration, input: DecideInput): Decision {
  const access = accessOf(event.detail);
  const holder = existing?.state === "Deregistered" ? undefined : existing;
  if (holder !== undefined && holder.access.type !== access.type) return rejectTaken(holder, access);
  if (holder?.access.type === "eks" && access.type === "eks" && holder.access.arn !== access.arn)
    return rejectTaken(holder, access);
  const namespaces = [...new Set(event.detail.namespaces ?? input.defaultNamespaces)].sort();
  if (input.resolved === undefined) return { type: "resolve", access, namespaces };
  const { identity } = input.resolved;
  if (input.knownAs !== undefined && input.knownAs !== event.name)
    return rejectKnown(event.name, input.knownAs, access);
  const sameIdentity = holder?.identity === identity;
  if (
    holder?.access.type === "kubeconfig" &&
    access.type === "kubeconfig" &&
    holder.access.secret !== access.secret &&
    !sameIdentity
  ) {
    return rejectTaken(holder, access);
  }
  const { detail } = event;
  const registration: Registration = {
    name: event.name,
    identity,
    state: "Active",
    access,
    labels: detail.labels ?? {},
    capabilities: [...new Set(detail.capabilities ?? (["observe", "rollouts"] as const))],
    namespaces,
    allow: detail.allow ?? { secrets: [], roles: [], urls: [], alarms: [] },
    monitorIntervalSeconds: detail.monitorInterval ?? DEFAULT_MONITOR_INTERVAL_SECONDS,
    discoverIntervalSeconds: detail.discoverInterval ?? DEFAULT_DISCOVER_INTERVAL_SECONDS,
    installCustomResources: detail.installCustomResources ?? true,
    at: event.at,
    eventId: event.id,
    registeredAt: sameIdentity ? holder.registeredAt : new Date(input.nowMs).toISOString(),
    ...(sameIdentity && holder.version !== undefined ? { version: holder.version } : {}),
  };
  const change = holder === undefined ? "registered" : sameIdentity ? "updated" : "recreated";
  return { type: "write", registration, change };
}

/** Two registrations of one cluster and the same namespaces would work on the same resources side by side. */
function rejectKnown(name: string, knownAs: string, access: Access): Decision {
  return {
    type: "reject",
    problems: [
      `detail.name: ${describeAccess(access)} is registered as ${knownAs} already for these namespaces, so it cannot be registered as ${name} too; ` +
        `send what is to change as ${knownAs}, or deregister ${knownAs} first (\`outrigger cluster deregister ${knownAs}\`)`,
    ],
  };
}

function rejectTaken(holder: Registration, access: Access): Decision {
  return {
    type: "reject",
    problems: [
      `detail.name: ${holder.name} is taken by ${describeAccess(holder.access)} (${holder.state}), and this event names ${describeAccess(access)}; ` +
        "choose another name, or deregister the other cluster first",
    ],
  };
}
