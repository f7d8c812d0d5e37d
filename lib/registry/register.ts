import { type BatchResponse, type DoorRecord, postpone } from "../work/door.ts";
import { scheduleWork } from "../work/post.ts";
import { RetryableError } from "../work/verdict.ts";
import { type Decision, decide, type ResolvedIdentity } from "./decide.ts";
import { runDeregistration } from "./deregister.ts";
import { discoveryKey } from "./discovery-key.ts";
import type { EmittedDetail } from "./emitted-events.ts";
import { parseEvent, type RegistryEvent } from "./events.ts";
import { type RegisterPorts, RegistrationRefusedError } from "./ports.ts";
import { type Registration, scopeOf } from "./registration.ts";
import { changeResource } from "./resource-changed.ts";
import { tellDeregistered } from "./tell-deregistered.ts";

/** Writers of one row at the same time; more than this many in a row means something else is wrong. */
const MAX_WRITE_ATTEMPTS = 5;
/** When the discovery pass first takes up a deregistration that could not be finished at once. */
const DEREGISTRATION_RETRY_MS = 5_000;
/** The longest reason put into a message attribute, characters. */
const REASON_LENGTH = 4_000;

/** What became of one message; all of them are acknowledged. */
export type RegisterOutcome =
  | { type: "done" }
  | { type: "ignored"; message: string }
  | { type: "rejected"; problems: readonly string[] };

/** A batch of the registration queue; only what should come back is reported. */
export async function admitRegistrations(ports: RegisterPorts, records: readonly DoorRecord[]): Promise<BatchResponse> {
  const failures = await Promise.all(
    records.map(async (record) => {
      const { messageId, body } = record;
      try {
        await handleRegistration(ports, { messageId, body });
        return [];
      } catch (error) {
        ports.log("error", "Event goes back to the queue", {
          messageId,
          cause: error instanceof Error ? error.message : String(error),
        });
        await postpone(record, ports);
        return [{ itemIdentifier: messageId }];
      }
    }),
  );
  return { batchItemFailures: failures.flat() };
}

/**
 * One message of the registration queue, from event to registered cluster. A refused event goes to the dead-letter queue
 * with its problems, is counted and announced; nothing of it is applied.
 * @throws RetryableError when the message should come back.
 */
export async function handleRegistration(
  ports: RegisterPorts,
  record: { body: string; messageId: string },
): Promise<RegisterOutcome> {
  const parsed = parseEvent(record.body, { local: ports.local });
  if (!("event" in parsed))
    return reject(ports, record, parsed.problems, parsed.cluster === undefined ? {} : { cluster: parsed.cluster });
  const { event } = parsed;
  const named = { cluster: event.type === "Resource Changed" ? event.detail.cluster : event.name, eventId: event.id };
  try {
    const outcome = await applyEvent(ports, event);
    if (outcome.type === "rejected") return await reject(ports, record, outcome.problems, named);
    ports.log("info", outcome.type === "ignored" ? outcome.message : `${event.type} applied`, named);
    return outcome;
  } catch (error) {
    if (error instanceof RetryableError) throw error;
    const cause = error instanceof Error ? error.message : String(error);
    throw new RetryableError(
      `${event.type} of cluster ${named.cluster} could not be applied: ${cause}; it is tried again`,
      { cause: error },
    );
  }
}

async function reject(
  ports: RegisterPorts,
  record: { body: string; messageId: string },
  problems: readonly string[],
  named: { cluster?: string; eventId?: string },
): Promise<RegisterOutcome> {
  try {
    await ports.deadLetters.put({ ...record, reason: problems.join("; ").slice(0, REASON_LENGTH) });
  } catch (error) {
    throw new RetryableError("The dead-letter queue did not take a refused event; it is tried again.", {
      cause: error,
    });
  }
  ports.metrics.add("RegistrationsRejected", 1);
  ports.log("warn", "Event refused", { ...named, problems });
  const detail: EmittedDetail<"Cluster Registration Rejected"> = { ...named, problems: [...problems] };
  await announce(ports, "Cluster Registration Rejected", detail);
  return { type: "rejected", problems };
}

