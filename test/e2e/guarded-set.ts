import {
  AdmissionregistrationV1Api,
  ApiException,
  AppsV1Api,
  type KubeConfig,
  RbacAuthorizationV1Api,
  type V1ClusterRole,
  type V1ClusterRoleBinding,
} from "@kubernetes/client-node";
import { expect } from "vitest";
import { NO_DOWNSCALE_LABEL, NO_DOWNSCALE_POLICY } from "../../lib/guards/names.ts";
import { clusterRole } from "../../lib/registry/rbac.ts";

const SET = { namespace: "default", name: "guarded" };
const WAIT = { timeout: 60_000, interval: 500 };

/** A StatefulSet that is not to be scaled down. It has no pods. */
export async function makeGuardedSet(kubeConfig: KubeConfig): Promise<void> {
  const matchLabels = { app: SET.name };
  const spec = {
    replicas: 0,
    serviceName: SET.name,
    selector: { matchLabels },
    template: { metadata: { labels: matchLabels }, spec: { containers: [{ name: "main", image: "none" }] } },
  };
  const metadata = { name: SET.name, labels: { [NO_DOWNSCALE_LABEL]: "true" } };
  await kubeConfig
    .makeApiClient(AppsV1Api)
    .createNamespacedStatefulSet({ namespace: SET.namespace, body: { metadata, spec } });
}

/**
 * Grants what is missing, and sees the guard come; takes the StatefulSet away, and sees the guard go.
 * @param tell has the hub look, as a pipeline does.
 */
export async function seeGuardComeAndGo(kubeConfig: KubeConfig, tell: () => Promise<unknown>): Promise<void> {
  const rbac = kubeConfig.makeApiClient(RbacAuthorizationV1Api);
  const [role, binding] = clusterRole("guards");
  await rbac.createClusterRole({ body: role as unknown as V1ClusterRole });
  await rbac.createClusterRoleBinding({ body: binding as unknown as V1ClusterRoleBinding });
  await tell();
  await expect.poll(() => isGuarded(kubeConfig), WAIT).toBe(true);
  await kubeConfig.makeApiClient(AppsV1Api).deleteNamespacedStatefulSet(SET);
  await tell();
  await expect.poll(() => isGuarded(kubeConfig), WAIT).toBe(false);
}

async function isGuarded(kubeConfig: KubeConfig): Promise<boolean> {
  const api = kubeConfig.makeApiClient(AdmissionregistrationV1Api);
  const name = NO_DOWNSCALE_POLICY;
  const found = await Promise.all(
    [api.readValidatingAdmissionPolicy({ name }), api.readValidatingAdmissionPolicyBinding({ name })].map((reading) =>
      reading.then(
        () => true,
        (error: unknown) => {
          if (error instanceof ApiException && error.code === 404) return false;
          throw error;
        },
      ),
    ),
  );
  return found.every(Boolean);
}
