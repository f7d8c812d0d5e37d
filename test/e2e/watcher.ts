import type { V1Pod } from "@kubernetes/client-node";
import type { GroupTally } from "../../local/demo/tally.ts";
import { watchPods } from "../../local/demo/watcher.ts";
import type { Stage } from "./environment.ts";

/** A pod that somebody deleted, as the watch first showed it. */
export interface DeletedPod {
  name: string;
  uid: string;
  /** Label controller-revision-hash. */
  revision: string;
  /** Epoch milliseconds at which the observer saw it. */
  seenAt: number;
}

/** What an independent observer with administrator rights has seen of one group, event by event. */
export interface Witness {
  tally(): Readonly<GroupTally>;
  deleted(): readonly DeletedPod[];
  stop(): void;
}

/** Watches the pods of one group in its namespace from now on. */
export async function watchGroup(
  { kubeConfig }: Pick<Stage, "kubeConfig">,
  group: { namespace: string; name: string; replicas: number },
): Promise<Witness> {
  const deleted = new Map<string, DeletedPod>();
  const onPod = (type: string, { metadata }: V1Pod): void => {
    const { name = "", uid = "", labels = {}, deletionTimestamp } = metadata ?? {};
    if ((type !== "DELETED" && deletionTimestamp === undefined) || deleted.has(uid)) return;
    deleted.set(uid, { name, uid, revision: labels["controller-revision-hash"] ?? "", seenAt: Date.now() });
  };
  const wanted = new Map([[group.name, group.replicas]]);
  const watcher = await watchPods(kubeConfig, wanted, { namespace: group.namespace, onPod });
  return { tally: () => watcher.of(group.name), deleted: () => [...deleted.values()], stop: () => watcher.stop() };
}
