import {
  changeTemplate,
  createNamespace,
  createRollout,
  createStatefulSets,
  type Group,
  waitUntilRolled,
} from "./rollout-group.ts";

/** A healthy rollout that gets a new version as soon as the last one is out, for as long as a test runs. */
export interface SteadyRollout {
  /** Versions rolled out completely so far. */
  readonly completed: number;
  /** Ends after the version on its way. @throws Error when one was not rolled out in time. */
  stop(): Promise<void>;
}

/** How long one version may take, milliseconds: 6 pods in 3 zones, and nothing else is in its way. */
const LONGEST_MS = 120_000;

export async function keepRolling(group: Group): Promise<SteadyRollout> {
  await createNamespace(group.admin, group.namespace);
  await createStatefulSets(group);
  await createRollout(group);
  let running = true;
  const rollout = { completed: 0 };
  const loop = async (): Promise<void> => {
    for (let version = 2; running; version += 1) {
      await changeTemplate(group, String(version));
      await waitUntilRolled(group, String(version), LONGEST_MS);
      rollout.completed += 1;
    }
  };
  const done = loop();
  // Told to whoever stops it: nobody waits for it before.
  done.catch(() => undefined);
  return {
    get completed() {
      return rollout.completed;
    },
    async stop() {
      running = false;
      await done;
    },
  };
}
