import type { CommandEnvironment } from "../command-environment.ts";
import { type Output, printData, renderTable } from "../output.ts";
import { findRollout, parseRolloutName, type RolloutName, type RolloutView } from "./find.ts";

/** `outrigger rollout status NAME`: where a rollout is, zone by zone, without asking its cluster. */
export async function showRollout(environment: CommandEnvironment, text: string, options: RolloutName): Promise<void> {
  const name = parseRolloutName(text, options);
  const found = await findRollout(await environment.hub(), name, options);
  await printRollout(environment.output, found);
}

async function printRollout(output: Output, found: RolloutView): Promise<void> {
  if (output.format !== "table") return printData(output, found);
  const { key, status } = found;
  const title = `${key.namespace}/${key.name} in ${key.cluster}`;
  if (status === undefined) return output.line(`${title}: not looked at yet`);
  const ready = status.conditions.find(({ type }) => type === "Ready");
  const zone = status.currentZone === undefined ? "" : `, zone ${status.currentZone}`;
  output.line(`${title}: ${status.phase}${zone}, ${status.updated ?? "0/0"} updated`);
  if (ready !== undefined) output.line(`${ready.reason}: ${ready.message}`);
  const further = status.conditions.filter(
    ({ type, status: value }) => !["Ready", "Progressing", "Held", "Stalled"].includes(type) && value === "False",
  );
  for (const { type, reason, message } of further) output.line(`${type}=False ${reason}: ${message}`);
  const rows = status.zones.map(({ name, statefulSets, replicas, updated, available, phase }) => [
    name,
    phase,
    `${updated}/${replicas}`,
    `${available}/${replicas}`,
    statefulSets.join(", "),
  ]);
  if (rows.length > 0) {
    output.line(await renderTable(["ZONE", "PHASE", "UPDATED", "AVAILABLE", "STATEFULSETS"], rows));
  }
  if (status.approval !== undefined) {
    const where = `${key.name} -n ${key.namespace} --cluster ${key.cluster}`;
    output.note(`It asks for approval of ${status.approval.of}: outrigger rollout approve ${where}`);
  }
}
