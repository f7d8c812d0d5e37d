import type { Condition, KubernetesObject, Pod, StatefulSet } from "../kubernetes/objects.ts";
import type { FailedCreates } from "./failed-creates.ts";
import type { Orders } from "./orders.ts";
import type { MirrorReading } from "./replica-wishes.ts";

/** A MultiAZRollout as it is on the wire; `spec` is not parsed yet. */
export interface MultiAZRollout extends KubernetesObject {
  spec?: unknown;
  status?: { phase?: string; conditions?: Condition[] } & Record<string, unknown>;
}

/** What was read, as data. */
export interface Observation {
  /** The API server's clock, ISO-8601 UTC. */
  observedAt: string;
  resource: MultiAZRollout;
  /** When the StatefulSets were listed last, by the API server's clock, ISO-8601 UTC. What a watch told since is in them too. */
  statefulSetsReadAt: string;
  /** Those the selector matches, in the resource's namespace. */
  statefulSets: StatefulSet[];
  /** Pods of these StatefulSets (others may be among them); undefined while counts and revisions show nothing to do. */
  pods: Pod[] | undefined;
  /** Zones of the nodes its pods run on, per StatefulSet; only for those whose zone nothing else tells. */
  nodeZones: Record<string, string[]>;
  /** Zone by node name; only when a zone that nothing else tells was asked for. */
  zoneOfNode?: Record<string, string>;
  /** By StatefulSet, what the resource answered that it takes its replicas from. */
  mirrors?: Readonly<Record<string, MirrorReading>>;
  /** Why pods that are missing are not created; absent = not asked. */
  failedCreates?: FailedCreates | undefined;
  /** A controller in the cluster that could act on the same group, in words; undefined when there is none. */
  foreignController: string | undefined;
  /** When such a controller was looked for last, by the API server's clock, ISO-8601 UTC; undefined = not yet. */
  controllersSoughtAt: string | undefined;
  /** What people have ordered in the hub; absent = nothing. */
  orders?: Orders;
  /**
   * Whether pods come from a list that began after all deletes of ours had ended. Then a pod that is there and not
   * terminating was not deleted; a watched view may merely lag.
   */
  fresh: boolean;
}

/** `spec.ordinals.start` of a StatefulSet, 0 when absent. */
export function firstOrdinal(statefulSet: StatefulSet): number {
  const { ordinals } = statefulSet.spec as { ordinals?: { start?: number } };
  return ordinals?.start ?? 0;
}

/** `namespace/name` of a member, as actions name it. */
export const objectName = ({ resource: { metadata } }: Pick<Observation, "resource">, name: string): string =>
  `${metadata.namespace ?? ""}/${name}`;
