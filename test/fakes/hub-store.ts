import { type FleetRow, idOf, type SpecRow } from "../../lib/hub/resource.ts";
import type { HubStore } from "../../lib/hub/store.ts";
import type { Registration } from "../../lib/registry/registration.ts";
import { LeaseLostError } from "../../lib/work/verdict.ts";
import { type FakeWorkStore, rowId } from "./work-store.ts";

/** The in-memory `HubStore`, with what a test may look at. */
export interface FakeHubStore extends HubStore {
  fleet: Map<string, FleetRow>;
  specs: Map<string, SpecRow>;
}

/**
 * A `HubStore` in memory, kept to the contract by `test/contract/hub-store.ts`. Forgetting work takes the SPEC along that
 * was read, as the table's transaction does.
 */
export function createFakeHubStore(options: {
  work: FakeWorkStore;
  registration(cluster: string): Promise<Registration | undefined>;
}): FakeHubStore {
  const fleet = new Map<string, FleetRow>();
  const specs = new Map<string, SpecRow>();
  const { work } = options;
  const forget = work.forget.bind(work);
  work.forget = async (key, fence, asRead = {}) => {
    const found = specs.get(rowId(key));
    if (asRead.spec !== undefined && found !== undefined && found.writtenBy !== asRead.spec)
      throw new LeaseLostError("Its spec was written since it was read.");
    await forget(key, fence, asRead);
    if (asRead.spec !== undefined) specs.delete(rowId(key));
  };
  return {
    fleet,
    specs,
    listFleet: async () => [...fleet.values()].sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1)).map(copy),
    loadFleet: async (id) => copy(fleet.get(idOf(id))),
    async saveFleet(next, asRead) {
      const found = fleet.get(idOf(next));
      if (found?.writtenBy !== asRead?.writtenBy) return false;
      fleet.set(idOf(next), copy(next));
      return true;
    },
    async removeFleet(row) {
      const found = fleet.get(idOf(row));
      if (found?.uid === row.uid && found.deleting) fleet.delete(idOf(row));
    },
    loadSpec: async (key) => copy(specs.get(rowId(key))),
    loadPlaced: async (cluster) => ({
      specs: [...specs.values()]
        .filter(({ key }) => key.cluster === cluster)
        .sort((a, b) => (idOf(a.key) < idOf(b.key) ? -1 : 1))
        .map(copy),
      orphans: [...work.rows.values()]
        .map(({ key }) => key)
        .filter((key) => key.cluster === cluster && key.home === "hub" && !specs.has(rowId(key))),
    }),
    async saveSpec(next, asRead, identity) {
      const registration = await options.registration(next.key.cluster);
      if (registration?.state !== "Active" || registration.identity !== identity) return "notRegistered";
      if (specs.get(rowId(next.key))?.writtenBy !== asRead?.writtenBy) return "changed";
      specs.set(rowId(next.key), copy(next));
      return "saved";
    },
    async removeSpec({ key, uid }) {
      if (specs.get(rowId(key))?.uid === uid) specs.delete(rowId(key));
    },
    listPlaced: async (id) =>
      [...specs.values()]
        .filter(({ key }) => idOf(key) === idOf(id))
        .map(({ key: { cluster }, uid }) => ({ cluster, uid }))
        .sort((a, b) => (a.cluster < b.cluster ? -1 : 1)),
  };
}

const copy = <T>(value: T): T => structuredClone(value);
