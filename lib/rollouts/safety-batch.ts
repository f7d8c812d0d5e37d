import { APPROVE_ANNOTATION } from "./approval.ts";
import type { ZoneView } from "./members.ts";
import type { PodView } from "./pods.ts";
import { soakLeft } from "./progress.ts";
import { type Candidate, isCure, listed, type SafetyRule, waiting } from "./safety-rule.ts";
import { STOP_RULES } from "./safety-stops.ts";
import { secondsLeft } from "./time.ts";

/**
 * Pods and StatefulSets come in streams of their own: a pod seen before the template it was made from looks outdated. So a
 * pod is judged only by StatefulSets that were listed after it was created, by this margin for clocks that differ, seconds.
 */
const NEWS_SECONDS = 3;

const troubles = (zones: readonly ZoneView[]): string =>
  zones.map(({ name, unready }) => `${name} (${listed(unready)})`).join("; ");
const only = (batch: readonly Candidate[], zone: ZoneView | undefined): Candidate[] =>
  batch.filter((candidate) => candidate.zone.name === zone?.name);

/** A pod of the zone is on its way: deleted, or new and not available yet. */
const isMoving = ({ outdated, terminating, available }: PodView): boolean => terminating || (!outdated && !available);
const inMotion = ({ parts }: ZoneView): boolean => parts.some(({ pods }) => pods.some(isMoving));
const isRenewed = ({ outdated, available }: PodView): boolean => !outdated && available;

/** Size of the batch after `done` pods, when batches were 1, f, f², … so far. */
const grownTo = (done: number, factor: number): number => Math.floor(done * (factor - 1) + 1);

