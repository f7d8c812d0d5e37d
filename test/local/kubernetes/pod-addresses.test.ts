import { expect, test } from "vitest";
import { createVirtualClock } from "../../../local/kubernetes/clock.ts";
import { createPodAddresses } from "../../../local/kubernetes/controllers/pod-addresses.ts";
import { seeded } from "../../contract/kubernetes/random-manifests.ts";
import { statefulSet } from "../../kubernetes/stateful-set.ts";
import { inProcessCluster } from "./in-process.ts";

test("two pods whose UIDs begin alike have different addresses", async () => {
  const clock = createVirtualClock();
  const { core, ask } = await inProcessCluster({ clock, random: seeded(52) });
  await ask("POST", "/apis/apps/v1/namespaces/default/statefulsets", statefulSet("web", 90));
  clock.advance(60_000);
  const pods = core.store.list("pods.");
  expect(new Set(pods.map(({ metadata }) => metadata.uid.slice(0, 4))).size).toBe(89);
  expect(new Set(pods.map((pod) => (pod["status"] as { podIP?: string }).podIP)).size).toBe(90);
  core.stop();
});

test("an address follows from the UID; where it is taken, the next free one is given until it is released", () => {
  const addresses = createPodAddresses();
  expect(addresses.of("00ff-first")).toBe("10.128.1.0");
  expect(addresses.of("00ff-second")).toBe("10.128.1.1");
  expect(addresses.of("00ff-first")).toBe("10.128.1.0");
  addresses.release("00ff-first");
  addresses.release("nobody");
  expect(addresses.of("00ff-third")).toBe("10.128.1.0");
  expect(addresses.of("00ff-second")).toBe("10.128.1.1");
  expect(["0000-", "fffd-", "fffe-"].map(addresses.of)).toEqual(["10.128.0.1", "10.128.255.254", "10.128.0.2"]);
});
