import { applyAccess } from "../../local/control-plane/access.ts";
import type { AdminClient } from "../../local/control-plane/admin-client.ts";
import { POD_ANNOTATIONS } from "../../local/control-plane/pod-behaviours.ts";
import type { Deployed } from "./deployed.ts";
import { clusterOf, type MissingRule, roleFor, slugOf } from "./missing-rules.ts";
import {
  createNamespace,
  createOutdated,
  createRollout,
  deleteRollout,
  type Group,
  setQuota,
  waitUntilRolled,
} from "./rollout-group.ts";
import { kubeconfig, trusting } from "./wrong-tables.ts";

/** The rollout of one row, in a namespace of its own. */
export function groupOf(deployed: Deployed, rule: MissingRule): Group {
  const { admin } = deployed.cluster(clusterOf(rule));
  const unplaced = rule.after === "unplaced";
  const zoned = rule.after !== "unzoned" && !unplaced;
  return { admin, namespace: slugOf(rule), name: "group", replicas: unplaced ? 2 : 1, zoned, unplaced };
}

/**
 * Has the hub see a cluster through a service account of a namespace of its own, whose role lacks the rule, and gives it a
 * rollout to do there.
 */
export async function causeMissingRule(deployed: Deployed, rule: MissingRule): Promise<void> {
  const group = groupOf(deployed, rule);
  await createNamespace(group.admin, group.namespace);
  if (rule.role === "rollouts") {
    const stalls = rule.after === "stalled";
    await createOutdated(group, stalls ? { [POD_ANNOTATIONS.behaviour]: "never-ready" } : {});
    if (rule.after === "refused") await setQuota(group, 2);
    await createRollout(group, stalls ? { onStall: "Rollback", progressDeadlineSeconds: 10 } : {});
  }
  await registerWithout(deployed, rule);
  if (rule.after !== "deleted") return;
  await waitUntilRolled(group, "2");
  await deleteRollout(group);
}

/** Registers the cluster once more under a name of its own, with credentials that lack the rule. */
export async function registerWithout(deployed: Deployed, rule: MissingRule): Promise<void> {
  const controlPlane = deployed.cluster(clusterOf(rule));
  const name = slugOf(rule);
  await createNamespace(controlPlane.admin, name);
  const capability = rule.role === "observe" ? "observe" : "rollouts";
  const others = rule.role === "install" ? roleFor(name, "rollouts") : [];
  await applyAccess(controlPlane.admin, [...others, ...roleFor(name, rule.role, rule)]);
  const token = await serviceAccountToken(controlPlane.admin, name);
  const kubeconfigSecret = await deployed.storeKubeconfig(name, kubeconfig(trusting(controlPlane), { token }));
  await deployed.send("Cluster Registered", {
    name,
    kubeconfigSecret,
    namespaces: [name],
    capabilities: [capability],
    installCustomResources: rule.role === "install",
    monitorInterval: "10s",
    discoverInterval: rule.shows === "discovery" ? "10s" : "30s",
  });
}

/** Makes the service account `hub` in a namespace. @returns a token of it. */
export async function serviceAccountToken(admin: AdminClient, namespace: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  const hub = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "hub", namespace } };
  await admin.request("POST", path, hub);
  const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 3600 } };
  const { status } = (await admin.request("POST", `${path}/hub/token`, request)) as { status: { token: string } };
  return status.token;
}

/** Kubernetes lets every user read these paths; this cluster does not. */
export async function closePaths(admin: AdminClient): Promise<void> {
  for (const name of ["system:discovery", "system:public-info-viewer"]) {
    await admin.request("DELETE", `/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/${name}`);
  }
}
