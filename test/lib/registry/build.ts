import type { ClusterEvent } from "../../../lib/registry/decide.ts";
import { parseEvent } from "../../../lib/registry/events.ts";
import type { Registration } from "../../../lib/registry/registration.ts";

export const ARN = "arn:aws:eks:eu-west-1:123456789012:cluster/prod";
export const OTHER_ARN = "arn:aws:eks:eu-west-1:123456789012:cluster/other";
export const T0 = Date.parse("2026-11-20T10:00:00.000Z");

/** An ISO time `seconds` after the tests' zero. */
export const at = (seconds: number): string => new Date(T0 + seconds * 1000).toISOString();

/** The body of a queue record as EventBridge writes it. */
export function body(detailType: string, detail: unknown, envelope: Record<string, unknown> = {}): string {
  return JSON.stringify({
    version: "0",
    id: "e-1",
    "detail-type": detailType,
    source: "platform.team",
    account: "123456789012",
    time: at(0).replace(".000", ""),
    region: "eu-west-1",
    resources: [],
    detail,
    ...envelope,
  });
}

/** A parsed event about a cluster; fails the test when it does not parse. */
export function event(
  type: ClusterEvent["type"],
  seconds: number,
  id = `e-${seconds}`,
  fields: Record<string, unknown> = {},
): ClusterEvent {
  const detail = type === "Cluster Deregistered" ? { name: "prod", ...fields } : { name: "prod", arn: ARN, ...fields };
  const parsed = parseEvent(body(type, { ...detail, at: at(seconds) }, { id }), { local: false });
  if (!("event" in parsed)) throw new Error(parsed.problems.join("; "));
  if (parsed.event.type === "Resource Changed") throw new Error("not about a cluster");
  return parsed.event;
}

export function registration(fields: Partial<Registration> = {}): Registration {
  const { name = "prod" } = fields;
  return {
    name,
    identity: `${ARN.replace("prod", name)}@1`,
    state: "Active",
    access: { type: "eks", clusterName: "prod", arn: ARN, region: "eu-west-1", accountId: "123456789012" },
    labels: {},
    capabilities: ["observe", "rollouts"],
    namespaces: [],
    allow: { secrets: [], roles: [], urls: [], alarms: [] },
    monitorIntervalSeconds: 30,
    discoverIntervalSeconds: 30,
    installCustomResources: true,
    at: at(0),
    eventId: "e-0",
    registeredAt: at(0),
    ...fields,
  };
}
