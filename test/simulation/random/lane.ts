import type { KubernetesClient } from "../../../lib/kubernetes/client.ts";
import type { KubernetesObject } from "../../../lib/kubernetes/objects.ts";
import { rolloutToken } from "../../../lib/rollouts/approval.ts";
import { claimOwner } from "../../../lib/rollouts/claim.ts";
import { type Homes, NO_HUB_HOME } from "../../../lib/rollouts/home.ts";
import type { MultiAZRollout } from "../../../lib/rollouts/observation.ts";
import type { Order } from "../../../lib/rollouts/orders.ts";
import { createRolloutReconciler } from "../../../lib/rollouts/reconcile.ts";
import type { CurrentRollout } from "../../../lib/rollouts/state.ts";
import { runDirect } from "../../../lib/work/direct.ts";
import { runDispatch } from "../../../lib/work/dispatch.ts";
import type { WorkKey } from "../../../lib/work/keys.ts";
import type { Worker } from "../../../lib/work/lane-worker.ts";
import { REQUEST_TIMEOUT_MS } from "../../../lib/work/lease.ts";
import type { Clock } from "../../../lib/work/ports.ts";
import { scheduleWork } from "../../../lib/work/post.ts";
import type { Intent } from "../../../lib/work/reconciler.ts";
import type { TakenWork } from "../../../lib/work/store.ts";
import { runWork } from "../../../lib/work/worker.ts";
import { registrationOf } from "../../fakes/registration.ts";
import { createFakeWorkStore, type FakeWorkStore, rowId } from "../../fakes/work-store.ts";
import { type ClientOptions, ModelClient, type Written } from "../client.ts";
import { NAMESPACE } from "../model.ts";
import { SimulatedQueue } from "./post-office.ts";
import { Process } from "./process.ts";
import type { SavedStatus, Surroundings } from "./surroundings.ts";
import { tableOf } from "./table.ts";

/** The rollout lane of one hub: its table, its queue, its dispatch and as many workers as messages arrive. */
export class SimulatedLane {
  readonly hubId: string;
  readonly store: FakeWorkStore;
  /** Processes that were started and have neither ended nor died. */
  readonly processes = new Set<Process>();
  passes = 0;
  readonly #queue: SimulatedQueue;
  readonly #around: Surroundings;
  readonly #takes: { id: string; fence: number; at: number }[] = [];

