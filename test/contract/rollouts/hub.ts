import type { Registration } from "../../../lib/registry/registration.ts";
import type { GatePorts } from "../../../lib/rollouts/ask-gates.ts";
import { createRolloutReconciler } from "../../../lib/rollouts/reconcile.ts";
import type { ActionOutcome, BusEvent, Reconciliation, Session } from "../../../lib/work/reconciler.ts";
import { openSession } from "../../bench/rollout-pass.ts";
import { registrationOf } from "../../fakes/registration.ts";
import type { Stage } from "./stage.ts";

export interface HubOptions {
  namespace: string;
  /** Of the resource. */
  name: string;
  hubId?: string;
  ports?: GatePorts;
  allow?: Partial<Registration["allow"]>;
}

/** A hub at work on one resource: pass after pass, as the verdicts say. */
export interface Hub {
  /** What the last pass came to. */
  last(): Reconciliation | undefined;
  passes(): number;
  /** Pods deleted, in the order of the audit rows. */
  deleted(): string[];
  /** On the bus. */
  events(): BusEvent[];
  stop(): Promise<void>;
}

/** Nobody looks less often than this here, milliseconds. */
const LONGEST_PAUSE_MS = 1_000;
const HANDOVER_MS = 90_000;

/** Starts passes over a resource and goes on until it is stopped. */
export function startHub(stage: Stage, { namespace, name, hubId = "hub", ports = {}, allow = {} }: HubOptions): Hub {
  const { time } = stage;
  const reconciler = createRolloutReconciler(undefined, ports);
  const key = { cluster: "stage", home: "cluster" as const, kind: reconciler.kind, namespace, name };
  const all = { secrets: [], roles: [], urls: [], alarms: [], ...allow };
  const stopping = new AbortController();
  const outcomes: ActionOutcome[] = [];
  const events: BusEvent[] = [];
  let last: Reconciliation | undefined;
  let passes = 0;
  const session = (state: unknown): Session => {
    const opened = openSession(stage.hub, key, { fence: passes + 1, state, handoverMs: HANDOVER_MS });
    return {
      ...opened,
      hubId,
      registration: registrationOf(key.cluster, { allow: all }),
      lease: { ...opened.lease, handoverMs: () => (stopping.signal.aborted ? 0 : opened.lease.handoverMs()) },
      now: () => time.now(),
      sleep: (ms, signal) =>
        time.sleep(ms, AbortSignal.any([stopping.signal, ...(signal === undefined ? [] : [signal])])),
      record: (more) => void outcomes.push(...more),
      emit: (event) => void events.push(event),
    };
  };
  const working = (async () => {
    while (!stopping.signal.aborted) {
      last = await reconciler.reconcile(
        session(last === undefined ? undefined : JSON.parse(JSON.stringify(last.state))),
      );
      passes += 1;
      await time.sleep(Math.min(last.verdict.seconds * 1_000, LONGEST_PAUSE_MS) + 50, stopping.signal);
    }
  })();
  working.catch(() => {});
  return {
    last: () => last,
    passes: () => passes,
    deleted: () =>
      outcomes
        .filter(({ kind, result }) => kind === "DeletePod" && result === "done")
        .map(({ object }) => nameOf(object)),
    events: () => events,
    async stop() {
      stopping.abort();
      await working;
    },
  };
}

const nameOf = (object: string): string => object.split("/").at(-1) ?? "";
