import type { KubernetesClient } from "../../../lib/kubernetes/client.ts";
import { readKubeconfig } from "../../../lib/kubernetes/kubeconfig.ts";
import { createKubernetesClient } from "../../../lib/kubernetes/transport.ts";
import { installCustomResources } from "../../../lib/registry/install.ts";
import { HUB_GROUP, rbacOf } from "../../../lib/registry/rbac.ts";
import { applyAccess } from "../../../local/control-plane/access.ts";
import type { ControlPlane } from "../../../local/control-plane/start.ts";
import { registrationOf } from "../../fakes/registration.ts";
import { testToken } from "../kubernetes/test-tokens.ts";
import { until } from "./play.ts";
import type { Time } from "./time.ts";

/** A cluster to roll in, which knows our definitions and lets the hub in with the shipped roles. */
export interface Stage {
  cluster: ControlPlane;
  time: Time;
  /** May do everything: people, and the observer. */
  admin: KubernetesClient;
  /** The hub's identity. */
  hub: KubernetesClient;
  close(): Promise<void>;
}

/** People and the observer wait for an answer as long as a busy machine may take; the hub gives up as it does everywhere. */
const PATIENT = { requestTimeoutMs: 60_000, connectTimeoutMs: 60_000 };

/** @param cluster takes the contract's test tokens. */
export async function openStage(cluster: ControlPlane, time: Time): Promise<Stage> {
  const { server, caPem } = cluster;
  const people = readKubeconfig(cluster.adminKubeconfig.text, { source: "the test's cluster" });
  const admin = createKubernetesClient(people, PATIENT);
  const hub = createKubernetesClient({ server, caPem, token: async () => testToken("hub", [HUB_GROUP]) });
  const registration = registrationOf("stage");
  await applyAccess(cluster.admin, rbacOf(registration));
  // The API server heeds a role a little after it has taken it.
  await until(() => installCustomResources(hub, registration));
  const close = async (): Promise<void> => {
    await Promise.all([admin.close(), hub.close()]);
  };
  return { cluster, time, admin, hub, close };
}
