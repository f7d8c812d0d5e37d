import type { Reason } from "../lib/rollouts/reason.ts";
import { table } from "./schema-table.ts";

interface Meaning {
  /** The phase it comes with; several where it may be any of them. */
  phase: string;
  means: string;
  todo: string;
}

const nothing = "Nothing: it goes on by itself.";

type Rows = Partial<Record<Reason, Meaning>>;

const WELL = {
  UpToDate: { phase: "Idle", means: "All pods are of the wanted revision.", todo: "Nothing." },
  Completed: { phase: "Completed", means: "The last rollout is done.", todo: "Nothing." },
  ReplacingPods: { phase: "Progressing", means: "Outdated pods were deleted just now.", todo: nothing },
  WaitingForPods: { phase: "Progressing", means: "`maxUnavailable` pods of the zone are on their way.", todo: nothing },
  WaitingForZone: {
    phase: "Progressing",
    means: "The zone in work, or another one that is unready, is not Ready yet.",
    todo: "Look at the pods it names if they stay so: past `progressDeadlineSeconds` it is Stalled.",
  },
  WaitingForInterval: { phase: "Progressing", means: "`intervalSeconds` have not passed.", todo: nothing },
  Soaking: { phase: "Progressing", means: "A zone is complete, `zoneSoakSeconds` have not passed.", todo: nothing },
  WaitingForStatefulSet: {
    phase: "Progressing",
    means: "The StatefulSet controller has not seen the newest spec, or pods are younger than a moment.",
    todo: nothing,
  },
  ReadingStatefulSets: { phase: "Progressing", means: "The StatefulSets are read again.", todo: nothing },
  AskingGates: { phase: "Progressing", means: "The gates are asked before the next batch.", todo: nothing },
  LookingForControllers: {
    phase: "Progressing",
    means: "Other controllers are looked for before the next batch.",
    todo: nothing,
  },
  WaitingForRollout: { phase: "Progressing", means: "Pods are replaced before replicas change.", todo: nothing },
  AdoptingStrategy: { phase: "Progressing", means: "`adoptStrategy`: members become OnDelete first.", todo: nothing },
  RestoringTemplate: { phase: "RollingBack", means: "The template before is given back.", todo: nothing },
} satisfies Rows;

const ASKED = {
  Paused: { phase: "Paused", means: "`spec.paused` is true.", todo: "Set it to false." },
  PausedByOrder: { phase: "Paused", means: "`outrigger rollout pause`.", todo: "`outrigger rollout resume`." },
  Aborted: {
    phase: "Paused",
    means: "`outrigger rollout abort`: pods stay as they are.",
    todo: "`outrigger rollout resume` or `rollback`, or another template.",
  },
  StatefulSetPaused: {
    phase: "Paused",
    means: "All that is left is annotated `grafana.com/rollout-paused`.",
    todo: "Remove the annotation.",
  },
  ApprovalNeeded: {
    phase: "Paused",
    means: "`pauseAfterZone`: a zone is complete.",
    todo: "`outrigger rollout approve`, or the annotation that `status.approval` names.",
  },
  RolledBack: {
    phase: "Completed",
    means:
      "All pods are back at the template before: the new one stalled (`onStall: Rollback`), or somebody ordered it.",
    todo: "Change the template.",
  },
  TemplateRejected: {
    phase: "Stalled",
    means: "A template that was rolled back was applied once more, as a GitOps tool does.",
    todo: "Change the template.",
  },
} satisfies Rows;

const UNSAFE = {
  MultipleZonesUnready: {
    phase: "Held",
    means:
      "Pods of two zones or more are not Ready. Outdated pods which a new template can cure are replaced all the same, one zone after the other.",
    todo: "Mend the pods it names; when the template is at fault, change it.",
  },
  ProgressDeadlineExceeded: {
    phase: "Stalled",
    means: "No pod got further for `progressDeadlineSeconds`.",
    todo: "Look at the pods it names and why they wait: image, crash, node; for a pod that is not created, the words of the API server, e.g. of a quota. Another template, pods that recover, or a longer deadline, and it goes on.",
  },
  MembershipChanged: {
    phase: "Held",
    means: "A StatefulSet was deleted, relabelled or created again while the rollout was under way.",
    todo: "Bring it back, or accept the members as they are: `outrigger rollout approve`, or the annotation that `status.approval` names.",
  },
  ZonalShiftActive: {
    phase: "Held",
    means: "ARC shifts the cluster's traffic away from a zone.",
    todo: "Wait for its end. `ignoreGates` does not overrule it.",
  },
  ZonalShiftsUnknown: {
    phase: "Held",
    means: "Whether a zonal shift is active could not be asked: ARC did not answer, or DNS does not know its name.",
    todo: "Look at what it names, wait, or `ignoreGates`.",
  },
} satisfies Rows;

