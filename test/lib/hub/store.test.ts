import type { Registration } from "../../../lib/registry/registration.ts";
import { hubStoreContract } from "../../contract/hub-store.ts";
import { createFakeClock } from "../../fakes/clock.ts";
import { createFakeHubStore } from "../../fakes/hub-store.ts";
import { createFakeWorkStore } from "../../fakes/work-store.ts";

hubStoreContract("in memory", async () => {
  const work = createFakeWorkStore(createFakeClock());
  const registrations = new Map<string, Registration>();
  return {
    store: createFakeHubStore({ work, registration: async (cluster) => registrations.get(cluster) }),
    work,
    register: async (registration) => void registrations.set(registration.name, registration),
  };
});