/** Which of the outdated pods may go now. */
export const BATCH_RULES: readonly SafetyRule[] = [
  {
    name: "a StatefulSet's status is older than its spec",
    apply(batch, { zones }) {
      const late = zones
        .flatMap(({ parts }) => parts)
        .filter(({ statefulSet: { metadata, status } }) => {
          const observed = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
          return !observed || status?.updateRevision === undefined;
        });
      if (late.length === 0) return { keep: batch };
      const message = `Waiting for the StatefulSet controller to observe ${listed([...new Set(late.map(({ name }) => name))])}.`;
      return { keep: [], hold: waiting("WaitingForStatefulSet", message, { clockRuns: false, everything: true }) };
    },
  },
  ...STOP_RULES,
  {
    name: "a pod of the wanted revision is never deleted",
    apply: (batch) => ({ keep: batch.filter(({ pod }) => pod.outdated) }),
  },
  {
    name: "a terminating pod is skipped",
    apply: (batch) => ({ keep: batch.filter(({ pod }) => !pod.terminating) }),
  },
  {
    name: "a paused StatefulSet is left alone",
    apply(batch, { zones }) {
      const keep = batch.filter(({ part }) => !part.paused);
      const others = zones.some(({ complete, unready }) => !complete || unready.length > 0);
      if (keep.length > 0 || batch.length === 0 || others) return { keep };
      const names = new Set(batch.map(({ part }) => part.name));
      const message = `Paused by annotation grafana.com/rollout-paused: ${listed([...names])}; remove it to go on.`;
      return { keep, hold: { phase: "Paused", reason: "StatefulSetPaused", message, clockRuns: false } };
    },
  },
  {
    name: "the members have changed",
    apply(batch, { zones, membersApproval }) {
      const changed = zones.flatMap(({ changed: problems }) => problems);
      if (changed.length === 0) return { keep: batch };
      const keep = batch.filter((candidate) => isCure(candidate) && candidate.zone.changed.length === 0);
      const message = `${changed.join("; ")}. Bring it back as it was, or accept the members as they are now: outrigger rollout approve, or annotation ${APPROVE_ANNOTATION}=${membersApproval?.token}.`;
      return { keep, hold: { phase: "Held", reason: "MembershipChanged", message, clockRuns: false } };
    },
  },
  {
    name: "two zones or more are unready",
    apply(batch, { zones }) {
      const unready = zones.filter((zone) => zone.unready.length > 0);
      if (unready.length < 2 || batch.length === 0) return { keep: batch };
      const first = unready.find((zone) =>
        batch.some((candidate) => isCure(candidate) && candidate.zone.name === zone.name),
      );
      const others = unready.filter((zone) => zone.name !== first?.name);
      const keep = others.some(inMotion) ? [] : only(batch, first).filter(isCure);
      if (keep.length > 0) return { keep };
      const message = `Nothing is deleted while several zones are unready: ${troubles(unready)}. It goes on when all but one are Ready; mend these pods, or change the template if it is at fault.`;
      return { keep, hold: { phase: "Held", reason: "MultipleZonesUnready", message, clockRuns: false } };
    },
  },
  {
    name: "one zone at a time, an unready one first",
    apply(batch, { zones }) {
      if (batch.length === 0) return { keep: batch };
      const unready = zones.filter((zone) => zone.unready.length > 0);
      const [turn] = unready.length > 0 ? unready : zones.filter(({ complete }) => !complete);
      const keep = unready.length > 1 ? batch : only(batch, turn);
      if (keep.length > 0 || unready.length === 0) return { keep };
      const resting = unready.every(({ parts }) =>
        parts.every(({ paused, unready: trouble }) => paused || trouble.length === 0),
      );
      const message = `No other zone starts before this one is Ready: ${troubles(unready)}.`;
      return { keep, hold: waiting("WaitingForZone", message, { clockRuns: !resting }) };
    },
  },
  {
    name: "a completed zone soaks first",
    apply(batch, { zones, zoneTimes, spec, now }) {
      const soaking = zones
        .filter(({ complete }) => complete)
        .map(({ name }) => ({ name, left: soakLeft(zoneTimes[name] ?? { startedAt: now }, spec.zoneSoakSeconds, now) }))
        .filter(({ left }) => left > 0);
      const [first] = soaking;
      const keep = batch.filter(
        (candidate) => isCure(candidate) || soaking.every(({ name }) => name === candidate.zone.name),
      );
      if (first === undefined || batch.length === 0 || keep.length > 0) return { keep };
      const message = `Zone ${first.name} is complete and soaks for ${spec.zoneSoakSeconds} s before the next zone starts.`;
      return { keep, hold: waiting("Soaking", message, { clockRuns: false, wakeInSeconds: first.left }) };
    },
  },
  {
    name: "a person approves each zone",
    apply(batch, { zoneTimes, spec, approval }) {
      if (!spec.pauseAfterZone || approval === undefined) return { keep: batch };
      const keep = batch.filter((candidate) => isCure(candidate) || zoneTimes[candidate.zone.name] !== undefined);
      if (batch.length === 0 || keep.length > 0) return { keep };
      const message = `spec.pauseAfterZone: ${approval.of} starts when it is approved: outrigger rollout approve, or annotation ${APPROVE_ANNOTATION}=${approval.token}.`;
      return { keep, hold: { phase: "Paused", reason: "ApprovalNeeded", message, clockRuns: false } };
    },
  },
  {
    name: "the StatefulSets of one zone go in name order",
    apply(batch) {
      const names = [...new Set(batch.map(({ part }) => part.name))].sort();
      const turn = batch
        .find(({ zone }) => zone.parts.length > 1)
        ?.zone.parts.find(({ name, unready, paused }) => names.includes(name) || (unready.length > 0 && !paused));
      if (turn === undefined || names.length === 0) return { keep: batch };
      const keep = batch.filter((candidate) => isCure(candidate) || candidate.part.name === turn.name);
      if (keep.length > 0) return { keep };
      return { keep, hold: waiting("WaitingForPods", `Waiting for ${listed(turn.unready)}.`) };
    },
  },
  {
    name: "a pod that was prepared for its end is told first that it stays",
    apply(batch, { prepared }) {
      const keep = batch.filter(({ part }) => part.name !== prepared);
      if (keep.length > 0 || batch.length === 0) return { keep };
      const message = `Pods of ${prepared} may be prepared for a scale-down and did not hear that they stay; they are told again first.`;
      return { keep, hold: waiting("WaitingForPods", message) };
    },
  },
  {
    name: "no more than maxUnavailable",
    apply(batch) {
      const places = new Map<string, number>();
      const keep = batch.filter((candidate) => {
        if (isCure(candidate)) return true;
        const { name, budget } = candidate.part;
        const used = places.get(name) ?? 0;
        if (used >= budget) return false;
        places.set(name, used + 1);
        return true;
      });
      const [first] = batch;
      if (keep.length > 0 || first === undefined) return { keep };
      const message = `Zone ${first.zone.name}: maxUnavailable ${first.part.maxUnavailable} is used up; waiting for ${listed(first.part.unready)}.`;
      return { keep, hold: waiting("WaitingForPods", message) };
    },
  },
  {
    name: "exponential batches begin with one pod",
    apply(batch, { spec: { strategy } }) {
      if (strategy.type !== "Exponential") return { keep: batch };
      const taken = new Map<string, number>();
      const keep = batch.filter((candidate) => {
        if (isCure(candidate)) return true;
        const { name, pods, replicas } = candidate.part;
        const whole = !pods.some(isMoving) && pods.length >= replicas;
        const places = whole ? grownTo(pods.filter(isRenewed).length, strategy.factor) : 0;
        const used = taken.get(name) ?? 0;
        taken.set(name, used + 1);
        return used < places;
      });
      const [first] = batch;
      if (keep.length > 0 || first === undefined) return { keep };
      const message = `The next batch of zone ${first.zone.name} starts when this one is available: ${listed(first.part.unready)}.`;
      return { keep, hold: waiting("WaitingForPods", message) };
    },
  },
  {
    name: "a pod is judged by StatefulSets that were listed after it was created",
    apply(batch, { now, statefulSetsReadAt }) {
      const left = ({ pod }: Candidate, at: string): number =>
        pod.createdAt === undefined ? 0 : secondsLeft(pod.createdAt, NEWS_SECONDS, at);
      const keep = batch.filter((candidate) => left(candidate, statefulSetsReadAt) === 0);
      if (keep.length > 0 || batch.length === 0) return { keep };
      const wakeInSeconds = Math.min(...batch.map((candidate) => left(candidate, now)));
      const message = "Waiting for news of the StatefulSets, whose pods were created a moment ago.";
      const reason = wakeInSeconds > 0 ? "WaitingForStatefulSet" : "ReadingStatefulSets";
      return { keep, hold: waiting(reason, message, { clockRuns: false, wakeInSeconds }) };
    },
  },
  {
    name: "intervalSeconds between two batches",
    apply(batch, { lastBatchAt, spec, now }) {
      const left = lastBatchAt === undefined ? 0 : secondsLeft(lastBatchAt, spec.rollingUpdate.intervalSeconds, now);
      if (left === 0 || batch.length === 0) return { keep: batch };
      const message = `The next batch starts ${spec.rollingUpdate.intervalSeconds} s after the last delete of the one before, which was at ${lastBatchAt}.`;
      return { keep: [], hold: waiting("WaitingForInterval", message, { clockRuns: false, wakeInSeconds: left }) };
    },
  },
];
