import * as z from "zod";
import type { HealthRow } from "../health/row.ts";
import { problemsInWords } from "../kubernetes/issue-in-words.ts";
import { describeKey, WorkKey } from "../work/keys.ts";
import type { StateRow, WorkRow, WorkStore } from "../work/store.ts";
import { didYouMean } from "./problems.ts";
import type { Registration } from "./registration.ts";
import type { RegistryStore } from "./store.ts";
import type { RegistrationList, UnreadableCluster } from "./unreadable.ts";

/** What the `api` function is asked. */
export const ApiRequest = z.discriminatedUnion("action", [
  z.strictObject({ action: z.literal("cluster.list") }),
  z.strictObject({ action: z.literal("cluster.get"), name: z.string().min(1) }),
  z.strictObject({
    action: z.literal("resource.list"),
    kind: z.string().optional(),
    cluster: z.string().optional(),
    namespace: z.string().optional(),
  }),
  z.strictObject({ action: z.literal("resource.get"), key: WorkKey }),
  z.strictObject({ action: z.literal("status") }),
]);
export type ApiRequest = z.infer<typeof ApiRequest>;

/** A cluster with what its last probes said; no health before the first probe of this registration. */
export interface ClusterView {
  registration: Registration;
  health?: HealthRow;
}

export interface ResourceView {
  key: WorkKey;
  /** As last written; absent before the first pass. */
  status?: unknown;
  /** ISO-8601 UTC. */
  updatedAt?: string;
  /** Epoch milliseconds. */
  dueAt: number;
}

/** The hub at a glance. */
export interface HubStatus {
  clusters: Record<string, number>;
  health: Record<string, number>;
  /** By kind, then phase. */
  resources: Record<string, Record<string, number>>;
  /** Resources whose due time has passed by more than a minute: dispatch should have seen them. */
  overdue: number;
}

export type ApiReply =
  /** `unreadable`: clusters which the answer should cover and that could not be read; absent when there are none. */
  | { ok: true; data: unknown; unreadable?: UnreadableCluster[] }
  | { ok: false; error: { object: string; cause: string; nextStep: string } };

export interface QueryPorts {
  registry: Pick<RegistryStore, "load" | "list" | "loadHealth" | "listHealth">;
  work: Pick<WorkStore, "load" | "loadState" | "listCluster">;
  clock: { now(): number };
}

/** Clusters whose resources are read at the same time. */
const CLUSTERS_AT_ONCE = 10;
const OVERDUE_MS = 60_000;

/** Answers one question about the fleet from the table; asks no cluster. Never throws for a wrong question. */
export async function answerQuery(ports: QueryPorts, question: unknown): Promise<ApiReply> {
  const parsed = ApiRequest.safeParse(question);
  if (!parsed.success) {
    const cause = problemsInWords(parsed.error, "request").join("; ");
    return {
      ok: false,
      error: { object: "request", cause, nextStep: "see events/api-request.json for what may be asked" },
    };
  }
  const request = parsed.data;
  switch (request.action) {
    case "cluster.list":
      return { ok: true, data: await viewClusters(ports, (await ports.registry.list()).registrations) };
    case "cluster.get":
      return getCluster(ports, request.name);
    case "resource.list":
      return listResources(ports, request);
    case "resource.get":
      return getResource(ports, request.key);
    case "status":
      return { ok: true, data: await hubStatus(ports) };
  }
}

async function viewClusters({ registry }: QueryPorts, registrations: readonly Registration[]): Promise<ClusterView[]> {
  const rows = new Map(
    (await registry.listHealth(registrations.map(({ name }) => name))).map((row) => [row.cluster, row]),
  );
  return registrations.map((registration) => viewCluster(registration, rows.get(registration.name)));
}

/** Health of an earlier cluster of that name is none of this one's. */
function viewCluster(registration: Registration, health: HealthRow | undefined): ClusterView {
  return health?.identity === registration.identity ? { registration, health } : { registration };
}

