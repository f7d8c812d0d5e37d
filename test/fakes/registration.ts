import type { Registration } from "../../lib/registry/registration.ts";

/** A registered EKS cluster, with whatever a test wants different. */
export function registrationOf(name: string, changes: Partial<Registration> = {}): Registration {
  const arn = `arn:aws:eks:us-east-1:000000000000:cluster/${name}`;
  return {
    name,
    identity: `${arn}@2026-01-01T00:00:00Z`,
    state: "Active",
    access: { type: "eks", clusterName: name, arn, region: "us-east-1", accountId: "000000000000" },
    labels: {},
    capabilities: ["observe", "rollouts"],
    namespaces: [],
    allow: { secrets: [], roles: [], urls: [], alarms: [] },
    monitorIntervalSeconds: 30,
    discoverIntervalSeconds: 30,
    installCustomResources: true,
    at: "2026-01-01T00:00:00Z",
    eventId: "event-1",
    registeredAt: "2026-01-01T00:00:00Z",
    ...changes,
  };
}
