import type {
  CallOptions,
  DeleteOptions,
  KubernetesClient,
  ListOptions,
  ListResult,
  ObjectName,
  PatchOptions,
  RawResponse,
  ResourceType,
  WatchEvent,
  WatchOptions,
} from "../../lib/kubernetes/client.ts";
import { ApiError, ConnectionError } from "../../lib/kubernetes/errors.ts";
import type { KubernetesObject, StatefulSet } from "../../lib/kubernetes/objects.ts";
import type { ClientOptions, Verb } from "./client-options.ts";
import type { ClusterModel, Collection, ModelEvent } from "./model.ts";
import { isSelected, mergePatch } from "./wire.ts";

export type { Answer, ClientOptions, Disturbance, Written } from "./client-options.ts";

/** A KubernetesClient over the model. One that was `kill`ed never answers again, as a dead process does not. */
export class ModelClient implements KubernetesClient {
  readonly #model: ClusterModel;
  readonly #options: ClientOptions;
  #dead = false;
  readonly #watching = new Set<() => void>();
  #frozen: Promise<void> = Promise.resolve();
  requests = 0;

  constructor(model: ClusterModel, options: ClientOptions = {}) {
    this.#model = model;
    this.#options = options;
  }

  get dead(): boolean {
    return this.#dead;
  }

