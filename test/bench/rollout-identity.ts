import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { ClusterAccess } from "../../lib/kubernetes/client.ts";
import { clusterRole } from "../../lib/registry/rbac.ts";
import { applyAccess, bindGroup } from "../../local/control-plane/access.ts";
import type { ControlPlane } from "../../local/control-plane/start.ts";

/** The API server writes its audit log a moment after it answers, milliseconds. */
const AUDIT_LAG_MS = 1_000;

const userOf = (namespace: string): string => `system:serviceaccount:${namespace}:outrigger`;

/** An identity in a new namespace with the shipped role, so that its requests can be told apart. */
export async function grantAccess(cluster: ControlPlane, namespace: string): Promise<ClusterAccess> {
  const { admin, server, caPem } = cluster;
  const account = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  await applyAccess(admin, [{ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }]);
  await applyAccess(admin, clusterRole("rollouts"));
  await applyAccess(admin, [bindGroup(`system:serviceaccounts:${namespace}`, "outrigger:rollouts")]);
  await admin.request("POST", account, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "outrigger" } });
  const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 3_600 } };
  const { status } = (await admin.request("POST", `${account}/outrigger/token`, request)) as {
    status: { token: string };
  };
  return { server, caPem, token: async () => status.token };
}

interface AuditEvent {
  auditID: string;
  verb: string;
  user: { username: string };
  objectRef?: { resource?: string; subresource?: string };
  responseStatus?: { code?: number };
}

/**
 * Requests of one identity, once each, as the API server's audit log has them, watches and refused ones too.
 * @returns e.g. `delete pods` → 60, the most frequent first.
 */
export async function countRequests(cluster: ControlPlane, namespace: string): Promise<Map<string, number>> {
  await sleep(AUDIT_LAG_MS);
  const lines = (await readFile(cluster.auditLogPath ?? "", "utf8")).split("\n");
  const user = userOf(namespace);
  const mine = lines.filter((line) => line.includes(user)).map((line) => JSON.parse(line) as AuditEvent);
  const events = new Map(mine.filter(({ user: { username } }) => username === user).map((one) => [one.auditID, one]));
  const counts = new Map<string, number>();
  for (const {
    verb,
    objectRef: { resource = "", subresource } = {},
    responseStatus: { code = 0 } = {},
  } of events.values()) {
    const what = `${verb} ${resource}${subresource === undefined ? "" : `/${subresource}`}${code >= 400 ? ` (${code})` : ""}`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return new Map([...counts].toSorted(([, a], [, b]) => b - a));
}
