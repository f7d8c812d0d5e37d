import { beforeEach, describe, expect, it } from "vitest";
import type { HealthRow } from "../../lib/health/row.ts";
import { tombstone } from "../../lib/registry/decide.ts";
import type { RegistryStore } from "../../lib/registry/store.ts";
import { UnreadableRegistrationError } from "../../lib/registry/unreadable.ts";
import { at, registration, T0 } from "../lib/registry/build.ts";

const health = (fields: Partial<HealthRow> = {}): HealthRow => ({
  cluster: "prod",
  identity: "i",
  class: "Healthy",
  since: at(0),
  observedAt: at(0),
  checks: [],
  nodes: { ready: 1, total: 1, byZone: { a: { ready: 1, total: 1 } } },
  // Far ahead: what has expired may vanish at any time.
  expiresAt: 4_000_000_000,
  ...fields,
});

/** One implementation under test, empty. */
export interface RegistryStoreSubject {
  store: RegistryStore;
  /** The next write is applied, but its first reply is lost and the SDK sends it again. Absent where nothing can be lost. */
  loseNextReply?(): void;
  /** Another version writes the registration: this one knows no such state. */
  spoil(cluster: string): Promise<void>;
  /** As `spoil`, the health. */
  spoilHealth(cluster: string): Promise<void>;
}

