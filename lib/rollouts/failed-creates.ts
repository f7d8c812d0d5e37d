import type { KubernetesClient } from "../kubernetes/client.ts";
import type { KubernetesEvent, Pod, StatefulSet } from "../kubernetes/objects.ts";
import { EVENTS } from "../kubernetes/types.ts";
import { describeTrouble } from "./cluster-trouble.ts";
import { isOwned } from "./pods.ts";
import { podNames } from "./spread.ts";

/** Why pods that are missing are not created. */
export interface FailedCreates {
  /** The API server's words by StatefulSet, e.g. of a quota or of an admission webhook. */
  causes: Readonly<Record<string, string>>;
  /** Why there is no answer; absent = there is one. */
  refused?: { reason: string; message: string };
}

/** `spec.fieldSelector` of what the StatefulSet controller records when the API server refuses a pod. */
const SELECTOR = "involvedObject.kind=StatefulSet,reason=FailedCreate";

/**
 * Asks the events of StatefulSets with missing pods why these are not created: one LIST, none when no pod is missing. That
 * there is no answer is noted, and stops nothing.
 */
export async function observeFailedCreates(
  client: KubernetesClient,
  namespace: string,
  seen: { statefulSets: readonly StatefulSet[]; pods: readonly Pod[] },
): Promise<FailedCreates | undefined> {
  const missing = seen.statefulSets.flatMap((statefulSet) => {
    const names = missingPods(statefulSet, seen.pods);
    return names.length === 0 ? [] : [{ statefulSet, names }];
  });
  if (missing.length === 0) return undefined;
  try {
    const { items } = await client.list<KubernetesEvent>(EVENTS, { namespace, fieldSelector: SELECTOR });
    const newest = items.toSorted((a, b) => (timeOf(a) < timeOf(b) ? 1 : -1));
    const found = missing.flatMap(({ statefulSet: { metadata }, names }) => {
      const cause = newest.find(
        ({ involvedObject, message = "" }) =>
          involvedObject?.uid === metadata.uid && names.some((name) => message.includes(`Pod ${name} `)),
      );
      return cause?.message === undefined ? [] : [[metadata.name, wordsOf(cause.message)] as const];
    });
    return { causes: Object.fromEntries(found) };
  } catch (error) {
    const trouble = describeTrouble(error, "The rollout goes on, and they are asked again.");
    if (trouble === undefined) throw error;
    const message = `Why pods are not created is not known: ${trouble.message}`;
    return { causes: {}, refused: { reason: trouble.reason, message } };
  }
}

function missingPods(statefulSet: StatefulSet, pods: readonly Pod[]): string[] {
  const there = new Set(pods.filter((pod) => isOwned(pod, statefulSet)).map(({ metadata }) => metadata.name));
  return podNames(statefulSet, []).filter((name) => !there.has(name));
}

/** `Create Pod a-0 in StatefulSet a failed error: pods "a-0" is forbidden: …` → what stands after `error: `. */
function wordsOf(message: string): string {
  return message.replace(/^create Pod \S+ in StatefulSet \S+ failed error: /i, "");
}

const timeOf = ({ lastTimestamp, eventTime, metadata }: KubernetesEvent): string =>
  lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? "";
