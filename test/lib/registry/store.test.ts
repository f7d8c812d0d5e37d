import { registryStoreContract } from "../../contract/registry-store.ts";
import { fakeRegistryStore } from "../../fakes/registry-store.ts";

registryStoreContract("fake", async () => {
  const store = fakeRegistryStore();
  return {
    store,
    spoil: async (cluster) => void store.spoil(cluster),
    spoilHealth: async (cluster) => store.spoilHealth(cluster),
  };
});
