import { describe } from "vitest";
import { workStoreContract } from "../../contract/work-store.ts";
import { createFakeWorkStore } from "../../fakes/work-store.ts";

describe("the in-memory work store", () => {
  workStoreContract(async () => {
    const clock = { nowMs: Date.parse("2026-11-01T00:00:00Z") };
    const store = createFakeWorkStore({ now: () => clock.nowMs });
    const register = async (registration: Parameters<typeof store.registrations.set>[1]) => {
      store.registrations.set(registration.name, registration);
    };
    return { store, clock, register };
  });
});