  kill(): void {
    this.#dead = true;
    for (const forget of this.#watching) forget();
  }

  /** Requests wait as long as the process does not run. */
  freeze(ms: number): Promise<void> {
    this.#frozen = this.#model.clock.sleep(ms);
    return this.#frozen;
  }

  async get<T extends KubernetesObject>(type: ResourceType, { name }: ObjectName): Promise<T> {
    return this.#request("get", type, () => this.#mustFind<T>("GET", type, name));
  }

  async list<T extends KubernetesObject>(type: ResourceType, options: ListOptions = {}): Promise<ListResult<T>> {
    return this.#request("list", type, () => ({
      items: this.#model.all<T>(collectionOf(type)).filter((object) => isSelected(object, options)),
      resourceVersion: this.#model.version,
      observedAt: this.#model.clock.iso(),
    }));
  }

  async patch<T extends KubernetesObject>(
    type: ResourceType,
    { name }: ObjectName,
    patch: unknown,
    options: PatchOptions,
  ): Promise<T> {
    return this.#request("patch", type, (sentAt) => {
      const before = this.#mustFind<T>("PATCH", type, name);
      const change = patch as { metadata?: { resourceVersion?: string; uid?: string } };
      const { resourceVersion, uid, ...metadata } = change.metadata ?? {};
      const stale = resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion;
      if (stale || (uid !== undefined && uid !== before.metadata.uid))
        throw failure(409, "Conflict", "PATCH", type, name);
      const after = mergePatch(before, { ...change, metadata }) as T;
      const kept =
        options.subresource === "status" ? { ...before, status: (after as { status?: unknown }).status } : after;
      const stored =
        type.kind === "StatefulSet" && options.subresource === undefined
          ? (this.#model.changeStatefulSet(
              before as unknown as StatefulSet,
              kept as unknown as StatefulSet,
            ) as unknown as T)
          : this.#model.put(collectionOf(type), kept);
      this.#options.wrote?.({ verb: "patch", type, before, after: stored, sentAt });
      return stored;
    });
  }

  async delete(type: ResourceType, { name }: ObjectName, { preconditions }: DeleteOptions): Promise<void> {
    return this.#request("delete", type, (sentAt) => {
      const before = this.#mustFind("DELETE", type, name);
      if (preconditions.uid !== undefined && preconditions.uid !== before.metadata.uid) {
        throw failure(409, "Conflict", "DELETE", type, name);
      }
      this.#options.wrote?.({ verb: "delete", type, before, uid: preconditions.uid, sentAt });
      this.#model.deletePod(name);
    });
  }

  async *watch<T extends KubernetesObject>(type: ResourceType, options: WatchOptions): AsyncGenerator<WatchEvent<T>> {
    const refused = this.#options.fail?.("watch", type);
    if (refused !== undefined) throw refused;
    const { clock } = this.#model;
    const queue: (ModelEvent | { type: "BOOKMARK"; object: { metadata: { resourceVersion: string } } })[] = [];
    let broken: Error | undefined;
    let wake = (): void => {};
    let ended = false;
    let deliverAt = clock.now();
    const finish = (): void => {
      ended = true;
      wake();
    };
    const seen = new Set<string>();
    const tell = (event: ModelEvent): void => {
      if (event.collection !== collectionOf(type)) return;
      const { name } = event.object.metadata;
      const selected = event.type !== "DELETED" && isSelected(event.object, options);
      if (!selected && !seen.has(name)) return;
      const told: ModelEvent = selected ? event : { ...event, type: "DELETED" };
      if (selected) seen.add(name);
      else seen.delete(name);
      deliverAt = Math.max(deliverAt, clock.now() + (this.#options.watchLagMs?.(type) ?? 0));
      clock.after(deliverAt - clock.now(), () => {
        queue.push(told);
        wake();
      });
    };
    const missed = this.#model.eventsSince(collectionOf(type), options.resourceVersion);
    const known = [...this.#model.all(collectionOf(type)), ...missed.map(({ object }) => object)];
    for (const object of known) if (isSelected(object, options)) seen.add(object.metadata.name);
    for (const event of missed) tell(event);
    const unsubscribe = this.#model.subscribe(tell);
    const life = this.#options.watchLifeMs?.();
    let forgetReminder = (): void => {};
    let forgetEnd = (): void => {};
    if (life !== undefined) {
      forgetEnd = clock.after(life, () => {
        broken = this.#options.watchError?.();
        finish();
      });
    }
    const { bookmarkMs } = this.#options;
    const remind = (everyMs: number): void => {
      forgetReminder = clock.after(everyMs, () => {
        this.#options.bookmarked?.();
        queue.push({ type: "BOOKMARK", object: { metadata: { resourceVersion: this.#model.version } } });
        wake();
        remind(everyMs);
      });
    };
    if (bookmarkMs !== undefined) remind(bookmarkMs);
    options.signal?.addEventListener("abort", finish);
    const forget = (): void => {
      unsubscribe();
      forgetEnd();
      forgetReminder();
    };
    this.#watching.add(forget);
    try {
      for (;;) {
        if (this.#dead) await forever();
        const event = queue.shift();
        if (event !== undefined) yield event as unknown as WatchEvent<T>;
        else if (options.signal?.aborted === true) return;
        else if (ended && broken !== undefined) throw broken;
        else if (ended) return;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      forget();
      this.#watching.delete(forget);
    }
  }

  create<T extends KubernetesObject>(): Promise<T> {
    return Promise.reject(new Error("the model creates nothing"));
  }

  replace<T extends KubernetesObject>(): Promise<T> {
    return Promise.reject(new Error("the model replaces nothing"));
  }

  /** As the real client it throws for no HTTP status, and gives up a call that takes too long. */
  async raw(method: string, path: string, { timeoutMs = REQUEST_MS }: CallOptions = {}): Promise<RawResponse> {
    const { answer, calling } = this.#options;
    if (answer === undefined) throw new Error("the model has no other paths");
    calling?.(method, path);
    try {
      const { tookMs = 0, ...answered } = await this.#request(method === "GET" ? "get" : "patch", OTHER_PATHS, () =>
        answer(method, path),
      );
      await this.#model.clock.sleep(Math.min(tookMs, timeoutMs));
      if (this.#dead) await forever();
      if (tookMs > timeoutMs) throw new ConnectionError("timeout", "https://model", `no answer in ${timeoutMs} ms`);
      return { headers: {}, ...answered };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const { status, reason, message } = error;
      return { headers: {}, status, body: JSON.stringify({ kind: "Status", code: status, reason, message }) };
    }
  }

  async close(): Promise<void> {}

  async #request<T>(verb: Verb, type: ResourceType, answer: (sentAt: number) => T): Promise<T> {
    if (this.#dead) await forever();
    await this.#frozen;
    this.requests++;
    const { clock } = this.#model;
    const sentAt = clock.now();
    await clock.sleep(this.#options.latencyMs?.() ?? 0);
    const disturbance = this.#options.disturb?.(verb, type);
    let result: { value: T } | { error: unknown };
    try {
      const error = this.#options.fail?.(verb, type) ?? (disturbance?.at === "before" ? disturbance.error : undefined);
      if (error !== undefined) throw error;
      if (disturbance?.at === "later") {
        clock.after(disturbance.afterMs, () => attempt(() => answer(sentAt)));
        throw disturbance.error;
      }
      result = { value: answer(sentAt) };
    } catch (error) {
      result = { error };
    }
    const waitMs = disturbance?.at === "later" ? 0 : (disturbance?.waitMs ?? 0);
    await clock.sleep(waitMs + (this.#options.latencyMs?.() ?? 0));
    if (this.#dead) await forever();
    if (disturbance?.at === "after") throw disturbance.error;
    if ("error" in result) throw result.error;
    return result.value;
  }

  #mustFind<T extends KubernetesObject>(verb: string, type: ResourceType, name: string): T {
    const found = this.#model.find<T>(collectionOf(type), name);
    if (found === undefined) throw failure(404, "NotFound", verb, type, name);
    return found;
  }
}

/** How long a request may take, milliseconds. */
const REQUEST_MS = 10_000;

/** Stands for what is no resource of the model's. */
const OTHER_PATHS: ResourceType = { apiVersion: "v1", kind: "Path", plural: "paths", namespaced: false };

/** What fails long after the client has gone tells nobody. */
function attempt(act: () => unknown): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}

const forever = (): Promise<never> => new Promise(() => {});
const collectionOf = ({ plural }: ResourceType): Collection => plural as Collection;

function failure(status: number, reason: string, verb: string, type: ResourceType, name: string): ApiError {
  return new ApiError({
    status,
    reason,
    message: `${type.plural} "${name}": ${reason}`,
    request: `${verb} ${type.plural}/${name}`,
  });
}
