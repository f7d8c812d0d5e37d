import type { StatefulSet } from "../../../lib/kubernetes/objects.ts";
import type { Reason } from "../../../lib/rollouts/reason.ts";
import type { RolloutStatus } from "../../../lib/rollouts/status.ts";
import { POD_ANNOTATIONS } from "../../../local/control-plane/pod-behaviours.ts";
import type { Scene } from "./scene.ts";

/** What people are told: one reason, by Ready and by the condition that holds, if one does. */
export interface Told {
  phase: RolloutStatus["phase"];
  reason: Reason;
  /** Parts of the message: the object, the cause, the next step. */
  says: readonly RegExp[];
}

/** Something that befalls a group of three StatefulSets of two pods each, of which the first zone is `a`. */
export interface Situation {
  title: string;
  /** More fields of the spec. */
  spec?: Record<string, unknown>;
  /** How pods of the first template behave, by zone; all of them get Ready otherwise. */
  begins?: Readonly<Record<string, string>>;
  /** Pods that somebody else takes away. */
  others?: readonly string[];
  /** Brings the situation about; the hub is at work from `scene.start` on. */
  arrange: (scene: Scene) => Promise<unknown>;
  told: Told;
  /** The hub's own word counts, not the resource's: another hub writes that one. */
  kept?: true;
  /** Pods that hubs have deleted by then, as `a-0`, in the order of their zones. */
  deleted: readonly string[];
  /** Zones that come first, in either order: a pod that crashes again and again is cured when it waits just then. */
  eitherFirst?: readonly string[];
  /** Ends the situation; the rollout goes on by itself to `Completed`. */
  recover?: (scene: Scene) => Promise<unknown>;
  /** Pods deleted in all. Default: what `deleted` says. */
  inAll?: readonly string[];
}

export const ZONES = ["a", "b", "c"] as const;
/** Every pod, in the order of a rollout. */
export const ALL = ZONES.flatMap((zone) => [`${zone}-0`, `${zone}-1`]);
export const SELECTOR = { matchLabels: { group: "app" } };

export const setOf = (zone: string): string => `app-zone-${zone}`;
export const podOf = (place: string): string => `app-zone-${place}`;

/** @param version any text; another one is another template. */
export function situationSet(
  namespace: string,
  zone: string,
  { version = "0", behaviour }: { version?: string; behaviour?: string | undefined } = {},
): StatefulSet {
  const name = setOf(zone);
  const labels = { app: name, group: "app" };
  const annotations = {
    version,
    [POD_ANNOTATIONS.readyAfter]: "300ms",
    ...(behaviour === undefined ? {} : { [POD_ANNOTATIONS.behaviour]: behaviour }),
  };
  return {
    metadata: { name, namespace, labels: { ...labels, zone: `zone-${zone}` } },
    spec: {
      replicas: 2,
      serviceName: name,
      podManagementPolicy: "Parallel",
      updateStrategy: { type: "OnDelete" },
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels, annotations },
        spec: { containers: [{ name: "main", image: "registry.example.com/app:1" }] },
      },
    },
  };
}
