import type { CallOptions, KubernetesClient } from "./client.ts";
import { type CustomResourceDefinition, type InstallPlan, planInstall } from "./custom-resources.ts";
import { decodeFailure } from "./decode-status.ts";
import { type ApiError, isApiError } from "./errors.ts";
import { CUSTOM_RESOURCE_DEFINITIONS } from "./types.ts";

/** A definition that the cluster did not establish. The message names it, what the API server says, and the next step. */
export class NotEstablishedError extends Error {
  override readonly name = "NotEstablishedError";
}

export interface InstallOptions extends Pick<CallOptions, "signal"> {
  /** Milliseconds until the definition must be served. Default 15,000. */
  establishTimeoutMs?: number;
}

export interface InstallResult {
  /** `<plural>.<group>` */
  name: string;
  outcome: "created" | "updated" | "unchanged" | "foreign";
  /** Only with `foreign`: what it means and what can be done. */
  message?: string;
  /** The version we need is served, with a status subresource. */
  usable: boolean;
}

const ATTEMPTS = 3;
const POLL_MS = 200;

/**
 * Brings one definition into the cluster and waits until it is served: created when absent, updated (under its
 * resourceVersion) when it is ours and differs, left alone when it is somebody else's.
 */
export async function installCustomResource(
  client: KubernetesClient,
  wanted: CustomResourceDefinition,
  options: InstallOptions = {},
): Promise<InstallResult> {
  const call: CallOptions = options.signal === undefined ? {} : { signal: options.signal };
  const { name } = wanted.metadata;
  const plan = await planAndExecute(client, wanted, call);
  if (plan.type === "foreign") return { name, outcome: "foreign", message: plan.message, usable: plan.usable };
  await waitUntilServed(client, wanted, options.establishTimeoutMs ?? 15_000, call);
  const outcome = ({ create: "created", update: "updated", keep: "unchanged" } as const)[plan.type];
  return { name, outcome, usable: true };
}

async function planAndExecute(
  client: KubernetesClient,
  wanted: CustomResourceDefinition,
  call: CallOptions,
): Promise<InstallPlan> {
  for (let attempt = 1; ; attempt += 1) {
    const plan = planInstall(wanted, await load(client, wanted.metadata.name, call));
    try {
      if (plan.type === "create") await client.create(CUSTOM_RESOURCE_DEFINITIONS, plan.object, call);
      if (plan.type === "update") await client.replace(CUSTOM_RESOURCE_DEFINITIONS, plan.object, call);
      return plan;
    } catch (error) {
      // Somebody else created or changed it meanwhile: look again.
      if (!isApiError(error, 409) || attempt === ATTEMPTS) throw error;
    }
  }
}

async function load(
  client: KubernetesClient,
  name: string,
  call: CallOptions,
): Promise<CustomResourceDefinition | undefined> {
  try {
    return await client.get<CustomResourceDefinition>(CUSTOM_RESOURCE_DEFINITIONS, { name }, call);
  } catch (error) {
    if (isApiError(error, 404)) return undefined;
    throw error;
  }
}

/** `Established` alone is not enough: the API server begins to serve the paths a moment later. */
async function waitUntilServed(
  client: KubernetesClient,
  wanted: CustomResourceDefinition,
  timeoutMs: number,
  call: CallOptions,
): Promise<void> {
  const { name } = wanted.metadata;
  const { group, names, versions } = wanted.spec;
  const path = `/apis/${group}/${versions[0]?.name ?? ""}`;
  const endsAt = performance.now() + timeoutMs;
  for (;;) {
    const live = await load(client, name, call);
    const conditions = live?.status?.conditions ?? [];
    if (conditions.some(({ type, status }) => type === "Established" && status === "True")) {
      const served = await client.raw("GET", path, call);
      if (served.status === 200 && listsResource(served.body, names.plural)) return;
      // Waiting would not help.
      if (served.status === 403) throw forbidden(path, served);
    }
    if (performance.now() >= endsAt) {
      const said = conditions
        .filter(({ status }) => status !== "True")
        .map(({ type, message = "" }) => `${type}: ${message}`);
      const cause = said.length === 0 ? "its API is not served" : said.join("; ");
      throw new NotEstablishedError(
        `CustomResourceDefinition ${name} is not established after ${timeoutMs} ms (${cause}); see \`kubectl describe crd ${name}\``,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function forbidden(path: string, { status, body }: { status: number; body: string }): ApiError {
  return decodeFailure({ server: "", request: `GET ${path}`, status, headers: {}, body });
}

function listsResource(body: string, plural: string): boolean {
  try {
    const { resources } = JSON.parse(body) as { resources?: { name: string }[] | null };
    return resources?.some(({ name }) => name === plural) === true;
  } catch {
    return false;
  }
}
