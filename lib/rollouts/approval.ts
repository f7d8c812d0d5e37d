import { membershipProblem } from "./members.ts";
import type { Observation } from "./observation.ts";
import type { CurrentRollout, ZoneTimes } from "./state.ts";

/** Annotation on the resource by which a person lets a rollout go on: one or more tokens, with commas between. */
export const APPROVE_ANNOTATION = "outrigger.dev/approve";

/** What a person is asked for. */
export interface Approval {
  /** Value of the annotation. Good for this one question only: the next zone, template or change has another one. */
  token: string;
  /** What it lets happen, in words. */
  of: string;
}

/** @returns what people have approved: tokens in the resource's annotation, and those ordered in the hub. */
function tokensOf({ resource, orders }: Pick<Observation, "resource" | "orders">): string[] {
  const text = resource.metadata.annotations?.[APPROVE_ANNOTATION] ?? "";
  const annotated = text
    .split(",")
    .map((token) => token.trim())
    .filter((token) => token !== "");
  return [...annotated, ...(orders?.approved ?? [])];
}

/** Names one rollout, in its status and in what people order about it. It stays when the rollout is rolled back. */
export function rolloutToken({
  token,
  startedAt,
  revisions,
}: Pick<CurrentRollout, "token" | "startedAt" | "revisions">): string {
  return token ?? tokenFor("rollout", [startedAt, revisions]);
}

/**
 * What goes on after the last zone that is complete; undefined when none is. One that is complete once more asks once more: an
 * approval is good for what had been rolled out by then.
 */
export function zoneApproval({ startedAt, zones }: Pick<CurrentRollout, "startedAt" | "zones">): Approval | undefined {
  const last = lastFinished(zones);
  if (last === undefined) return undefined;
  const { zone, finishedAt } = last;
  return { token: tokenFor(zone, [startedAt, zone, finishedAt]), of: `the zone after ${zone}` };
}

/** Members that are not what they were at the start; undefined when all are. */
export function membersApproval(rollout: CurrentRollout, { statefulSets }: Observation): Approval | undefined {
  const changes = changedMembers(rollout, statefulSets);
  if (changes.length === 0) return undefined;
  const now = changes.map((name) => [name, statefulSets.find(({ metadata }) => metadata.name === name)?.metadata.uid]);
  return { token: tokenFor("members", [rollout.startedAt, now]), of: `the changed members ${changes.join(", ")}` };
}

/** The rollout with members that a person has accepted as they are now; those that joined are taken up later. */
export function acceptMembers(rollout: CurrentRollout, observation: Observation): CurrentRollout {
  const asked = membersApproval(rollout, observation);
  if (asked === undefined || !tokensOf(observation).includes(asked.token)) return rollout;
  const changed = changedMembers(rollout, observation.statefulSets);
  return { ...rollout, members: rollout.members.filter(({ name }) => !changed.includes(name)) };
}

/** The rollout with the approval of its last zone written down, so that it holds when the annotation is replaced. */
export function rememberApproval(rollout: CurrentRollout, observation: Observation): CurrentRollout {
  const asked = zoneApproval(rollout);
  if (asked === undefined || rollout.approved === asked.token) return rollout;
  return tokensOf(observation).includes(asked.token) ? { ...rollout, approved: asked.token } : rollout;
}

function changedMembers({ members }: CurrentRollout, statefulSets: Observation["statefulSets"]): string[] {
  return members
    .filter((member) => {
      const found = statefulSets.find(({ metadata }) => metadata.name === member.name);
      return membershipProblem(member, found) !== undefined;
    })
    .map(({ name }) => name)
    .sort();
}

/** By when it was complete: one that was begun early may be complete after others, e.g. because it was paused meanwhile. */
function lastFinished(zones: Readonly<Record<string, ZoneTimes>>): { zone: string; finishedAt: string } | undefined {
  const finished = Object.entries(zones).flatMap(([zone, { startedAt, finishedAt }]) =>
    finishedAt === undefined ? [] : [{ zone, finishedAt, order: `${finishedAt} ${startedAt} ${zone}` }],
  );
  return finished.sort((a, b) => (a.order < b.order ? 1 : -1))[0];
}

/** `<what>.<8 hex digits>`; FNV-1a (32 bit) of the question. It tells questions apart and keeps nothing secret. */
function tokenFor(what: string, question: unknown): string {
  let hash = 0x811c9dc5;
  for (const character of JSON.stringify(question)) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  return `${what}.${(hash >>> 0).toString(16).padStart(8, "0")}`;
}