  constructor(hubId: string, around: Surroundings) {
    const { model, random, post, overtaken } = around;
    this.hubId = hubId;
    this.#around = around;
    this.store = createFakeWorkStore({ now: () => model.clock.now() + around.skewMs });
    around.bend?.store?.(this.store);
    const allow = { secrets: [], roles: [], urls: [], alarms: ["errors"] };
    this.store.registrations.set("prod", registrationOf("prod", { allow }));
    this.#queue = new SimulatedQueue(model.clock, {
      random,
      befall: post,
      overtaken,
      deliver: (message, receives) =>
        this.#invoke((worker, process, deadline) => {
          process.clock.after(deadline.remainingMs(), () => this.#timeOut(process));
          return runWork(worker, message, deadline, receives);
        }),
    });
  }

  keyOf = (name: string): WorkKey => ({
    cluster: "prod",
    home: this.#around.home,
    kind: "MultiAZRollout",
    namespace: NAMESPACE,
    name,
  });

  /** The claim of a resource. */
  ownerOf(name: string): string {
    return claimOwner(this.hubId, this.keyOf(name));
  }

  /** What was inked last about a resource. */
  statusOf(name: string): { phase: string; reason: string } {
    const status = this.savedStatus(name);
    return { phase: status?.phase ?? "", reason: status?.conditions?.[0]?.reason ?? "" };
  }

  /** The status as the hub keeps it. */
  savedStatus(name: string): SavedStatus | undefined {
    return this.store.states.get(rowId(this.keyOf(name)))?.status as SavedStatus | undefined;
  }

  /** Starts the minutely dispatch and schedules the resources. */
  start(names: readonly string[]): void {
    const { clock } = this.#around.model;
    const tick = (): void => {
      clock.after(60_000, tick);
      void this.#invoke((worker, process, deadline) =>
        runDispatch({ ...worker, ...NO_PROBES, clock: process.time }, deadline),
      ).catch(() => {});
    };
    clock.after(5_000 + this.#around.random() * 55_000, tick);
    for (const name of names) this.schedule(name);
  }

  /** The resource has changed: its work is posted at once. */
  schedule(name: string): void {
    void this.#invoke((worker) => scheduleWork(worker, this.keyOf(name), worker.clock.now())).catch(() => {});
  }

  /** A person runs one pass. */
  direct(name: string): void {
    void this.#invoke(async (worker, _process, deadline) => {
      await runDirect(worker, { action: "reconcile", key: this.keyOf(name) }, deadline);
    }).catch((error: unknown) => this.#around.failed(error));
  }

  /** A person orders something about the rollout under way. @returns whether it was taken. */
  async order(name: string, type: Exclude<Order["type"], "approve">): Promise<boolean> {
    const key = this.keyOf(name);
    const { rollout } = (this.store.states.get(rowId(key))?.state ?? {}) as { rollout?: CurrentRollout };
    const named = type === "abort" || type === "rollback";
    if (named && rollout === undefined) return false;
    const order = rollout !== undefined && named ? { type, rollout: rolloutToken(rollout) } : { type };
    const answer = await this.#invoke((worker, _process, deadline) =>
      runDirect(worker, { action: "order", key, order, by: "anna" }, deadline),
    );
    return "ordered" in answer;
  }

  /** A person approves in the hub what a status asks for. @returns whether it was taken. */
  async approve(name: string, token: string): Promise<boolean> {
    const order = { type: "approve" as const, token };
    const answer = await this.#invoke((worker, _process, deadline) =>
      runDirect(worker, { action: "order", key: this.keyOf(name), order, by: "anna" }, deadline),
    );
    return "ordered" in answer;
  }

  /** The revisions a rollout under way leads to, as far as the hub knows. */
  aimOf(name: string): Record<string, string> | undefined {
    const saved = this.store.states.get(rowId(this.keyOf(name)))?.state as { rollout?: CurrentRollout } | null;
    return saved?.rollout?.revisions;
  }

  /** The claims under which a rollout is under way, of resources that are still the same. */
  owners(find: (name: string) => KubernetesObject | undefined): string[] {
    return [...this.store.states.values()]
      .filter(({ key, state }) => {
        const saved = state as { uid?: string; rollout?: unknown } | null;
        return saved?.rollout !== undefined && saved.uid === find(key.name)?.metadata.uid;
      })
      .map(({ key }) => claimOwner(this.hubId, key));
  }

  /** Whether a rollback is under way. */
  get rollsBack(): boolean {
    return [...this.store.states.values()].some(({ state }) => {
      const saved = state as { rollout?: { rollback?: unknown } } | null;
      return saved?.rollout?.rollback !== undefined;
    });
  }

  /** Forgets what was saved about a resource. @returns whether a rollout was under way. */
  loseState(name: string): boolean {
    const id = rowId(this.keyOf(name));
    const saved = this.store.states.get(id)?.state as { rollout?: unknown } | null | undefined;
    if (saved?.rollout === undefined) return false;
    this.store.states.delete(id);
    return true;
  }

  #timeOut(process: Process): void {
    if (!process.running) return;
    if (process.frozen) process.clock.after(1_000, () => this.#timeOut(process));
    else this.kill(process);
  }

  kill(process: Process): void {
    this.processes.delete(process);
    process.kill();
  }

  async #invoke<T>(
    work: (worker: Worker, process: Process, deadline: { remainingMs(): number }) => Promise<T>,
  ): Promise<T> {
    const { model, skewMs, timeoutMs, ended, bend } = this.#around;
    const process = new Process(model.clock, skewMs, this.#around.random);
    this.processes.add(process);
    const startedAt = model.clock.now();
    const endsAt = startedAt + timeoutMs();
    const time = bend?.clock?.(process) ?? process.time;
    const deadline = { remainingMs: () => endsAt - (time.now() - skewMs) };
    try {
      return await work(this.#worker(process, time), process, deadline);
    } finally {
      this.processes.delete(process);
      process.ended = true;
      ended(process, model.clock.now() - startedAt);
    }
  }

  #worker(process: Process, clock: Clock): Worker {
    const { random, table, reached, intended, ports } = this.#around;
    const took = ({ row }: TakenWork): void => {
      this.passes++;
      process.taken = { id: rowId(row.key), name: row.key.name, fence: row.fence };
      this.#takes.push({ ...process.taken, at: process.clock.now() });
    };
    const pencilled = ({ actions }: Intent): void => {
      for (const { kind, object } of actions)
        if (kind === "DeletePod") intended(object.split("/").at(-1) ?? "", this.ownerOf(process.taken?.name ?? ""));
    };
    return {
      lane: "rollout",
      hubId: this.hubId,
      store: tableOf(this.store, process, { latencyMs: () => 1 + random() * 5, befall: table, took, pencilled }),
      queue: this.#queue.of(process),
      bus: { put: async () => {} },
      metrics: { add: () => {}, flush: () => {} },
      log: () => {},
      clock,
      connect: async () => this.#connect(process),
      reconcilers: [createRolloutReconciler(this.#homesOf(process), ports)],
      faultPoint: async (point) => {
        reached(point, process);
        if (!process.running) this.processes.delete(process);
        await process.awake();
      },
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
    };
  }

  /** The hub's own table holds what the model holds as resources, for whoever does not ask the cluster for them. */
  #homesOf(process: Process): Homes {
    const { home, model, random, table } = this.#around;
    if (home === "cluster") return NO_HUB_HOME;
    const loadResource: Homes["loadResource"] = (key) =>
      process.ask(async () => {
        await process.clock.sleep(1 + random() * 5);
        if (table("loadSpec") !== undefined) throw new Error("ThrottlingException: loadSpec");
        const found = model.find<MultiAZRollout>("multiazrollouts", key.name);
        if (found === undefined) return undefined;
        const { uid = "", generation = 0 } = found.metadata;
        return { uid, generation, spec: found.spec, status: this.savedStatus(key.name) };
      });
    return { loadResource, livesElsewhere: async () => false };
  }

  #connect(process: Process): KubernetesClient {
    const { model, client, bend, home, failed } = this.#around;
    const options = client(process);
    const fail: ClientOptions["fail"] = (verb, type) => {
      if (home === "hub" && type.kind === "MultiAZRollout")
        failed(`${verb} asked the cluster for a resource of the hub`);
      return options.fail?.(verb, type);
    };
    const own = new ModelClient(model, { ...options, fail, wrote: (written) => this.#wrote(written, process) });
    const heard = process.hears(own);
    return bend?.client?.(heard) ?? heard;
  }

  #wrote(written: Written, process: Process): void {
    const { id = "", name = "", fence = 0 } = process.taken ?? {};
    const leaseLost = this.#takes.some((take) => take.id === id && take.fence > fence && take.at < written.sentAt);
    this.#around.wrote({ ...written, owner: this.ownerOf(name), process, leaseLost });
  }
}

const NO_PROBES = {
  probeQueue: { send: async () => [] },
  clusters: { listActiveClusters: async () => ({ clusters: [], unreadable: [] }) },
  fleet: { countFleet: async () => ({ healthy: 0, unhealthy: 0, unknown: 0 }) },
};
