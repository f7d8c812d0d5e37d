import type { Pod } from "../../../lib/kubernetes/objects.ts";
import type { MultiAZRollout } from "../../../lib/rollouts/observation.ts";
import { between } from "./chance.ts";
import { RESOURCE } from "./names.ts";
import type { SavedStatus } from "./surroundings.ts";
import type { World } from "./world.ts";

const LOOK_MS = 5_000;
/** How long a template may be refused before somebody changes it, milliseconds. */
const REJECTED_MS = 180_000;
/** How long a person waits before accepting members that have changed, milliseconds. */
const HESITATION_MS = 40_000;

/** What a status says, and how a person lets go on what it asks for. */
interface Look {
  status: SavedStatus | undefined;
  approved: (token: string) => boolean;
  approve: (token: string) => unknown;
}

/** In the cluster there is one status, in the hubs one in each. */
function looksAt({ home, lanes, model }: World, name: string): Look[] {
  const resource = model.find<MultiAZRollout>("multiazrollouts", name);
  if (resource === undefined) return [];
  if (home === "hub")
    return lanes.map((lane) => ({
      status: lane.savedStatus(name),
      approved: () => false,
      approve: (token) => lane.approve(name, token),
    }));
  const { metadata } = resource;
  const { annotations = {} } = metadata;
  const approve = (token: string): unknown =>
    model.put("multiazrollouts", {
      ...resource,
      metadata: { ...metadata, annotations: { ...annotations, "outrigger.dev/approve": token } },
    });
  const approved = (token: string): boolean => annotations["outrigger.dev/approve"] === token;
  return [{ status: resource.status as SavedStatus | undefined, approved, approve }];
}

/** Somebody who looks at the resource now and then, and answers what its status asks for. */
export function watchOver(world: World, name: string): void {
  const { clock, wishes } = world;
  const asked = new Map<string, number>();
  let rejectedSince = Number.POSITIVE_INFINITY;
  /** A template that was rolled back and is there again has to be changed. */
  const answerRejection = (looks: readonly Look[]): void => {
    const rejected = looks.some(({ status }) =>
      status?.conditions?.some(({ reason }) => reason === "TemplateRejected"),
    );
    rejectedSince = rejected ? Math.min(rejectedSince, clock.now()) : Number.POSITIVE_INFINITY;
    if (clock.now() - rejectedSince < REJECTED_MS) return;
    rejectedSince = clock.now();
    world.changeTemplates(`changed-${world.events}`);
  };
  const answer = ({ status, approved, approve }: Look): void => {
    const token = status?.approval?.token;
    if (token === undefined || approved(token)) return;
    const since = asked.get(token) ?? clock.now();
    asked.set(token, since);
    const members = token.startsWith("members.");
    if (members && clock.now() - since < HESITATION_MS) return;
    world.log(`a person approves ${token}`);
    if (members) wishes.membersChanged = undefined;
    else {
      // A zone that is paused when a status asks counts as complete: it need not be approved again once it really is.
      const paused = [...world.judge.facts.pausedSets.values()].some((set) => set.from(since - LOOK_MS).includes(true));
      wishes.approvedAt = paused ? Number.POSITIVE_INFINITY : clock.now();
      world.fire("approval needed", token);
    }
    void approve(token);
  };
  const look = (): void => {
    clock.after(LOOK_MS, look);
    if (world.isRolledOut()) wishes.membersChanged = undefined;
    const looks = looksAt(world, name);
    answerRejection(looks);
    for (const each of looks) answer(each);
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
