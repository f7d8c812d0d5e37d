import { readItem } from "../../lib/aws/read-item.ts";
import { HealthRow } from "../../lib/health/row.ts";
import { type Registration, scopeOf } from "../../lib/registry/registration.ts";
import type { RegistryStore } from "../../lib/registry/store.ts";
import { readRegistration, readRegistrations } from "../../lib/registry/unreadable.ts";

const stamp = (row: Registration | undefined): string =>
  row === undefined ? "" : `${row.at} ${row.eventId} ${row.state}`;

/** A `RegistryStore` in memory, kept to the contract by `test/contract/registry-store.ts`. */
export function fakeRegistryStore() {
  const registrations = new Map<string, Registration>();
  const nameOf = (scope: string): string | undefined =>
    [...registrations.values()].find((row) => row.state !== "Deregistered" && scopeOf(row) === scope)?.name;
  const health = new Map<string, HealthRow>();
  return {
    /** Another version writes the registration. @returns what takes that back. */
    spoil(cluster: string): () => void {
      const row = registrations.get(cluster) as Registration;
      registrations.set(cluster, { ...row, state: "Unheard" } as unknown as Registration);
      return () => void registrations.set(cluster, row);
    },
    /** As `spoil`, the health. */
    spoilHealth(cluster: string): void {
      health.set(cluster, { ...health.get(cluster), class: "Unheard" } as unknown as HealthRow);
    },
    load: async (cluster) => {
      const row = structuredClone(registrations.get(cluster));
      return row === undefined ? undefined : readRegistration(cluster, row);
    },
    list: async () =>
      readRegistrations(
        [...registrations]
          .filter(([, { state }]) => state !== "Deregistered")
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, row]) => ({ name, row: structuredClone(row) })),
      ),
    nameOf: async (scope) => nameOf(scope),
    async save(next, asRead) {
      const found = stamp(registrations.get(next.name));
      if (found !== stamp(asRead)) return found === stamp(next);
      if (next.state !== "Deregistered" && (nameOf(scopeOf(next)) ?? next.name) !== next.name) return false;
      registrations.set(next.name, structuredClone(next));
      return true;
    },
    loadHealth: async (cluster) => {
      const row = health.get(cluster);
      return row === undefined ? undefined : readItem(HealthRow, { pk: cluster, sk: "HEALTH", ...row });
    },
    listHealth: async (clusters) =>
      clusters.flatMap((cluster) => HealthRow.safeParse(structuredClone(health.get(cluster))).data ?? []),
    async saveHealth(next, asRead) {
      const row = health.get(next.cluster);
      if (row?.observedAt !== asRead?.observedAt || row?.identity !== asRead?.identity) {
        return row?.observedAt === next.observedAt && row.identity === next.identity && row.class === next.class;
      }
      health.set(next.cluster, structuredClone(next));
      return true;
    },
  } satisfies RegistryStore & Record<"spoil" | "spoilHealth", unknown>;
}
