import type { KubernetesClient, WatchEvent } from "../../lib/kubernetes/client.ts";
import type { Pod } from "../../lib/kubernetes/objects.ts";
import { PODS } from "../../lib/kubernetes/types.ts";

/**
 * Every event of the pods of one namespace. An API server closes a watch whose reader is slow (a burst of pods on a busy
 * machine); it is opened again where it ended, so nothing is missed.
 * @throws ApiError 410 when that version is gone: then something was missed.
 */
export async function* followPods(
  client: KubernetesClient,
  namespace: string,
  options: { resourceVersion: string; signal: AbortSignal },
): AsyncGenerator<Exclude<WatchEvent<Pod>, { type: "BOOKMARK" }>> {
  let { resourceVersion } = options;
  const { signal } = options;
  while (!signal.aborted) {
    for await (const event of client.watch<Pod>(PODS, { namespace, resourceVersion, signal })) {
      resourceVersion = event.object.metadata.resourceVersion ?? resourceVersion;
      if (event.type !== "BOOKMARK") yield event;
    }
  }
}
