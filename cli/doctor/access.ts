import { ApiException, ApiextensionsV1Api, AuthorizationV1Api, KubeConfig } from "@kubernetes/client-node";
import { definitionsOf } from "../../lib/registry/install.ts";
import { HUB_GROUP } from "../../lib/registry/rbac.ts";
import type { Registration } from "../../lib/registry/registration.ts";
import { ask } from "./finding.ts";
import type { ClusterAccess } from "./ports.ts";
import { describePermission, type Permission, permissionsOf } from "./rules.ts";

/** Reviews asked at the same time. */
const AT_ONCE = 8;
/** The user the access entry gives the hub; its group is what the shipped roles are bound to. */
const HUB_USER = "outrigger";
/** Groups every user who logged in is in. */
const EVERYBODY = "system:authenticated";

/**
 * Looks into a cluster with its administrator's rights: what the hub's group may do (SubjectAccessReview), and whether the
 * custom resources are served. Changes nothing.
 * @throws Error when the kubeconfig cannot be read.
 */
export async function readAccess(kubeconfig: string, registration: Registration): Promise<ClusterAccess> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const authorization = config.makeApiClient(AuthorizationV1Api);
  const extensions = config.makeApiClient(ApiextensionsV1Api);
  return {
    missingRules: await ask(() => findMissingRules(authorization, registration)),
    missingCustomResources: await ask(() => findMissingCustomResources(extensions, registration)),
  };
}

async function findMissingRules(
  api: AuthorizationV1Api,
  registration: Registration,
): Promise<Record<string, string[]>> {
  const missing: Record<string, string[]> = {};
  for (const [role, permissions] of permissionsOf(registration)) {
    const denied = await inParallel(permissions, async (permission) => !(await isAllowed(api, permission)));
    missing[role] = denied.map(describePermission);
  }
  return missing;
}

async function findMissingCustomResources(
  api: ApiextensionsV1Api,
  { capabilities }: Registration,
): Promise<Record<string, string>> {
  const missing: Record<string, string> = {};
  for (const { metadata, spec } of definitionsOf(capabilities)) {
    const versions = spec.versions.map(({ name }) => name);
    const problem = await problemOf(api, metadata.name, versions);
    if (problem !== undefined) missing[metadata.name] = problem;
  }
  return missing;
}

async function isAllowed(api: AuthorizationV1Api, permission: Permission): Promise<boolean> {
  const attributes =
    "path" in permission ? { nonResourceAttributes: permission } : { resourceAttributes: { ...permission } };
  const body = { spec: { user: HUB_USER, groups: [HUB_GROUP, EVERYBODY], ...attributes } };
  try {
    return (await api.createSubjectAccessReview({ body })).status?.allowed ?? false;
  } catch (error) {
    throw readable(error, "asking for its permissions");
  }
}

async function problemOf(api: ApiextensionsV1Api, name: string, versions: string[]): Promise<string | undefined> {
  try {
    const { spec, status } = await api.readCustomResourceDefinition({ name });
    const served = versions.filter((version) => spec.versions.some((one) => one.name === version && one.served));
    if (served.length === 0) return `it does not serve the version ${versions.join(", ")}`;
    const established = status?.conditions?.find(({ type }) => type === "Established");
    return established?.status === "True"
      ? undefined
      : `it is not established: ${established?.message ?? "no condition"}`;
  } catch (error) {
    if (error instanceof ApiException && error.code === 404) return "it is not installed";
    throw readable(error, `reading ${name}`);
  }
}

/** The first line of what went wrong: the client's messages hold whole replies. */
function readable(error: unknown, doing: string): Error {
  if (error instanceof ApiException) {
    const message = /"message":"((?:[^"\\]|\\.)*)"/.exec(String(error.body))?.[1] ?? `it answered ${error.code}`;
    return new Error(`${doing}: ${message}`);
  }
  const cause =
    error instanceof Error ? (error.cause instanceof Error ? error.cause : error) : new Error(String(error));
  return new Error(`${doing}: ${cause.message.split("\n")[0]}`);
}

/** @returns the items the test holds for, in order. */
async function inParallel<T>(items: readonly T[], test: (item: T) => Promise<boolean>): Promise<T[]> {
  const kept: T[] = [];
  for (let start = 0; start < items.length; start += AT_ONCE) {
    const some = items.slice(start, start + AT_ONCE);
    const verdicts = await Promise.all(some.map(test));
    kept.push(...some.filter((_, index) => verdicts[index]));
  }
  return kept;
}
