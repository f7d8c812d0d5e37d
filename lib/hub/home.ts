import type { Homes } from "../rollouts/home.ts";
import type { WorkStore } from "../work/store.ts";
import { otherHomeKey } from "./resource.ts";
import type { HubStore } from "./store.ts";

/** The homes of a cluster's resources, as the table knows them. */
export function createHomes(ports: {
  hub: Pick<HubStore, "loadSpec">;
  work: Pick<WorkStore, "load" | "loadState">;
}): Homes {
  const { hub, work } = ports;
  return {
    async loadResource(key) {
      const [row, state] = await Promise.all([hub.loadSpec(key), work.loadState(key)]);
      if (row === undefined || row.deleting) return undefined;
      const { uid, generation, spec } = row;
      return { uid, generation, spec, status: state?.identity === row.identity ? state.status : undefined };
    },
    // A SPEC item is there before its work is, and goes with it: of two homes at least one pass sees the other.
    async livesElsewhere(key) {
      const other = otherHomeKey(key);
      if (other.home === "hub") return (await hub.loadSpec(other)) !== undefined;
      if ((await work.load(other)) === undefined) return false;
      const status = (await work.loadState(other))?.status as { phase?: unknown } | null | undefined;
      return status?.phase !== "Gone";
    },
  };
}
