import {
  type CustomResourceDefinition,
  DEFINITION_HASH,
  MANAGED_BY,
  MANAGER,
} from "../../lib/kubernetes/custom-resources.ts";
import type { AdminClient } from "../../local/control-plane/admin-client.ts";

const PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/multiazrollouts.rollout.grafana.com";

/** Puts the definition of somebody else in the place of ours: it lets every spec in. */
export async function letEverythingIn(admin: AdminClient): Promise<void> {
  const live = (await admin.request("GET", PATH)) as CustomResourceDefinition;
  const anything = { type: "object", "x-kubernetes-preserve-unknown-fields": true } as const;
  const versions = live.spec.versions.map((version) => ({
    ...version,
    schema: { openAPIV3Schema: { type: "object" as const, properties: { spec: anything, status: anything } } },
  }));
  const metadata = { ...live.metadata, labels: {}, annotations: {} };
  await admin.request("PUT", PATH, { ...live, metadata, spec: { ...live.spec, versions } });
}

/** Makes the definition look like one of ours of an earlier version. */
export async function makeOutdated(admin: AdminClient): Promise<void> {
  const metadata = { labels: { [MANAGED_BY]: MANAGER }, annotations: { [DEFINITION_HASH]: "of an earlier version" } };
  await admin.request("PATCH", PATH, { metadata }, "application/merge-patch+json");
}

export async function deleteDefinition(admin: AdminClient): Promise<void> {
  await admin.request("DELETE", PATH);
}
