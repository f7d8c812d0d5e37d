import type { StatefulSet } from "../../../lib/kubernetes/objects.ts";
import type { Fault } from "./draw.ts";
import type { OwnWrite } from "./surroundings.ts";
import type { World } from "./world.ts";

/** A strategy under which the StatefulSet's own controller replaces nothing. */
const ROLLING = { type: "RollingUpdate", rollingUpdate: { partition: 1_000 } } as const;
const RETRY_MS = 5_000;
const ON_DELETE = { type: "OnDelete" } as const;

function setStrategy(world: World, name: string, updateStrategy: StatefulSet["spec"]["updateStrategy"]): void {
  const { model } = world;
  const found = model.find<StatefulSet>("statefulsets", name);
  // One that is gone for a while is mended when it is back.
  if (found === undefined) world.clock.after(RETRY_MS, () => setStrategy(world, name, updateStrategy));
  if (found === undefined || updateStrategy === undefined) return;
  model.changeStatefulSet(found, { ...found, spec: { ...found.spec, updateStrategy } });
}

/** StatefulSets that are not OnDelete when the resource is created, and a resource that makes them so. */
export function adoptStrategies(world: World): void {
  const fault = world.fault("strategy adopted");
  if (fault === undefined) return;
  const some = world.sets.filter((_name, index) => (fault.which + index) % 3 !== 0);
  for (const name of some) setStrategy(world, name, ROLLING);
}

/** Whatever applies the manifests sets a strategy back; without `adoptStrategy` people have to mend that. */
export function setBack(world: World, { which, forMs }: Fault): void {
  const name = world.sets[which % world.sets.length] ?? "";
  if (world.model.find("statefulsets", name) === undefined) return;
  world.fire("strategy set back", name);
  setStrategy(world, name, ROLLING);
  if (!world.has("strategy adopted")) world.clock.after(forMs, () => setStrategy(world, name, ON_DELETE));
}

/** Whether a write has made a StatefulSet OnDelete. */
export function isAdopted({ before, after }: Pick<OwnWrite, "before" | "after">): boolean {
  const [was, is] = [before, after].map((each) => (each as StatefulSet | undefined)?.spec?.updateStrategy?.type);
  return was !== is && is === "OnDelete";
}