async function applyEvent(ports: RegisterPorts, event: RegistryEvent): Promise<RegisterOutcome> {
  if (event.type === "Resource Changed") return changeResource(ports, event.detail);
  let resolved: ResolvedIdentity | undefined;
  for (let attempt = 0; attempt < MAX_WRITE_ATTEMPTS; attempt += 1) {
    const existing = await ports.registry.load(event.name);
    const input = { existing, event, nowMs: ports.clock.now(), defaultNamespaces: ports.defaultNamespaces };
    let decision = decide(input);
    if (decision.type === "resolve") {
      try {
        resolved ??= await ports.resolveIdentity(decision.access);
      } catch (error) {
        if (error instanceof RegistrationRefusedError) return { type: "rejected", problems: error.problems };
        throw error;
      }
      const { identity } = resolved;
      const knownAs = await ports.registry.nameOf(scopeOf({ identity, namespaces: decision.namespaces }));
      decision = decide({ ...input, resolved, knownAs });
    }
    const outcome = await carryOut(ports, decision, existing);
    if (outcome !== "changedMeanwhile") return outcome;
  }
  throw new RetryableError(
    `Cluster ${event.name} was written by others ${MAX_WRITE_ATTEMPTS} times in a row; the event is tried again.`,
  );
}

async function carryOut(
  ports: RegisterPorts,
  decision: Decision,
  existing: Registration | undefined,
): Promise<RegisterOutcome | "changedMeanwhile"> {
  switch (decision.type) {
    case "resolve":
      throw new Error("A decision with a known identity asked for it again; this is a bug in decide.");
    case "reject":
      return { type: "rejected", problems: decision.problems };
    case "ignore":
      return { type: "ignored", message: decision.message };
    case "advance":
      if (decision.registration !== existing && !(await ports.registry.save(decision.registration, existing)))
        return "changedMeanwhile";
      await tellDeregistered(ports, decision.registration);
      return { type: "done" };
    case "write":
      if (!(await ports.registry.save(decision.registration, existing))) return "changedMeanwhile";
      await startWork(ports, decision.registration, decision.change);
      return { type: "done" };
    case "repeat":
      await startWork(ports, decision.registration, "updated");
      return { type: "done" };
    case "deregister":
      if (decision.registration !== existing && !(await ports.registry.save(decision.registration, existing)))
        return "changedMeanwhile";
      await startDeregistration(ports, decision.registration, decision.force);
      return { type: "done" };
  }
}

/** Nobody waits for the next minute: first probe and first discovery are posted at once. */
async function startWork(
  ports: RegisterPorts,
  registration: Registration,
  change: "registered" | "updated" | "recreated",
): Promise<void> {
  const { name, identity, eventId, at } = registration;
  const dueAt = ports.clock.now();
  const unsent = await ports.probes.send([{ message: { version: 1, clusters: [name], dueAt }, delaySeconds: 0 }]);
  for (const { cause } of unsent)
    ports.log("warn", "First probe not sent; the next slot brings one", { cluster: name, cause });
  const customResources = await installCustomResources(ports, registration);
  await scheduleWork({ ...ports, store: ports.work }, discoveryKey(name), ports.clock.now());
  const detail: EmittedDetail<"Cluster Registration Completed"> = {
    cluster: name,
    identity,
    change,
    eventId,
    at,
    ...customResources,
  };
  await announce(ports, "Cluster Registration Completed", detail);
}

type CustomResources = Pick<EmittedDetail<"Cluster Registration Completed">, "customResources" | "message">;

/** A cluster that cannot be reached now is registered all the same; the discovery pass installs what is missing. */
async function installCustomResources(ports: RegisterPorts, registration: Registration): Promise<CustomResources> {
  if (!registration.installCustomResources) return { customResources: "notRequested" };
  try {
    await ports.installCustomResources(await ports.connect(registration), registration);
    return { customResources: "installed" };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    ports.log("warn", "Custom resources not installed yet", { cluster: registration.name, cause: message });
    return { customResources: "pending", message };
  }
}

async function startDeregistration(ports: RegisterPorts, registration: Registration, force: boolean): Promise<void> {
  const result = await runDeregistration(ports, registration, { force, holdsDiscovery: false });
  if (result.done) return;
  ports.log("info", "Deregistration goes on", {
    cluster: registration.name,
    reason: result.reason,
    cause: result.message,
  });
  await scheduleWork(
    { ...ports, store: ports.work },
    discoveryKey(registration.name),
    ports.clock.now() + DEREGISTRATION_RETRY_MS,
  );
}

/** The row is written: an event that cannot be sent must not undo that. */
async function announce(ports: RegisterPorts, detailType: string, detail: Record<string, unknown>): Promise<void> {
  try {
    await ports.bus.put([{ detailType, detail }]);
  } catch (error) {
    ports.log("warn", "Event not sent", { detailType, cause: error instanceof Error ? error.message : String(error) });
  }
}
