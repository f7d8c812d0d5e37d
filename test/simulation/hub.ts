import type { Pod, StatefulSet } from "../../lib/kubernetes/objects.ts";
import type { Registration } from "../../lib/registry/registration.ts";
import type { GatePorts } from "../../lib/rollouts/ask-gates.ts";
import type { Homes } from "../../lib/rollouts/home.ts";
import type { MultiAZRollout } from "../../lib/rollouts/observation.ts";
import type { Orders } from "../../lib/rollouts/orders.ts";
import { createRolloutReconciler } from "../../lib/rollouts/reconcile.ts";
import type { RolloutStatus } from "../../lib/rollouts/status.ts";
import type { ActionOutcome, BusEvent, Interruption, Reconciliation, Session } from "../../lib/work/reconciler.ts";
import { LeaseLostError } from "../../lib/work/verdict.ts";
import { registrationOf } from "../fakes/registration.ts";
import { type ClientOptions, ModelClient } from "./client.ts";
import { type ClusterModel, NAMESPACE } from "./model.ts";

/** What befalls a worker: at the nth time it reaches a fault point it dies or stands still. */
export interface Fault {
  point: string;
  nth: number;
  what: "kill" | { freezeMs: number };
}

export interface HubOptions {
  hubId?: string;
  /** The name under which the cluster is registered; default `prod`. */
  cluster?: string;
  name: string;
  client?: Omit<ClientOptions, "wrote">;
  faults?: Fault[];
  /** Told of each pod a worker of this hub deletes, before it happens. */
  deleting?: (pod: Pod) => void;
  /** Told of each StatefulSet a worker of this hub gives other replicas, when it has happened. */
  scaling?: (statefulSet: string, replicas: { from: number; to: number }) => void;
  log?: (line: string) => void;
  /** Whether the transcript tells of each pass. */
  tellPasses?: boolean;
  interruption?: () => Interruption | undefined;
  handoverMs?: number;
  ports?: GatePorts;
  allow?: Partial<Registration["allow"]>;
  /** The resource's home; default the cluster. */
  home?: "cluster" | "hub";
  homes?: Homes;
}

const TIMEOUT_MS = 120_000;
const WRITE_MARGIN_MS = 13_000;

/** The worker of one resource with its row and lease, over the model. The state goes through JSON as in the table. */
export class SimulatedHub {
  readonly events: BusEvent[] = [];
  readonly outcomes: ActionOutcome[] = [];
  /** What went into audit rows. */
  readonly recorded: ActionOutcome[] = [];
  readonly metrics: Record<string, number> = {};
  /** Log lines, each after its level. */
  readonly logged: string[] = [];
  readonly results: Reconciliation[] = [];
  readonly clients: ModelClient[] = [];
  /** Statuses saved while work went on. */
  readonly saved: RolloutStatus[] = [];
  /** What people have ordered, as the row has it. */
  orders: Orders = {};
  passes = 0;
  pencils = 0;
  failures: unknown[] = [];
  readonly #model: ClusterModel;
  readonly #options: HubOptions;
  readonly #reached = new Map<string, number>();
  #row = { fence: 0, leaseUntil: 0, state: "null" };

  constructor(model: ClusterModel, options: HubOptions) {
    this.#model = model;
    this.#options = options;
  }

  get last(): Reconciliation | undefined {
    return this.results.at(-1);
  }

  get requests(): number {
    return this.clients.reduce((sum, { requests }) => sum + requests, 0);
  }

