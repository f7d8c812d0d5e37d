import type { Kind } from "./kinds.ts";

const API: readonly Kind[] = [
  "answer 409",
  "answer 410",
  "answer 429",
  "answer 500",
  "answer 503",
  "timeout",
  "reply of a delete lost",
  "reply of a patch lost",
  "delete carried out late",
];
const SLOW: readonly Kind[] = [
  "pods never Ready",
  "pods crash",
  "one pod stuck",
  "node not answering",
  "node lost for good",
  "quota refuses a pod",
  "StatefulSet gone for long",
];
const MEMBERS: readonly Kind[] = ["StatefulSet recreated", "StatefulSet gone for long", "StatefulSet relabelled"];
const UNREADY: readonly Kind[] = [
  ...SLOW,
  ...MEMBERS,
  "pods flap",
  "person deletes pods",
  "replicas raised",
  "replicas lowered",
  "zones follow a leader",
  "rollback ordered",
  "replicas mirrored",
];

/** Pods that are prepared for their end, and do not hear that they stay, are replaced only once they were told so often in vain. */
const UNTOLD: readonly Kind[] = ["pod refuses to go on", "pod hangs"];
/** 45 s count of the time in which nobody looks after a worker is lost, and so does a pass that fails: together it is too long. */
const LOST: readonly Excuse[] = (["worker killed at a point", "worker killed at any time"] as const).flatMap((lost) =>
  API.map((failing) => [lost, failing]),
);

/** One thing that befell a rollout, or several together. */
type Excuse = Kind | readonly Kind[];

/** Why a rollout may hold, and which of the things that befell it excuse it. A reason that is not here needs no excuse. */
export const EXCUSES: Record<string, readonly Excuse[]> = {
  MembershipChanged: MEMBERS,
  MultipleZonesUnready: [...UNREADY, "delete carried out late", "second resource", "second hub", "template reverted"],
  ProgressDeadlineExceeded: [...SLOW, ...MEMBERS, ...UNTOLD, ...LOST, "worker frozen past its lease"],
  TemplateRejected: [...SLOW, "rollback ordered"],
  RolledBack: [...SLOW, ...MEMBERS, "rollback ordered"],
  RestoringTemplate: [...SLOW, ...MEMBERS, "rollback ordered"],
  Paused: ["resource paused"],
  PausedByOrder: ["pause ordered"],
  Aborted: ["abort ordered"],
  StatefulSetPaused: ["StatefulSet paused"],
  ApprovalNeeded: ["approval needed"],
  AlarmActive: ["alarm fires"],
  GateNoData: ["alarm without data"],
  GateFailed: ["alarm not readable"],
  ZonalShiftActive: ["zonal shift"],
  ZonalShiftsUnknown: ["zonal shift"],
  Overlap: ["second hub", "second resource", "StatefulSet relabelled"],
  NoStatefulSets: MEMBERS,
  Unreachable: API,
  ApiServerError: API,
  WriteRefused: [...API, ...MEMBERS],
  NotOnDelete: ["strategy set back"],
  ZoneConflict: [],
  ForeignController: ["operator not removed", "operator scaled up"],
  HomeConflict: [],
  InvalidSpec: [],
  NamespaceMismatch: [],
  Forbidden: [],
  AuthFailed: [],
  CustomResourceMissing: [],
  ApiServerUnready: API,
};

/** @returns the reasons given without anything having happened that would excuse them. */
export function unexcused(reasons: Iterable<string>, happened: ReadonlySet<Kind>): string[] {
  const isMet = (excuse: Excuse): boolean => [excuse].flat().every((kind) => happened.has(kind));
  return [...reasons].filter((reason) => EXCUSES[reason]?.some(isMet) === false);
}
