import type { MultiAZRollout } from "../../../lib/rollouts/observation.ts";
import type { World } from "./world.ts";

const LOOK_MS = 5_000;
/** How long a template may be refused before somebody changes it, milliseconds. */
const REJECTED_MS = 180_000;
/** How long a person waits before accepting members that have changed, milliseconds. */
const HESITATION_MS = 40_000;

/** Somebody who looks at the resource now and then, and answers what its status asks for. */
export function watchOver(world: World, name: string): void {
  const { clock, model, wishes } = world;
  let asked: { token: string; since: number } | undefined;
  let rejectedSince = Number.POSITIVE_INFINITY;
  /** A template that was rolled back and is there again has to be changed. */
  const answerRejection = (resource: MultiAZRollout | undefined): void => {
    const rejected = resource?.status?.conditions?.some(({ reason }) => reason === "TemplateRejected") === true;
    rejectedSince = rejected ? Math.min(rejectedSince, clock.now()) : Number.POSITIVE_INFINITY;
    if (clock.now() - rejectedSince < REJECTED_MS) return;
    rejectedSince = clock.now();
    world.changeTemplates(`changed-${world.events}`);
  };
  const look = (): void => {
    clock.after(LOOK_MS, look);
    if (world.isRolledOut()) wishes.membersChanged = undefined;
    const resource = model.find<MultiAZRollout>("multiazrollouts", name);
    answerRejection(resource);
    const { token } = (resource?.status?.["approval"] ?? {}) as { token?: string };
    if (resource === undefined || token === undefined) return;
    if (asked?.token !== token) asked = { token, since: clock.now() };
    const members = token.startsWith("members.");
    const annotations = resource.metadata.annotations ?? {};
    if (annotations["outrigger.dev/approve"] === token) return;
    if (members && clock.now() - asked.since < HESITATION_MS) return;
    world.log(`a person approves ${token}`);
    if (members) wishes.membersChanged = undefined;
    else {
      wishes.approvedAt = clock.now();
      world.fire("approval needed", token);
    }
    model.put("multiazrollouts", {
      ...resource,
      metadata: { ...resource.metadata, annotations: { ...annotations, "outrigger.dev/approve": token } },
    });
  };
  look();
}
