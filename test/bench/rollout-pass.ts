import { setTimeout as sleep } from "node:timers/promises";
import type { KubernetesClient } from "../../lib/kubernetes/client.ts";
import { createRolloutReconciler } from "../../lib/rollouts/reconcile.ts";
import type { Session } from "../../lib/work/reconciler.ts";
import { registrationOf } from "../fakes/registration.ts";

const PENCIL_MS = 10;
const READ_MS = 5;
const LEASE_MS = 135_000;
/** From the end of a pass until the next one begins: ink, a message, the queue, and an invocation that is warm. */
const BETWEEN_PASSES_MS = 100;

/**
 * Passes over one MultiAZRollout, one after the other as their verdicts say, until a rollout is completed.
 * @param handoverMs when a pass hands over to the next one, milliseconds.
 * @returns how many passes it took.
 */
export async function rollUntilCompleted(
  client: KubernetesClient,
  { namespace, name, handoverMs }: { namespace: string; name: string; handoverMs: number },
): Promise<number> {
  const reconciler = createRolloutReconciler();
  const key = { cluster: "bench", home: "cluster" as const, kind: reconciler.kind, namespace, name };
  let state: unknown;
  for (let fence = 1; ; fence++) {
    const result = await reconciler.reconcile(openSession(client, key, { fence, state, handoverMs }));
    state = JSON.parse(JSON.stringify(result.state));
    if (result.status.phase === "Completed") return fence;
    await sleep(BETWEEN_PASSES_MS + Math.min(result.verdict.seconds, 1) * 1_000);
  }
}

/** A session as a lane opens it, with pauses where its table would be asked. */
export function openSession(
  client: KubernetesClient,
  key: Session["key"],
  { fence, state, handoverMs }: { fence: number; state: unknown; handoverMs: number },
): Session {
  const startedAt = performance.now();
  const elapsed = (): number => performance.now() - startedAt;
  return {
    key,
    registration: registrationOf(key.cluster),
    hubId: "bench",
    client,
    state,
    trigger: "message",
    lease: {
      fence,
      remainingMs: () => LEASE_MS - elapsed(),
      handoverMs: () => handoverMs - elapsed(),
      mayWrite: () => LEASE_MS - elapsed() > 20_000,
    },
    now: () => Date.now(),
    sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => {}),
    pencil: () => sleep(PENCIL_MS),
    record: () => {},
    orders: () => undefined,
    saveStatus: () => sleep(PENCIL_MS),
    interruption: async () => {
      await sleep(READ_MS);
      return undefined;
    },
    emit: () => {},
    count: () => {},
    log: () => {},
    faultPoint: async () => {},
  };
}
