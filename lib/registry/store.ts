import type { HealthRow } from "../health/row.ts";
import type { Registration } from "./registration.ts";
import type { RegistrationList } from "./unreadable.ts";

/**
 * Registrations and their health, as the table keeps them. Each write is conditional and recognises its own success after a
 * lost reply. Contract suite: `test/contract/registry-store.ts`, run on the fake and on DynamoDB.
 */
export interface RegistryStore {
  /**
   * The row as it is now (read consistently): a registration or a tombstone.
   * @throws UnreadableRegistrationError
   */
  load(cluster: string): Promise<Registration | undefined>;
  /**
   * All clusters that are not deregistered. Reads the pointer items, never the whole table; one that cannot be read hides no
   * other.
   */
  list(): Promise<RegistrationList>;
  /** The name of the registration (not deregistered) that has this scope (`scopeOf`). */
  nameOf(scope: string): Promise<string | undefined>;
  /**
   * Writes row, pointer and the name of its scope in one transaction if the row still is what was read (same at, eventId
   * and state) and its scope has no other name. A tombstone takes pointer and name away.
   * @returns false when somebody else wrote meanwhile: load and decide again.
   */
  save(next: Registration, asRead: Registration | undefined): Promise<boolean>;
  loadHealth(cluster: string): Promise<HealthRow | undefined>;
  /** Those that exist and can be read: one that cannot hides no other cluster's. */
  listHealth(clusters: readonly string[]): Promise<HealthRow[]>;
  /** @returns false when another probe wrote since `asRead`: its result stands. */
  saveHealth(next: HealthRow, asRead: HealthRow | undefined): Promise<boolean>;
}
