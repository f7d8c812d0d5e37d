import { beforeEach, describe, expect, it } from "vitest";
import { type FleetRow, hubKey, type SpecRow } from "../../lib/hub/resource.ts";
import type { HubStore } from "../../lib/hub/store.ts";
import type { Registration } from "../../lib/registry/registration.ts";
import type { WorkStore } from "../../lib/work/store.ts";
import { LeaseLostError } from "../../lib/work/verdict.ts";
import { registrationOf } from "../fakes/registration.ts";

/** One implementation under test, empty. */
export interface HubStoreSubject {
  store: HubStore;
  work: WorkStore;
  register(registration: Registration): Promise<void>;
  /** The next write is applied, but its first reply is lost and the SDK sends it again. Absent where nothing can be lost. */
  loseNextReply?(): void;
}

const ID = { kind: "MultiAZRollout", namespace: "mimir", name: "ingesters" };
const KEY = hubKey(ID, "prod");
const PROD = registrationOf("prod");

let writes = 0;
const written = () => ({ writtenBy: `w-${(writes += 1)}`, at: "2026-11-20T10:00:00.000Z" });

const fleetRow = (changes: Partial<FleetRow> = {}): FleetRow => ({
  ...ID,
  uid: "u",
  generation: 1,
  spec: { statefulSetSelector: { matchLabels: { app: "x" } }, azOrder: ["a", "b"] },
  selector: { matchExpressions: [{ key: "stage", operator: "In", values: ["prod"] }] },
  deleting: false,
  ...written(),
  ...changes,
});
const specRow = (changes: Partial<SpecRow> = {}): SpecRow => ({
  key: KEY,
  uid: "u",
  generation: 1,
  spec: { azOrder: [] },
  deleting: false,
  identity: PROD.identity,
  origin: "fleet",
  ...written(),
  ...changes,
});

