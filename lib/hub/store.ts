import type { WorkKey } from "../work/keys.ts";
import type { FleetRow, ResourceId, SpecRow } from "./resource.ts";

/**
 * Resources whose home is the hub, as the table keeps them. Each write is conditional and recognises its own success after a
 * lost reply (`writtenBy`). Contract suite: `test/contract/hub-store.ts`, run on the fake and on DynamoDB.
 */
export interface HubStore {
  /** All fleet rows, by kind, namespace and name. */
  listFleet(): Promise<FleetRow[]>;
  loadFleet(id: ResourceId): Promise<FleetRow | undefined>;
  /** @returns false when the row is not what was read: load and decide again. */
  saveFleet(next: FleetRow, asRead: FleetRow | undefined): Promise<boolean>;
  /** Removes a row that is marked and still has this uid. */
  removeFleet(row: Pick<FleetRow, "kind" | "namespace" | "name" | "uid">): Promise<void>;
  loadSpec(key: WorkKey): Promise<SpecRow | undefined>;
  /**
   * What one cluster has of the hub: its SPEC items, and the keys whose SPEC is gone while their work is not (somebody died
   * in between).
   */
  loadPlaced(cluster: string): Promise<{ specs: SpecRow[]; orphans: WorkKey[] }>;
  /**
   * Writes a SPEC item and its pointer, while the cluster is registered with this identity and active.
   * @returns `changed` when the row is not what was read.
   */
  saveSpec(
    next: SpecRow,
    asRead: SpecRow | undefined,
    identity: string,
  ): Promise<"saved" | "changed" | "notRegistered">;
  /** Removes a SPEC item with this uid and its pointer; for one that has no WORK item. Another uid stays. */
  removeSpec(row: Pick<SpecRow, "key" | "uid">): Promise<void>;
  /** The clusters that hold a SPEC of this name, sorted, with the uid it has there. */
  listPlaced(id: ResourceId): Promise<{ cluster: string; uid: string }[]>;
}