  get state(): unknown {
    return JSON.parse(this.#row.state);
  }

  /** A message arrives now. */
  post(trigger: Session["trigger"] = "message"): void {
    this.#pass(trigger).catch((error: unknown) => this.failures.push(error));
  }

  async #pass(trigger: Session["trigger"]): Promise<void> {
    const { clock } = this.#model;
    if (this.#row.leaseUntil > clock.now()) return this.#tellPass("a duplicate finds the lease taken");
    const startedAt = clock.now();
    this.#row.fence++;
    this.#row.leaseUntil = startedAt + TIMEOUT_MS + WRITE_MARGIN_MS;
    const { fence } = this.#row;
    const pass = ++this.passes;
    this.#tellPass(`pass ${pass} begins, fence ${fence}`);
    const backstop = this.#row.leaseUntil + 5_000 - startedAt;
    clock.after(backstop, () => {
      if (this.#row.fence === fence && this.#row.leaseUntil !== 0) this.post();
    });
    const client = this.#client();
    const session = this.#session(client, trigger, { fence, startedAt });
    let result: Reconciliation;
    try {
      result = await createRolloutReconciler(this.#options.homes, this.#options.ports).reconcile(session);
    } catch (error) {
      if (error instanceof LeaseLostError) return;
      throw error;
    }
    if (this.#row.fence !== fence) return this.#tellPass(`pass ${pass} finds another worker's fence`);
    const { seconds } = result.verdict;
    this.#tellPass(`pass ${pass} ends, the next one ${seconds === 0 ? "at once" : `in ${seconds.toFixed(0)} s`}`);
    this.#row = { fence, leaseUntil: 0, state: JSON.stringify(result.state ?? null) };
    this.results.push(result);
    this.outcomes.push(...result.actions);
    if (trigger === "message") clock.after(result.verdict.seconds * 1000, () => this.post());
  }

  #tellPass(line: string): void {
    if (this.#options.tellPasses === true) this.#options.log?.(line);
  }

  #client(): ModelClient {
    const client = new ModelClient(this.#model, {
      ...this.#options.client,
      wrote: ({ verb, type, before, after }) => {
        if (verb === "delete") {
          this.#options.deleting?.(before as Pod);
          this.#options.log?.(`delete ${before.metadata.name}`);
        }
        if (type.kind === "MultiAZRollout") this.#tellStatus();
        if (type.kind === "StatefulSet" && after !== undefined)
          this.#tellScale(before as StatefulSet, after as StatefulSet);
      },
    });
    this.clients.push(client);
    return client;
  }

  #tellScale({ metadata: { name }, spec: before }: StatefulSet, { spec: after }: StatefulSet): void {
    if (before.replicas === after.replicas) return;
    this.#options.scaling?.(name, { from: before.replicas ?? 1, to: after.replicas ?? 1 });
    this.#options.log?.(`scale ${name} from ${before.replicas} to ${after.replicas}`);
  }

  #tellStatus(): void {
    const { status } = this.#model.find<MultiAZRollout>("multiazrollouts", this.#options.name) ?? {};
    const { phase, currentZone = "-", updated, conditions } = status as Partial<RolloutStatus>;
    this.#options.log?.(`status ${phase} zone=${currentZone} ${updated} ${conditions?.[0]?.reason}`);
  }

  #session(
    client: ModelClient,
    trigger: Session["trigger"],
    { fence, startedAt }: { fence: number; startedAt: number },
  ): Session {
    const { clock } = this.#model;
    const remaining = (): number => startedAt + TIMEOUT_MS - clock.now();
    const { home = "cluster", name, cluster = "prod" } = this.#options;
    const handoverMs = this.#options.handoverMs ?? 90_000;
    let { orders } = this;
    const holds = (): boolean => this.#row.fence === fence;
    return {
      key: { cluster, home, kind: "MultiAZRollout", namespace: NAMESPACE, name },
      registration: registrationOf(cluster, {
        allow: { secrets: [], roles: [], urls: [], alarms: [], ...this.#options.allow },
      }),
      hubId: this.#options.hubId ?? "hub",
      client,
      state: JSON.parse(this.#row.state),
      trigger,
      lease: {
        fence,
        remainingMs: () => remaining() + WRITE_MARGIN_MS,
        handoverMs: () => startedAt + handoverMs - clock.now(),
        mayWrite: () => remaining() >= WRITE_MARGIN_MS,
      },
      now: () => clock.now(),
      sleep: (ms, signal) => clock.sleep(ms, signal),
      pencil: async ({ state }) => {
        await clock.sleep(8);
        if (client.dead) await new Promise(() => {});
        if (!holds()) throw new LeaseLostError("another worker owns it");
        this.#row.state = JSON.stringify(state);
        this.pencils++;
        await this.#fault("pencil-act", client);
      },
      record: (outcomes) => void this.recorded.push(...outcomes),
      orders: () => orders,
      saveStatus: async (status) => {
        if (holds() && !client.dead) this.saved.push(status as RolloutStatus);
      },
      interruption: async () => {
        await clock.sleep(5);
        if (client.dead) await new Promise(() => {});
        orders = this.orders;
        return holds() ? this.#options.interruption?.() : { reason: "LeaseLost", message: "another worker owns it" };
      },
      emit: (event) => void this.events.push(event),
      count: (metric, value) => void (this.metrics[metric] = value),
      log: (level, message) => void this.logged.push(`${level} ${message}`),
      faultPoint: (point) => this.#fault(point, client),
    };
  }

  async #fault(point: string, client: ModelClient): Promise<void> {
    const nth = (this.#reached.get(point) ?? 0) + 1;
    this.#reached.set(point, nth);
    const fault = this.#options.faults?.find((each) => each.point === point && each.nth === nth);
    if (fault === undefined) return;
    this.#options.log?.(`fault at ${point}: ${fault.what === "kill" ? "killed" : "frozen"}`);
    if (fault.what !== "kill") return client.freeze(fault.what.freezeMs);
    client.kill();
    await new Promise(() => {});
  }
}
