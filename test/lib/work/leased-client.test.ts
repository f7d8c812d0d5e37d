import { expect, test } from "vitest";
import type { KubernetesClient } from "../../../lib/kubernetes/client.ts";
import { PODS } from "../../../lib/kubernetes/types.ts";
import { leasedClient } from "../../../lib/work/leased-client.ts";
import { LeaseLostError } from "../../../lib/work/verdict.ts";

const CALLS: Record<string, (client: KubernetesClient) => Promise<unknown>> = {
  get: (client) => client.get(PODS, { name: "a" }),
  list: (client) => client.list(PODS),
  raw: (client) => client.raw("GET", "/readyz"),
  "raw POST": (client) => client.raw("POST", "/api/v1/namespaces/a/pods/b:80/proxy/c"),
  "raw DELETE": (client) => client.raw("DELETE", "/api/v1/namespaces/a/pods/b:80/proxy/c"),
  create: (client) => client.create(PODS, { metadata: { name: "a" } }),
  replace: (client) => client.replace(PODS, { metadata: { name: "a" } }),
  patch: (client) => client.patch(PODS, { name: "a" }, {}, { type: "merge" }),
  delete: (client) => client.delete(PODS, { name: "a" }, { preconditions: { uid: "1" } }),
};
const READS = ["get", "list", "raw"];

/** A client that counts what reaches it, behind a lease that allows writes or does not. */
function behind(mayWrite: boolean) {
  const reached: string[] = [];
  const client = new Proxy({} as KubernetesClient, {
    get: (_target, name: string) => async () => void reached.push(name),
  });
  return { reached, client: leasedClient(client, { mayWrite: () => mayWrite }) };
}

test.each(Object.entries(CALLS))("%s goes through while the lease allows it", async (name, call) => {
  const { client, reached } = behind(true);
  await call(client);
  expect(reached).toEqual([name.split(" ")[0]]);
});

test.each(Object.entries(CALLS))("%s without the lease changes nothing", async (name, call) => {
  const { client, reached } = behind(false);
  if (READS.includes(name)) await call(client);
  else await expect(call(client)).rejects.toBeInstanceOf(LeaseLostError);
  expect(reached).toEqual(READS.includes(name) ? [name] : []);
});

test("what a refusal tells of a path holds no query", async () => {
  const { client } = behind(false);
  const refusal = client.raw("POST", "/api/v1/namespaces/a/pods/b:80/proxy/c?token=secret");
  await expect(refusal).rejects.toThrow("for POST /api/v1/namespaces/a/pods/b:80/proxy/c;");
});
