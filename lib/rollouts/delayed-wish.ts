import type { StatefulSet } from "../kubernetes/objects.ts";
import { formatGoDuration } from "../registry/go-duration.ts";
import { firstOrdinal } from "./observation.ts";
import { type DelayedDownscale, sameEndpoint } from "./pod-endpoint.ts";
import type { ScaleWait, Wish } from "./replica-wishes.ts";
import type { Delayed } from "./state.ts";
import { plusMs, secondsBetween, secondsLeft } from "./time.ts";

/** Pods that wait are asked again after this, seconds: one that was replaced meanwhile knows nothing of it. */
export const ASK_AGAIN_SECONDS = 600;
/** When one of them did not answer, seconds. */
export const ASK_FAILED_SECONDS = 60;
/** What is about to be asked or told is looked at again after this, seconds. */
const LOOK_AGAIN_SECONDS = 10;

/** The pods that go for a wish, lowest ordinal first. */
export function podsToGo({ from, to }: Pick<Wish, "from" | "to">, statefulSet: StatefulSet): string[] {
  const first = firstOrdinal(statefulSet);
  return Array.from(
    { length: Math.max(0, from - to) },
    (_, index) => `${statefulSet.metadata.name}-${first + to + index}`,
  );
}

/** Since when a pod waits by its own answer, ISO-8601 UTC. */
const sinceOf = (seconds: number): string => new Date(seconds * 1000).toISOString();

/** Whether a pod that has answered so has waited long enough. */
export const hasWaited = (since: number, delaySeconds: number, now: string): boolean =>
  secondsBetween(sinceOf(since), now) >= delaySeconds;

/**
 * How far a StatefulSet may be scaled down now: as many of its last pods go as have waited for the whole delay without a gap. A
 * pod that did not answer keeps all of them.
 */
export function afterDelay(
  wish: Wish,
  { seconds, endpoint }: DelayedDownscale,
  { statefulSet, known, now }: { statefulSet: StatefulSet; known: Delayed | undefined; now: string },
): Wish | ScaleWait {
  const { from, to } = wish;
  const { name, uid } = statefulSet.metadata;
  const record = known?.uid === uid ? known : undefined;
  const stays = `${name} stays at ${from} replicas (${to} wanted)`;
  const wait = (message: string): ScaleWait => ({
    statefulSet: name,
    reason: "WaitingForDelay",
    message,
    wakeInSeconds: LOOK_AGAIN_SECONDS,
  });
  if (record !== undefined && !sameEndpoint(record.endpoint, endpoint))
    return wait(`${stays}: pods that were prepared under another URL are told first that they stay.`);
  const { askedAt = now, trouble, since = {} } = record ?? {};
  if (trouble !== undefined) {
    const wakeInSeconds = Math.max(1, secondsLeft(askedAt, ASK_FAILED_SECONDS, now));
    return { statefulSet: name, reason: "DelayedDownscaleFailed", message: `${stays}: ${trouble}`, wakeInSeconds };
  }
  const going = podsToGo(wish, statefulSet).reverse();
  const staying = going.findIndex((pod) => since[pod] === undefined || !hasWaited(since[pod], seconds, now));
  if (staying === -1) return wish;
  if (staying > 0) return { ...wish, to: from - staying };
  const [last = ""] = going;
  if (since[last] === undefined) return wait(`${stays}: its pods are asked to prepare for a delayed downscale.`);
  const dueAt = plusMs(sinceOf(since[last]), seconds * 1000);
  const delay = formatGoDuration(Math.ceil(seconds));
  return {
    statefulSet: name,
    reason: "WaitingForDelay",
    message: `${stays} until ${short(dueAt)}: ${last} was prepared at ${short(sinceOf(since[last]))}, and pods go ${delay} after that.`,
    wakeInSeconds: Math.max(1, Math.min(secondsBetween(now, dueAt), secondsLeft(askedAt, ASK_AGAIN_SECONDS, now))),
  };
}

const short = (instant: string): string => instant.replace(/\.\d+Z$/, "Z");
