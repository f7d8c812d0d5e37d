import * as z from "zod";
import type { CallOptions, KubernetesClient, RawResponse, ResourceType } from "./client.ts";
import { ApiError } from "./errors.ts";

/** A resource type with what can be done to it. */
export interface ServedResource extends ResourceType {
  verbs: string[];
  /** e.g. `status`, `scale`. */
  subresources: string[];
}

export interface Discovery {
  /** @returns the types of a group and version (`v1`, `apps/v1`); undefined when it is not served. Throws `ApiError`. */
  resources(apiVersion: string, options?: CallOptions): Promise<ServedResource[] | undefined>;
  /** @returns the type of a kind; undefined when it is not served. A kind not yet known is looked for anew. */
  find(apiVersion: string, kind: string, options?: CallOptions): Promise<ServedResource | undefined>;
  /** Drops what is known, e.g. after a CRD was installed. */
  forget(): void;
}

/** Go writes empty lists as null. */
function listOf<T extends z.ZodType>(item: T): z.ZodType<z.output<T>[]> {
  const list = z.array(item).nullish();
  return list.transform((items) => items ?? []);
}

const ResourceList = z.looseObject({
  resources: listOf(
    z.looseObject({ name: z.string(), kind: z.string(), namespaced: z.boolean(), verbs: listOf(z.string()) }),
  ),
});

/** How long an answer is kept, milliseconds. */
const KEPT_MS = 5 * 60_000;

/** Asks an API server which types it serves, and keeps the answers for five minutes. */
export function createDiscovery(client: KubernetesClient, nowMs: () => number = Date.now): Discovery {
  const known = new Map<string, { resources: ServedResource[]; until: number }>();
  const ask = async (apiVersion: string, options: CallOptions): Promise<ServedResource[] | undefined> => {
    const path = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const answer = await client.raw("GET", path, options);
    if (answer.status === 404) {
      known.delete(apiVersion);
      return undefined;
    }
    const resources = readResources(apiVersion, path, answer);
    known.set(apiVersion, { resources, until: nowMs() + KEPT_MS });
    return resources;
  };
  const resources: Discovery["resources"] = async (apiVersion, options = {}) => {
    const cached = known.get(apiVersion);
    return cached !== undefined && nowMs() < cached.until ? cached.resources : ask(apiVersion, options);
  };
  return {
    resources,
    async find(apiVersion, kind, options = {}) {
      const before = known.get(apiVersion);
      const found = (await resources(apiVersion, options))?.find((resource) => resource.kind === kind);
      if (found !== undefined || before === undefined || known.get(apiVersion) !== before) return found;
      return (await ask(apiVersion, options))?.find((resource) => resource.kind === kind);
    },
    forget: () => known.clear(),
  };
}

function readResources(apiVersion: string, path: string, answer: RawResponse): ServedResource[] {
  const list = answer.status === 200 ? ResourceList.safeParse(parseJson(answer.body)) : undefined;
  if (list?.success !== true) {
    const message = `the resource types of ${apiVersion} cannot be discovered: GET ${path} answered ${answer.status}: ${answer.body.slice(0, 200)}`;
    throw new ApiError({ status: answer.status, reason: "", message, request: `GET ${path}` });
  }
  const all = list.data.resources;
  return all
    .filter(({ name }) => !name.includes("/"))
    .map(({ name, kind, namespaced, verbs }) => ({
      apiVersion,
      kind,
      plural: name,
      namespaced,
      verbs,
      subresources: all.filter((sub) => sub.name.startsWith(`${name}/`)).map((sub) => sub.name.slice(name.length + 1)),
    }));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
