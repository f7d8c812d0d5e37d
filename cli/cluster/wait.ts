import { setTimeout as sleep } from "node:timers/promises";
import { askApi } from "../api.ts";
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
  let missing = "it is not registered yet";
  const view = await poll(hub, sent, timeoutSeconds, async () => {
    const found = await loadCluster(hub, sent.name);
    if (found === undefined || !isWritten(found, sent) || found.registration.state !== "Active") return undefined;
    missing = "it is registered but was not probed yet";
    return found.health?.identity === found.registration.identity ? found : undefined;
  });
  if (view !== undefined) return view;
  throw tooLate(sent, timeoutSeconds, missing);
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

/** @returns undefined when no cluster of that name is known. */
export async function loadCluster(hub: Hub, name: string): Promise<ClusterView | undefined> {
  const clusters = ClusterView.array().parse(await askApi(hub, { action: "cluster.list" }));
  return clusters.find(({ registration }) => registration.name === name);
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
    const rejection = await findRejection(hub, sent.eventId);
    if (rejection !== undefined) {
      throw new CommandFailure({
        object: `Cluster ${sent.name}`,
        cause: `the hub rejected event ${sent.eventId}: ${rejection}`,
        nextStep: "Correct this and send it again",
      });
    }
    if (Date.now() > deadline) return undefined;
    await sleep(POLL_MS);
  }
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
