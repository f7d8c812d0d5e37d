import type { EventBus } from "../work/ports.ts";
import type { EmittedDetail } from "./emitted-events.ts";
import type { Registration } from "./registration.ts";
import type { RegistryStore } from "./store.ts";

/**
 * Sends `Cluster Deregistration Completed` while the tombstone says that it is to be sent, and then has the tombstone say so no
 * more: whoever dies in between has it sent again. A cluster that was registered anew meanwhile is not told of.
 * @param tombstone as read: what is there now decides.
 * @throws what the bus rejects with; then it is still to be sent.
 */
export async function tellDeregistered(
  { bus, registry }: { bus: EventBus; registry: Pick<RegistryStore, "load" | "save"> },
  { name }: Pick<Registration, "name">,
): Promise<void> {
  const now = await registry.load(name);
  if (now?.state !== "Deregistered" || now.untold === undefined) return;
  const { untold, ...told } = now;
  const { identity, eventId } = now;
  const detail: EmittedDetail<"Cluster Deregistration Completed"> = {
    cluster: name,
    identity,
    forced: untold.forced,
    eventId,
  };
  await bus.put([{ detailType: "Cluster Deregistration Completed", detail }]);
  await registry.save(told, now);
}
