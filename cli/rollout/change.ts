import { APPROVE_ANNOTATION } from "../../lib/rollouts/approval.ts";
import type { CommandEnvironment } from "../command-environment.ts";
import { CommandFailure } from "../failure.ts";
import type { Hub } from "../hub.ts";
import { printData } from "../output.ts";
import { checkRolloutName, findRollout, type RolloutName, type RolloutView } from "./find.ts";
import { patchWithKubectl } from "./kubectl.ts";

/** Writes a merge patch into a resource of a cluster, with the caller's own access. */
export type PatchResource = (hub: Hub, key: RolloutView["key"], patch: unknown) => Promise<void>;

/** `outrigger rollout pause|resume NAME`: sets spec.paused, which is heeded before the next batch. */
export async function pauseRollout(
  environment: CommandEnvironment,
  name: string,
  { paused, ...where }: RolloutName & { paused: boolean },
  patchResource: PatchResource = patchWithKubectl,
): Promise<void> {
  checkRolloutName(name, where);
  const hub = await environment.hub();
  const { key } = await findRollout(hub, name, where);
  if (key.home === "hub") {
    throw new CommandFailure({
      object: describe(key),
      cause: "it lives in the hub, which has its spec as it was applied",
      nextStep: `Set spec.paused to ${paused} in its manifest and send it with \`outrigger apply\``,
    });
  }
  await patchResource(hub, key, { spec: { paused } });
  const done = paused ? "paused; nothing is deleted after the batch under way" : "resumed";
  await report(environment, key, { paused }, done);
}

/** `outrigger rollout approve NAME`: answers what the rollout asks for now, and nothing else. */
export async function approveRollout(
  environment: CommandEnvironment,
  name: string,
  where: RolloutName,
  patchResource: PatchResource = patchWithKubectl,
): Promise<void> {
  checkRolloutName(name, where);
  const hub = await environment.hub();
  const { key, status } = await findRollout(hub, name, where);
  const approval = status?.approval;
  if (approval === undefined) {
    throw new CommandFailure({
      object: describe(key),
      cause: `it asks for no approval (phase ${status?.phase ?? "unknown"})`,
      nextStep: "See `outrigger rollout status` for what it waits for",
    });
  }
  if (key.home === "hub") {
    throw new CommandFailure({
      object: describe(key),
      cause: "it lives in the hub, where a resource carries no annotations",
      nextStep: "Set spec.pauseAfterZone to false in its manifest and send it with `outrigger apply`",
    });
  }
  await patchResource(hub, key, { metadata: { annotations: { [APPROVE_ANNOTATION]: approval.token } } });
  await report(environment, key, { approved: approval }, `approved: ${approval.of}`);
}

/** Says what was done, and has it looked at now instead of at its next turn. */
async function report(
  environment: CommandEnvironment,
  key: RolloutView["key"],
  data: Record<string, unknown>,
  done: string,
): Promise<void> {
  const { output } = environment;
  const hub = await environment.hub();
  // A worker that is at it already sees the change by itself.
  await hub.invoke(hub.outputs.RolloutFunction, { action: "reconcile", key }).catch(() => undefined);
  if (output.format !== "table") return printData(output, { key, ...data });
  output.line(`${describe(key)} ${done}`);
}

const describe = ({ kind, namespace, name, cluster }: RolloutView["key"]): string =>
  `${kind} ${namespace}/${name} in ${cluster}`;
