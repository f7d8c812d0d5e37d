import { describe, expect, it } from "vitest";
import { planPlacements } from "../../../lib/hub/plan.ts";
import type { FleetRow, SpecRow } from "../../../lib/hub/resource.ts";
import { fleetRow, ID, specRow } from "./rows.ts";

const CLUSTER = { name: "prod", identity: "i", state: "Active" as const, labels: { stage: "prod" } };
const other = { ...ID, name: "distributors" };

describe("what is placed in one cluster", () => {
  const rows: [string, Partial<typeof CLUSTER> | { state: "Deregistering" }, FleetRow[], SpecRow[], string[]][] = [
    ["nothing, when there is nothing", {}, [], [], []],
    ["what matches and is not there", {}, [fleetRow()], [], ["create ingesters 1"]],
    [
      "for an empty selector, everywhere",
      { labels: {} as never },
      [fleetRow({ selector: {} })],
      [],
      ["create ingesters 1"],
    ],
    ["not what other labels ask for", { labels: { stage: "dev" } }, [fleetRow()], [], []],
    ["not what is being deleted", {}, [fleetRow({ deleting: true })], [], []],
    ["nothing in a cluster that leaves", { state: "Deregistering" }, [fleetRow()], [], []],
    ["nothing when all is as wanted", {}, [fleetRow()], [specRow()], []],
    ["a newer generation", {}, [fleetRow({ generation: 3 })], [specRow()], ["update ingesters 3"]],
    ["not an older one than is there", {}, [fleetRow()], [specRow({ generation: 2 })], []],
    [
      "again, what was marked when its labels were other ones",
      {},
      [fleetRow()],
      [specRow({ deleting: true })],
      ["update ingesters 1"],
    ],
    [
      "no longer what does not match any more",
      { labels: { stage: "dev" } },
      [fleetRow()],
      [specRow()],
      ["remove ingesters 1"],
    ],
    ["no longer what is being deleted", {}, [fleetRow({ deleting: true })], [specRow()], ["remove ingesters 1"]],
    ["no longer what the fleet does not know", {}, [], [specRow()], ["remove ingesters 1"]],
    ["a removal only once", {}, [], [specRow({ deleting: true })], []],
    [
      "a resource applied anew only after the one before is gone",
      {},
      [fleetRow({ uid: "v" })],
      [specRow()],
      ["remove ingesters 1"],
    ],
    ["… which takes its time", {}, [fleetRow({ uid: "v" })], [specRow({ deleting: true })], []],
    [
      "what was placed for an earlier registration is void",
      {},
      [fleetRow()],
      [specRow({ identity: "old" })],
      ["remove ingesters 1"],
    ],
    [
      "… and what was applied to it too",
      {},
      [],
      [specRow({ identity: "old", origin: "cluster" })],
      ["remove ingesters 1"],
    ],
    ["what was applied to this cluster stays", {}, [], [specRow({ origin: "cluster" })], []],
    [
      "… and keeps the fleet's out",
      {},
      [fleetRow({ uid: "v" })],
      [specRow({ origin: "cluster" })],
      ["conflict ingesters"],
    ],
    [
      "… until it is on its way out",
      {},
      [fleetRow({ uid: "v" })],
      [specRow({ origin: "cluster", deleting: true })],
      [],
    ],
    [
      "several resources, in order",
      {},
      [fleetRow(), fleetRow({ ...other, uid: "o" })],
      [specRow({ key: { ...specRow().key, name: "zz" }, uid: "z" })],
      ["create distributors 1", "create ingesters 1", "remove zz 1"],
    ],
  ];
  it.each(rows)("%s", (_sentence, changes, fleet, specs, expected) => {
    const plan = planPlacements({ registration: { ...CLUSTER, ...changes }, fleet, specs });
    const told = [
      ...plan.writes.map(({ change, next }) => `${change} ${next.key.name} ${next.generation}`),
      ...plan.conflicts.map(({ name }) => `conflict ${name}`),
    ];
    expect(told).toEqual(expected);
    for (const { change, next } of plan.writes) expect(next.deleting).toBe(change === "remove");
    const after = specs.map((row) => plan.writes.find(({ asRead }) => asRead === row)?.next ?? row);
    const created = plan.writes.filter(({ asRead }) => asRead === undefined).map(({ next }) => next);
    const again = [...after, ...created].map((row) => ({ writtenBy: "w", at: "", ...row }));
    expect(planPlacements({ registration: { ...CLUSTER, ...changes }, fleet, specs: again }).writes).toEqual([]);
  });

  it("a SPEC item is what its fleet row says, for this registration", () => {
    const [write] = planPlacements({ registration: CLUSTER, fleet: [fleetRow({ generation: 4 })], specs: [] }).writes;
    const { writtenBy: _writtenBy, at: _at, ...expected } = specRow({ generation: 4 });
    expect(write?.next).toEqual(expected);
  });
});
