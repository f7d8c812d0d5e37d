import type { Deployment } from "../../../lib/kubernetes/objects.ts";
import type { Fault } from "./draw.ts";
import type { World } from "./world.ts";

const NAME = "rollout-operator";

/** How long an operator that was scaled up stays, milliseconds: some longer than anybody goes without looking. */
export const stayMs = ({ forMs }: Fault): number => 5_000 + 4 * forMs;

/** Whether the Deployment runs an operator that acts on the group as well. */
export const isAtWork = ({ metadata, spec }: Deployment): boolean => metadata.name === NAME && (spec.replicas ?? 1) > 0;

/** There is such an operator, with so many pods. */
function scaleOperator({ model }: World, replicas: number): void {
  const spec = {
    replicas,
    template: { spec: { containers: [{ name: NAME, image: "grafana/rollout-operator:v0.30.0" }] } },
  };
  model.addDeployment({ metadata: { name: NAME }, spec });
}

/** People take it out of the way: by scaling it down, or by deleting it. */
function stopOperator(world: World, { which }: Fault): void {
  if (which % 2 === 0) scaleOperator(world, 0);
  else world.model.remove("deployments", NAME);
  world.log("the operator is gone");
}

/** An operator that was there before the resource, until people see that it is in the way. */
export function operatorBefore(world: World): void {
  const fault = world.fault("operator not removed");
  if (fault === undefined) return;
  scaleOperator(world, 1);
  world.fire("operator not removed");
  world.clock.after(fault.at, () => stopOperator(world, fault));
}

/** One that is scaled up in the midst of a rollout. */
export function operatorScaledUp(world: World, fault: Fault): void {
  scaleOperator(world, 1 + (fault.which % 2));
  world.fire("operator scaled up");
  world.clock.after(stayMs(fault), () => stopOperator(world, fault));
}