const GATES = {
  AlarmActive: { phase: "Held", means: "The alarm is in ALARM.", todo: "Find out why; `ignoreGates` goes on." },
  AlarmNotFound: { phase: "Held", means: "There is no such alarm (any more).", todo: "Create it, or remove the gate." },
  GateNoData: {
    phase: "Held",
    means: "INSUFFICIENT_DATA, no recent probe, or an empty result.",
    todo: "Wait for data, or `onNoData: Pass`.",
  },
  ProbeNotHealthy: {
    phase: "Held",
    means: "The hub's probes do not find the cluster Healthy.",
    todo: "`outrigger cluster get`.",
  },
  QueryNotMet: { phase: "Held", means: "A value does not compare as `when` says.", todo: "Find out why." },
  GateNotAllowed: {
    phase: "Held",
    means: "The alarm or URL is not on the registration's allow-list.",
    todo: "Register the cluster again with it: `--allow-alarm`, `--allow-url`, or `allow` of the event.",
  },
  GateFailed: { phase: "Held", means: "The gate could not be asked.", todo: "The message has the cause." },
} satisfies Rows;

const OTHERS = {
  ForeignController: {
    phase: "Held",
    means:
      "A rollout operator in the cluster could act on the group too, in whichever namespace the registration covers.",
    todo: "Scale it to 0.",
  },
  Overlap: {
    phase: "Held",
    means: "Another resource, or another hub, has claimed a StatefulSet.",
    todo: "Select others, or delete that resource. If it is gone for good, remove the annotation `outrigger.dev/rollout`.",
  },
  HomeConflict: {
    phase: "Refused",
    means: "A resource of this name lives in the cluster and in the hub.",
    todo: "Delete one of them.",
  },
} satisfies Rows;

const WRONG = {
  NoStatefulSets: {
    phase: "Idle",
    means: "The selector matches no StatefulSet of the namespace.",
    todo: "Create one with these labels, or correct the selector.",
  },
  NotOnDelete: {
    phase: "Refused",
    means: "Kubernetes rolls a member by itself, so nothing of the group is touched.",
    todo: "Set `updateStrategy: OnDelete`, or `adoptStrategy: OnDelete`.",
  },
  ZoneConflict: {
    phase: "Refused",
    means: "Several StatefulSets are selected and one has pods in several zones.",
    todo: "One StatefulSet per zone with a label `zone`, or a resource of its own for that one.",
  },
  InvalidSpec: { phase: "Refused", means: "A field is wrong; the message names each.", todo: "Correct them." },
  NamespaceMismatch: { phase: "Refused", means: "`spec.namespace` is not the resource's own.", todo: "Remove it." },
} satisfies Rows;

const CLUSTER = {
  Forbidden: {
    phase: "Held",
    means: "A rule is missing; the message names verb and resource.",
    todo: "Apply the ClusterRole of `rollouts` again.",
  },
  WriteRefused: {
    phase: "Held",
    means: "A delete or a patch was refused or failed; the message has the server's words.",
    todo: "Mend what it names; it is tried again.",
  },
  AuthFailed: { phase: "Held", means: "The hub's role is not let in.", todo: "Give it an access entry again." },
  Unreachable: { phase: "Held", means: "The API server does not answer.", todo: "Wait; nothing is changed meanwhile." },
  ApiServerError: { phase: "Held", means: "The API server answered with an error.", todo: "Wait; it is tried again." },
  CustomResourceMissing: { phase: "Held", means: "The CRD is not served.", todo: "Install it." },
} satisfies Rows;

/** Sections of the page. */
const SECTIONS: Readonly<Record<string, Rows>> = {
  "All is well": WELL,
  "Somebody asked for it": ASKED,
  "The group is not safe to touch": UNSAFE,
  "A gate is closed": GATES,
  "Somebody else is in charge": OTHERS,
  "The resource or its StatefulSets are wrong": WRONG,
  "The cluster does not let us": CLUSTER,
};

/** A reason that has no row does not compile. */
const REASONS: Readonly<Record<Reason, Meaning>> = {
  ...WELL,
  ...ASKED,
  ...UNSAFE,
  ...GATES,
  ...OTHERS,
  ...WRONG,
  ...CLUSTER,
};

const TABLES = /(<!-- reasons, written by `npm run docs` -->\n).*(<!-- end of reasons -->)/s;

/** A page with the tables in it as they are now. */
export function withReasons(page: string): string {
  return page.replace(TABLES, (_all, begin: string, end: string) => `${begin}\n${reasonTables()}\n\n${end}`);
}

/** As sections of a page, and how many there are. */
function reasonTables(): string {
  const count = `${Object.keys(REASONS).length} reasons, by what people have to do about them.`;
  const sections = Object.entries(SECTIONS).map(([title, reasons]) => {
    const rows = Object.entries(reasons).map(([reason, row]) => [`\`${reason}\``, row.phase, row.means, row.todo]);
    return `### ${title}\n\n${table(["reason", "phase", "it means", "what to do"], rows)}`;
  });
  return [count, ...sections].join("\n\n");
}