/** What every `HubStore` does. `open` gives an empty one. */
export function hubStoreContract(name: string, open: () => Promise<HubStoreSubject>): void {
  describe(`hub store: ${name}`, () => {
    let subject: HubStoreSubject;
    let store: HubStore;
    beforeEach(async () => {
      subject = await open();
      store = subject.store;
      await subject.register(PROD);
      await subject.register(registrationOf("dev"));
    });
    const save = (row: SpecRow, asRead?: SpecRow) => store.saveSpec(row, asRead, PROD.identity);

    it("gives back fleet rows as they were saved, in order", async () => {
      const row = fleetRow();
      const first = fleetRow({ name: "distributors", selector: {} });
      expect(await store.saveFleet(row, undefined)).toBe(true);
      expect(await store.saveFleet(first, undefined)).toBe(true);
      expect(await store.loadFleet(ID)).toEqual(row);
      expect(await store.loadFleet({ ...ID, namespace: "loki" })).toBeUndefined();
      expect(await store.listFleet()).toEqual([first, row]);
    });

    it("lets only the first of two writers that read the same row write", async () => {
      const first = fleetRow();
      await store.saveFleet(first, undefined);
      expect(await store.saveFleet(fleetRow(), undefined)).toBe(false);
      expect(await store.saveFleet(fleetRow({ generation: 2 }), first)).toBe(true);
      expect(await store.saveFleet(fleetRow({ generation: 3 }), first)).toBe(false);
      expect((await store.loadFleet(ID))?.generation).toBe(2);

      const spec = specRow();
      expect(await save(spec)).toBe("saved");
      expect(await save(specRow())).toBe("changed");
      expect(await save(specRow({ generation: 2 }), spec)).toBe("saved");
      expect(await save(specRow({ generation: 3 }), spec)).toBe("changed");
      expect((await store.loadSpec(KEY))?.generation).toBe(2);
    });

    it("removes a fleet row only when it is marked and the one that was meant", async () => {
      const row = fleetRow();
      await store.saveFleet(row, undefined);
      await store.removeFleet(row);
      expect(await store.loadFleet(ID)).toEqual(row);
      const marked = fleetRow({ deleting: true });
      await store.saveFleet(marked, row);
      await store.removeFleet({ ...row, uid: "another" });
      expect(await store.loadFleet(ID)).toEqual(marked);
      await store.removeFleet(row);
      await store.removeFleet(row);
      expect(await store.listFleet()).toEqual([]);
    });

    it("keeps specs per cluster, and knows where a resource is placed", async () => {
      const prod = specRow();
      const dev = specRow({
        key: hubKey(ID, "dev"),
        uid: "by-name",
        identity: registrationOf("dev").identity,
        origin: "cluster",
      });
      await save(prod);
      await store.saveSpec(dev, undefined, dev.identity);
      expect(await store.loadSpec(KEY)).toEqual(prod);
      expect(await store.loadPlaced("dev")).toEqual({ specs: [dev], orphans: [] });
      expect(await store.listPlaced(ID)).toEqual([
        { cluster: "dev", uid: "by-name" },
        { cluster: "prod", uid: "u" },
      ]);
      expect(await store.listPlaced({ ...ID, name: "other" })).toEqual([]);
    });

    it("writes no spec for a cluster that is not registered so, or is leaving", async () => {
      expect(await store.saveSpec(specRow(), undefined, "another")).toBe("notRegistered");
      expect(await store.saveSpec(specRow({ key: hubKey(ID, "nobody") }), undefined, "i")).toBe("notRegistered");
      await subject.register({ ...PROD, state: "Deregistering" });
      expect(await save(specRow())).toBe("notRegistered");
      expect(await store.listPlaced(ID)).toEqual([]);
    });

    it("removes a spec by its uid, again and again", async () => {
      await save(specRow());
      await store.removeSpec({ key: KEY, uid: "another" });
      expect(await store.listPlaced(ID)).toHaveLength(1);
      await store.removeSpec({ key: KEY, uid: "u" });
      await store.removeSpec({ key: KEY, uid: "u" });
      expect(await store.loadSpec(KEY)).toBeUndefined();
      expect(await store.listPlaced(ID)).toEqual([]);
    });

    it("loses a spec and its place with the work that is forgotten", async () => {
      const spec = specRow();
      await save(spec);
      const { ticket } = await subject.work.schedule(KEY, 1_000, { posted: false });
      expect((await store.loadPlaced("prod")).specs).toHaveLength(1);
      subject.loseNextReply?.();
      await subject.work.forget(KEY, 0, { ticket, spec: spec.writtenBy });
      await subject.work.forget(KEY, 0, { ticket, spec: spec.writtenBy });
      expect(await store.loadPlaced("prod")).toEqual({ specs: [], orphans: [] });
      expect(await store.listPlaced(ID)).toEqual([]);
    });

    it("forgets nothing whose spec was written since it was read", async () => {
      const [asRead, since] = [specRow({ deleting: true }), specRow({ uid: "u2" })];
      await save(asRead);
      const { ticket } = await subject.work.schedule(KEY, 1_000, { posted: false });
      await save(since, asRead);
      await expect(subject.work.forget(KEY, 0, { ticket, spec: asRead.writtenBy })).rejects.toThrow(LeaseLostError);
      expect(await store.loadPlaced("prod")).toEqual({ specs: [since], orphans: [] });
      expect(await store.listPlaced(ID)).toEqual([{ cluster: "prod", uid: "u2" }]);
      expect(await subject.work.load(KEY)).toMatchObject({ ticket });
    });

    it("leaves a spec that was applied before its work is scheduled to whoever schedules it", async () => {
      const { ticket } = await subject.work.schedule(KEY, 1_000, { posted: false });
      const applied = specRow();
      await save(applied);
      await subject.work.forget(KEY, 0, { ticket });
      expect(await store.loadPlaced("prod")).toEqual({ specs: [applied], orphans: [] });
      expect(await store.listPlaced(ID)).toEqual([{ cluster: "prod", uid: "u" }]);
      expect(await subject.work.load(KEY)).toBeUndefined();
    });

    it("names the work whose spec is gone", async () => {
      await save(specRow());
      await subject.work.schedule(KEY, 1_000, { posted: false });
      await subject.work.schedule({ ...KEY, home: "cluster" }, 1_000, { posted: false });
      expect((await store.loadPlaced("prod")).orphans).toEqual([]);
      await store.removeSpec(specRow());
      expect(await store.loadPlaced("prod")).toEqual({ specs: [], orphans: [KEY] });
    });

    it("recognises its own write when the reply was lost", async () => {
      const [fleet, spec] = [fleetRow(), specRow()];
      subject.loseNextReply?.();
      expect(await store.saveFleet(fleet, undefined)).toBe(true);
      subject.loseNextReply?.();
      expect(await store.saveFleet(fleetRow({ deleting: true }), fleet)).toBe(true);
      subject.loseNextReply?.();
      await store.removeFleet(fleet);
      expect(await store.listFleet()).toEqual([]);
      subject.loseNextReply?.();
      expect(await save(spec)).toBe("saved");
      subject.loseNextReply?.();
      expect(await save(specRow({ generation: 2 }), spec)).toBe("saved");
      subject.loseNextReply?.();
      await store.removeSpec(spec);
      expect(await store.listPlaced(ID)).toEqual([]);
    });
  });
}
