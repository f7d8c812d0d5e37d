import { registryStoreContract } from "../../contract/registry-store.ts";
import { fakeRegistryStore } from "./fake-registry-store.ts";

registryStoreContract("fake", async () => fakeRegistryStore());
