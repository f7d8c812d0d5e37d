import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import type { KubernetesClient, ListResult, ResourceType, WatchEvent } from "../../../lib/kubernetes/client.ts";
import type { StatefulSet } from "../../../lib/kubernetes/objects.ts";
import { ClusterView } from "../../../lib/rollouts/watch.ts";
import { NOW, resource, spec, statefulSet } from "./group.ts";

/** One StatefulSet as it was at a resourceVersion, written as `<replicas>@<resourceVersion>`. */
function version(text: string, uid = "uid-1"): StatefulSet {
  const [replicas = "", resourceVersion = ""] = text.split("@");
  const { metadata, ...rest } = statefulSet("ingester-a", "o".repeat(Number(replicas)));
  return { ...rest, metadata: { ...metadata, uid, resourceVersion } };
}

const listed = <T>(items: T[]): ListResult<T> => ({ items, resourceVersion: "10", observedAt: NOW });

/** A view that starts with one StatefulSet, and what makes its watch tell something. */
function viewOf(first: StatefulSet) {
  const seed = {
    resource: listed([resource()]),
    statefulSets: listed([first]),
    pods: listed([]),
    nodeZones: {},
    zoneOfNode: {},
    podsAskedMs: 0,
    podsReadMs: 0,
    failedCreates: undefined,
    foreignController: undefined,
    controllersSoughtAt: NOW,
  };
  const events: WatchEvent<StatefulSet>[] = [];
  let wake = (): void => {};
  async function* watch({ plural }: ResourceType, { signal }: { signal?: AbortSignal }) {
    signal?.addEventListener("abort", () => wake());
    while (signal?.aborted !== true) {
      const event = plural === "statefulsets" ? events.shift() : undefined;
      if (event !== undefined) yield event;
      else if (plural === "statefulsets") await new Promise<void>((resolve) => (wake = resolve));
      else await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));
    }
  }
  const view = new ClusterView(seed, { now: () => 0, sleep: () => new Promise(() => {}) });
  view.watch({ watch } as unknown as KubernetesClient, { namespace: "mimir", name: "ingesters" }, spec());
  const tell = async (event: WatchEvent<StatefulSet>): Promise<void> => {
    events.push(event);
    wake();
    await setImmediate();
  };
  return { view, tell };
}

type Step = ["write" | "watch" | "gone" | "created again", string];

/** What a view that starts with 5@10 knows after writes were answered and the watch has told, each as `<replicas>@<resourceVersion>`. */
const ROWS: Record<string, { steps: Step[]; known: string | undefined }> = {
  "a watch tells what others write": { steps: [["watch", "6@11"]], known: "6@11" },
  "what a write has answered holds before the watch tells of it": { steps: [["write", "4@13"]], known: "4@13" },
  "a watch that lags does not undo what a write has answered": {
    steps: [
      ["write", "4@13"],
      ["watch", "5@12"],
    ],
    known: "4@13",
  },
  "versions are numbers": {
    steps: [
      ["write", "4@100"],
      ["watch", "5@99"],
    ],
    known: "4@100",
  },
  "an answer that comes late does not undo what the watch has told": {
    steps: [
      ["watch", "4@13"],
      ["watch", "3@14"],
      ["write", "4@13"],
    ],
    known: "3@14",
  },
  "what comes after a write is taken": {
    steps: [
      ["write", "4@13"],
      ["watch", "4@13"],
      ["watch", "3@14"],
    ],
    known: "3@14",
  },
  "one that is gone is gone": {
    steps: [
      ["write", "4@13"],
      ["gone", "4@14"],
    ],
    known: undefined,
  },
  "one that is created again is another one": {
    steps: [
      ["write", "4@13"],
      ["gone", "4@14"],
      ["created again", "5@15"],
    ],
    known: "5@15",
  },
};

test.each(Object.entries(ROWS))("%s", async (_, { steps, known }) => {
  const { view, tell } = viewOf(version("5@10"));
  for (const [what, text] of steps) {
    if (what === "write") view.accept(version(text));
    else if (what === "gone") await tell({ type: "DELETED", object: version(text) });
    else if (what === "watch") await tell({ type: "MODIFIED", object: version(text) });
    else await tell({ type: "ADDED", object: version(text, "uid-2") });
  }
  const [found] = view.observe()?.statefulSets ?? [];
  expect(found && `${found.spec.replicas}@${found.metadata.resourceVersion}`).toBe(known);
  await view.close();
});
