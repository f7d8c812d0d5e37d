import { type FleetRow, hubKey, type SpecRow } from "../../../lib/hub/resource.ts";

export const ID = { kind: "MultiAZRollout", namespace: "mimir", name: "ingesters" };
export const SPEC = { statefulSetSelector: { matchLabels: { app: "ingester" } } };
const written = { writtenBy: "w", at: "2026-11-20T10:00:00.000Z" };

export const fleetRow = (changes: Partial<FleetRow> = {}): FleetRow => ({
  ...ID,
  uid: "u",
  generation: 1,
  spec: SPEC,
  selector: { matchLabels: { stage: "prod" } },
  deleting: false,
  ...written,
  ...changes,
});

export const specRow = (changes: Partial<SpecRow> = {}): SpecRow => ({
  key: hubKey(ID, "prod"),
  uid: "u",
  generation: 1,
  spec: SPEC,
  deleting: false,
  identity: "i",
  origin: "fleet",
  ...written,
  ...changes,
});
