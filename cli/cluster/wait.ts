import { setTimeout as sleep } from "node:timers/promises";
import { askFleet } from "../api.ts";
import { CommandFailure } from "../failure.ts";
import type { Hub } from "../hub.ts";
import { ClusterView } from "../views.ts";
import { findRejection } from "./rejection.ts";

/** An event that was put on the bus. */
export interface SentEvent {
  /** The cluster it names. */
  name: string;
  eventId: string;
  /** Its `at`, ISO-8601 UTC. */
  at: string;
}

const POLL_MS = 500;

/**
 * Waits until the cluster is registered as the event says (or as a later one does) and was probed since.
 * @throws CommandFailure with the reasons when the event was rejected, or what is missing when the time is over.
 */
export async function waitUntilProbed(hub: Hub, sent: SentEvent, timeoutSeconds: number): Promise<ClusterView> {
  const [view] = await waitUntilAllProbed(hub, [sent], timeoutSeconds);
  if (view === undefined) throw tooLate(sent, timeoutSeconds, "it is not registered yet");
  return view;
}

/**
 * As `waitUntilProbed`, for several clusters by the same questions: one at a time, however many they are.
 * @param onProbed told each as soon as it is found probed.
 * @returns what the hub knows of them, in the order of the events.
 * @throws CommandFailure about the first that was rejected, or that is missing when the time is over.
 */
export async function waitUntilAllProbed(
  hub: Hub,
  sent: readonly SentEvent[],
  timeoutSeconds: number,
  onProbed: (view: ClusterView) => void = () => undefined,
): Promise<ClusterView[]> {
  const deadline = Date.now() + timeoutSeconds * 1000;
  const probed = new Map<string, ClusterView>();
  for (;;) {
    const known = await loadClusters(
      hub,
      sent.map(({ name }) => name),
    );
    let missing: CommandFailure | undefined;
    for (const one of sent.filter(({ name }) => !probed.has(name))) {
      const found = known.get(one.name);
      const active = found !== undefined && isWritten(found, one) && found.registration.state === "Active";
      if (active && found.health?.identity === found.registration.identity) {
        probed.set(one.name, found);
        onProbed(found);
        continue;
      }
      if (!active) await failIfRejected(hub, one);
      const why = active ? "it is registered but was not probed yet" : "it is not registered yet";
      missing ??= tooLate(one, timeoutSeconds, why);
    }
    if (missing === undefined) return sent.flatMap(({ name }) => probed.get(name) ?? []);
    if (Date.now() > deadline) throw missing;
    await sleep(POLL_MS);
  }
}

/**
 * Waits until the registration is as the event says, or as a later one does.
 * @throws CommandFailure as `waitUntilProbed`.
 */
export async function waitUntilWritten(hub: Hub, sent: SentEvent, timeoutSeconds: number): Promise<ClusterView> {
  const view = await poll(hub, sent, timeoutSeconds, async () => {
    const found = await loadCluster(hub, sent.name);
    return found !== undefined && isWritten(found, sent) ? found : undefined;
  });
  if (view !== undefined) return view;
  throw tooLate(sent, timeoutSeconds, "its registration is not changed yet");
}

/**
 * Waits until the cluster is deregistered.
 * @throws CommandFailure as `waitUntilProbed`.
 */
export async function waitUntilDeregistered(hub: Hub, sent: SentEvent, timeoutSeconds: number): Promise<void> {
  let missing = "it is still registered";
  const done = await poll(hub, sent, timeoutSeconds, async () => {
    const found = await loadCluster(hub, sent.name);
    if (found?.registration.state === "Deregistering") missing = "it is still being cleaned up";
    return found === undefined || found.registration.state === "Deregistered" ? true : undefined;
  });
  if (done !== true) throw tooLate(sent, timeoutSeconds, missing);
}

/**
 * @returns undefined when no cluster of that name is known.
 * @throws CommandFailure when its registration cannot be read: it is not gone.
 */
export async function loadCluster(hub: Hub, name: string): Promise<ClusterView | undefined> {
  return (await loadClusters(hub, [name])).get(name);
}

/** Those that are registered; throws as `loadCluster`. */
async function loadClusters(hub: Hub, names: readonly string[]): Promise<Map<string, ClusterView>> {
  const { data, unreadable } = await askFleet(hub, { action: "cluster.list" });
  const lost = unreadable.find(({ name }) => names.includes(name));
  if (lost !== undefined)
    throw new CommandFailure({ object: `cluster ${lost.name}`, cause: lost.cause, nextStep: lost.nextStep });
  return new Map(
    ClusterView.array()
      .parse(data)
      .map((view) => [view.registration.name, view]),
  );
}

async function poll<T>(
  hub: Hub,
  sent: SentEvent,
  timeoutSeconds: number,
  look: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const deadline = Date.now() + timeoutSeconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await failIfRejected(hub, sent);
    if (Date.now() > deadline) return undefined;
    await sleep(POLL_MS);
  }
}

async function failIfRejected(hub: Hub, sent: SentEvent): Promise<void> {
  const rejection = await findRejection(hub, sent.eventId);
  if (rejection === undefined) return;
  throw new CommandFailure({
    object: `Cluster ${sent.name}`,
    cause: `the hub rejected event ${sent.eventId}: ${rejection}`,
    nextStep: "Correct this and send it again",
  });
}

function isWritten({ registration }: ClusterView, sent: SentEvent): boolean {
  return registration.eventId === sent.eventId || registration.at > sent.at;
}

function tooLate(sent: SentEvent, timeoutSeconds: number, missing: string): CommandFailure {
  return new CommandFailure({
    object: `Cluster ${sent.name}`,
    cause: `${missing} after ${timeoutSeconds} s (event ${sent.eventId})`,
    nextStep: `Look again with \`outrigger cluster get ${sent.name}\`, or at the log of the register and probe functions`,
  });
}
