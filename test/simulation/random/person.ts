import type { Pod } from "../../../lib/kubernetes/objects.ts";
import type { MultiAZRollout } from "../../../lib/rollouts/observation.ts";
import { between } from "./chance.ts";
import { RESOURCE } from "./names.ts";
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

/** Somebody sees that a delete failed, and tries again at once, or does it by hand. */
export function loseTemper(world: World): void {
  const { clock, judge, lanes, model, random } = world;
  const afterMs = between(random, 100, 2_000);
  const byHand = (): void => {
    const old = model.all<Pod>("pods").filter(({ metadata: { labels, ownerReferences } }) => {
      const wanted = judge.facts.wanted(ownerReferences?.[0]?.name ?? "").now;
      return labels?.["controller-revision-hash"] !== wanted;
    });
    for (const { metadata } of old) model.deletePod(metadata.name);
    world.fire("person deletes pods", `${old.length} old ones`);
  };
  const turn = random();
  if (turn < 0.3) clock.after(afterMs, () => lanes[0]?.direct(RESOURCE));
  else if (turn < 0.8) clock.after(afterMs, byHand);
}
