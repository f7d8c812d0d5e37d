import { registryStoreContract } from "../../contract/registry-store.ts";
import { fakeRegistryStore } from "../../fakes/registry-store.ts";

registryStoreContract("fake", async () => ({ store: fakeRegistryStore() }));
