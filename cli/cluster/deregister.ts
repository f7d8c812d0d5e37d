import { NO_DOWNSCALE_LABEL, NO_DOWNSCALE_POLICY } from "../../lib/guards/names.ts";
import { DeregisteredDetail } from "../../lib/registry/events.ts";
import { describeProblems } from "../../lib/registry/problems.ts";
import type { CommandEnvironment } from "../command-environment.ts";
import { CommandFailure, UsageError } from "../failure.ts";
import { loadCluster, waitUntilDeregistered } from "./wait.ts";

/** Nobody has looked into the cluster. */
const GUARD_LEFT =
  "If it still exists, StatefulSets labelled " +
  `${NO_DOWNSCALE_LABEL}=true stay guarded there: kubectl delete validatingadmissionpolicy,validatingadmissionpolicybinding ${NO_DOWNSCALE_POLICY}`;

/** `outrigger cluster deregister NAME`: sends the event and waits until the cluster is deregistered. */
export async function deregisterCluster(
  environment: CommandEnvironment,
  name: string,
  options: { force: boolean; wait: boolean; timeout: number },
): Promise<void> {
  const at = new Date().toISOString();
  const detail = { name, at, ...(options.force ? { force: true } : {}) };
  const parsed = DeregisteredDetail.safeParse(detail);
  if (!parsed.success) {
    throw new UsageError(`Cluster ${name}: ${describeProblems(parsed.error, "", {}).join("; ")}. Correct the name.`);
  }
  const hub = await environment.hub();
  if ((await loadCluster(hub, name)) === undefined) {
    const nextStep = "See `outrigger cluster list`";
    throw new CommandFailure({ object: `Cluster ${name}`, cause: "it is not registered", nextStep });
  }
  const eventId = await hub.putEvent("Cluster Deregistered", detail);
  if (!options.wait) return environment.output.note(`Event ${eventId} sent: deregister cluster ${name}.`);
  await waitUntilDeregistered(hub, { name, eventId, at }, options.timeout);
  environment.output.note(`Cluster ${name} is deregistered; its workloads are untouched.`);
  if (options.force) environment.output.note(GUARD_LEFT);
}