async function getCluster(ports: QueryPorts, name: string): Promise<ApiReply> {
  const registration = await ports.registry.load(name);
  if (registration === undefined) return unknownCluster(ports, name);
  return { ok: true, data: viewCluster(registration, await ports.registry.loadHealth(name)) };
}

async function unknownCluster(ports: QueryPorts, name: string): Promise<ApiReply> {
  const suggestion = didYouMean(name, namesOf(await ports.registry.list()));
  const nextStep =
    suggestion === undefined ? "see `outrigger cluster list`, or register it" : `did you mean ${suggestion}?`;
  return { ok: false, error: { object: `cluster ${name}`, cause: "it is not registered", nextStep } };
}

async function listResources(
  ports: QueryPorts,
  filter: Extract<ApiRequest, { action: "resource.list" }>,
): Promise<ApiReply> {
  if (filter.cluster !== undefined && (await ports.registry.load(filter.cluster)) === undefined)
    return unknownCluster(ports, filter.cluster);
  const clusters = filter.cluster === undefined ? namesOf(await ports.registry.list()) : [filter.cluster];
  const resources = (await resourcesOfAll(ports, clusters)).filter(
    ({ key }) =>
      (filter.kind === undefined || key.kind === filter.kind) &&
      (filter.namespace === undefined || key.namespace === filter.namespace),
  );
  return { ok: true, data: resources };
}

/** Those that cannot be read too: what the table knows of them is theirs still. */
const namesOf = ({ registrations, unreadable }: RegistrationList): string[] =>
  [...registrations, ...unreadable].map(({ name }) => name);

async function resourcesOfAll(ports: QueryPorts, clusters: readonly string[]): Promise<ResourceView[]> {
  const views: ResourceView[] = [];
  for (let start = 0; start < clusters.length; start += CLUSTERS_AT_ONCE) {
    const rows = await Promise.all(
      clusters.slice(start, start + CLUSTERS_AT_ONCE).map((cluster) => ports.work.listCluster(cluster)),
    );
    views.push(...rows.flat().map(({ row, state }) => viewResource(row, state)));
  }
  const order = ({ key }: ResourceView) => [key.cluster, key.kind, key.namespace, key.name].join("\0");
  return views.sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

function viewResource(row: WorkRow, state: StateRow | undefined): ResourceView {
  return {
    key: row.key,
    dueAt: row.dueAt,
    ...(state === undefined ? {} : { status: state.status, updatedAt: state.updatedAt }),
  };
}

async function getResource(ports: QueryPorts, key: WorkKey): Promise<ApiReply> {
  const [row, state] = await Promise.all([ports.work.load(key), ports.work.loadState(key)]);
  if (row !== undefined) return { ok: true, data: viewResource(row, state) };
  const cause = "the hub does not know it";
  return {
    ok: false,
    error: {
      object: describeKey(key),
      cause,
      nextStep: `check kind, namespace and name; a new resource is found with the next discovery pass of cluster ${key.cluster}`,
    },
  };
}

async function hubStatus(ports: QueryPorts): Promise<HubStatus> {
  const list = await ports.registry.list();
  const clusters = await viewClusters(ports, list.registrations);
  const resources = await resourcesOfAll(ports, namesOf(list));
  const status: HubStatus = { clusters: {}, health: {}, resources: {}, overdue: 0 };
  const count = (counts: Record<string, number>, name: string) => {
    counts[name] = (counts[name] ?? 0) + 1;
  };
  for (const { registration, health } of clusters) {
    count(status.clusters, registration.state);
    count(status.health, health?.class ?? "NotProbed");
  }
  if (list.unreadable.length > 0) status.clusters["Unreadable"] = list.unreadable.length;
  for (const { key, status: known, dueAt } of resources) {
    count((status.resources[key.kind] ??= {}), phaseOf(known));
    if (dueAt < ports.clock.now() - OVERDUE_MS) status.overdue += 1;
  }
  return status;
}

function phaseOf(status: unknown): string {
  const phase = typeof status === "object" && status !== null ? (status as { phase?: unknown }).phase : undefined;
  return typeof phase === "string" ? phase : "Pending";
}