/** What every `RegistryStore` does. `open` gives an empty one. */
export function registryStoreContract(name: string, open: () => Promise<RegistryStoreSubject>): void {
  describe(`registry store: ${name}`, () => {
    let store: RegistryStore;
    let subject: RegistryStoreSubject;
    beforeEach(async () => {
      subject = await open();
      store = subject.store;
    });

    it("recognises its own write when the reply was lost", async () => {
      subject.loseNextReply?.();
      expect(await store.save(registration(), undefined)).toBe(true);
      subject.loseNextReply?.();
      expect(await store.save(registration({ state: "Deregistering" }), registration())).toBe(true);
      subject.loseNextReply?.();
      expect(await store.saveHealth(health(), undefined)).toBe(true);
      subject.loseNextReply?.();
      expect(await store.saveHealth(health({ observedAt: at(30) }), health())).toBe(true);
    });

    it("gives back a registration as it was saved", async () => {
      const row = registration({ labels: { team: "a" }, namespaces: ["mimir"], version: "v1.35.4" });
      expect(await store.save(row, undefined)).toBe(true);
      expect(await store.load("prod")).toEqual(row);
      expect(await store.load("other")).toBeUndefined();
    });

    it("lets only the first of two writers that read the same row write", async () => {
      const first = registration();
      expect(await store.save(first, undefined)).toBe(true);
      expect(await store.save(registration({ eventId: "x" }), undefined)).toBe(false);
      expect(await store.save(registration({ at: at(1) }), first)).toBe(true);
      expect(await store.save(registration({ at: at(2) }), first)).toBe(false);
      expect((await store.load("prod"))?.at).toBe(at(1));
    });

    it("takes a change of state under the same stamp for a change", async () => {
      const active = registration();
      const leaving = registration({ state: "Deregistering" });
      await store.save(active, undefined);
      expect(await store.save(leaving, active)).toBe(true);
      expect(await store.save(registration({ version: "v2" }), active)).toBe(false);
    });

    it("lists by name what is not deregistered, and drops the pointer with the tombstone", async () => {
      const b = registration({ name: "b" });
      const a = registration({ name: "a", state: "Deregistering" });
      await store.save(b, undefined);
      await store.save(a, undefined);
      expect(await store.list()).toEqual({ registrations: [a, b], unreadable: [] });
      const gone = { ...tombstone(b, T0), expiresAt: 4_000_000_000 };
      expect(await store.save(gone, b)).toBe(true);
      expect(await store.list()).toEqual({ registrations: [a], unreadable: [] });
      expect(await store.load("b")).toEqual(gone);
    });

    it("names a registration that cannot be read, which hides no other and is not gone", async () => {
      for (const name of ["c", "b", "a"]) await store.save(registration({ name, identity: name }), undefined);
      await subject.spoil("b");
      const { registrations, unreadable } = await store.list();
      expect(registrations.map(({ name }) => name)).toEqual(["a", "c"]);
      const cause = expect.stringMatching(
        /^its registration is not as this version writes it \(state: must be one of /,
      );
      const nextStep = expect.stringMatching(/^deploy the newest version/);
      expect(unreadable).toEqual([{ name: "b", cause, nextStep }]);
      const error = await store.load("b").catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(UnreadableRegistrationError);
      expect(String(error)).toMatch(/: Cluster b: its registration is not .*\. Deploy the newest .* edited\.$/);
      expect((await store.load("a"))?.name).toBe("a");
    });

    it("keeps one name for an identity until it is left", async () => {
      const prod = registration({ identity: "i" });
      const alias = registration({ name: "alias", identity: "i" });
      expect(await store.nameOf("i")).toBeUndefined();
      expect(await store.save(prod, undefined)).toBe(true);
      expect(await store.nameOf("i")).toBe("prod");
      expect(await store.save(alias, undefined)).toBe(false);
      expect(await store.load("alias")).toBeUndefined();
      expect((await store.list()).registrations.map(({ name }) => name)).toEqual(["prod"]);

      const leaving = registration({ identity: "i", state: "Deregistering" });
      expect(await store.save(leaving, prod)).toBe(true);
      expect(await store.save(alias, undefined)).toBe(false);
      const gone = { ...tombstone(leaving, T0), expiresAt: 4_000_000_000 };
      expect(await store.save(gone, leaving)).toBe(true);
      expect(await store.nameOf("i")).toBeUndefined();
      expect(await store.save(alias, undefined)).toBe(true);
      expect(await store.nameOf("i")).toBe("alias");
      expect(await store.save({ ...gone, at: at(9) }, gone)).toBe(true);
      expect(await store.nameOf("i")).toBe("alias");
    });

    it("lets another name have other namespaces of an identity", async () => {
      const mimir = registration({ identity: "i", namespaces: ["mimir"] });
      expect(await store.save(mimir, undefined)).toBe(true);
      expect(await store.save(registration({ name: "alias", identity: "i", namespaces: ["loki"] }), undefined)).toBe(
        true,
      );
      expect([await store.nameOf("i#mimir"), await store.nameOf("i#loki")]).toEqual(["prod", "alias"]);
      const wider = registration({ identity: "i", namespaces: ["loki"], at: at(1) });
      expect(await store.save(wider, mimir)).toBe(false);
      expect(await store.save({ ...wider, namespaces: ["mimir", "tempo"] }, mimir)).toBe(true);
      expect([await store.nameOf("i#mimir"), await store.nameOf("i#mimir#tempo")]).toEqual([undefined, "prod"]);
    });

    it("gives up the old identity of a cluster that was created again", async () => {
      const first = registration({ identity: "i" });
      const second = registration({ identity: "j", at: at(1) });
      await store.save(first, undefined);
      expect(await store.save(second, first)).toBe(true);
      expect([await store.nameOf("i"), await store.nameOf("j")]).toEqual([undefined, "prod"]);
    });

    it("leaves the identity under its own lost reply", async () => {
      const first = registration({ identity: "i" });
      await store.save(first, undefined);
      subject.loseNextReply?.();
      const gone = { ...tombstone(first, T0), expiresAt: 4_000_000_000 };
      expect(await store.save(gone, first)).toBe(true);
      expect(await store.nameOf("i")).toBeUndefined();
    });

    it("registers again over a tombstone", async () => {
      const gone = { ...tombstone(registration(), T0), expiresAt: 4_000_000_000 };
      await store.save(gone, undefined);
      expect(await store.save(registration({ at: at(9) }), gone)).toBe(true);
      expect(await store.load("prod")).not.toHaveProperty("expiresAt");
      expect((await store.list()).registrations).toHaveLength(1);
    });

    it("keeps the health of each cluster", async () => {
      expect(await store.loadHealth("prod")).toBeUndefined();
      expect(await store.saveHealth(health(), undefined)).toBe(true);
      expect(await store.saveHealth(health({ cluster: "dev" }), undefined)).toBe(true);
      expect(await store.loadHealth("prod")).toEqual(health());
      expect((await store.listHealth(["dev", "none", "prod"])).map(({ cluster }) => cluster).sort()).toEqual([
        "dev",
        "prod",
      ]);
      expect(await store.listHealth([])).toEqual([]);
    });

    it("leaves out a health that cannot be read, which hides no other", async () => {
      for (const cluster of ["dev", "prod"]) await store.saveHealth(health({ cluster }), undefined);
      await subject.spoilHealth("dev");
      expect(await store.listHealth(["dev", "prod"])).toEqual([health()]);
      await expect(store.loadHealth("dev")).rejects.toThrow(/class: must be one of/);
    });

    it("lets only the first of two probes that read the same health write", async () => {
      await store.saveHealth(health(), undefined);
      const next = health({ observedAt: at(30), class: "Degraded" });
      expect(await store.saveHealth(next, health())).toBe(true);
      expect(await store.saveHealth(health({ observedAt: at(31) }), health())).toBe(false);
      expect(await store.saveHealth(health({ observedAt: at(32) }), undefined)).toBe(false);
      expect(await store.loadHealth("prod")).toEqual(next);
    });
  });
}
