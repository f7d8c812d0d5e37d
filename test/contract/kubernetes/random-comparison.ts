import { expect } from "vitest";
import type { ContractClient, Reply } from "./client.ts";
import { wholePath } from "./paths.ts";
import { randomTrial, seeded } from "./random-manifests.ts";
import { filled, makeNamespace } from "./run.ts";

/** Fields that differ from server to server and from run to run; status is what controllers make of it. */
const OWN = new Set([
  "uid",
  "resourceVersion",
  "creationTimestamp",
  "managedFields",
  "namespace",
  "status",
  "deletionTimestamp",
  "clusterIP",
  "clusterIPs",
  "deployment.kubernetes.io/revision",
]);

/** Sends the same random manifests to both servers and compares every answer. */
export async function compareRandomManifests(
  real: ContractClient,
  embedded: ContractClient,
  seed: number,
  count: number,
): Promise<void> {
  const random = seeded(seed);
  const namespaces = await Promise.all([makeNamespace(real), makeNamespace(embedded)]);
  for (let number = 0; number < count; number += 1) {
    const { resource, create, patches } = randomTrial(random, number);
    const both = async (
      method: "POST" | "PATCH" | "DELETE",
      path: string,
      body?: unknown,
    ): Promise<[unknown, unknown]> => {
      const contentType = method === "PATCH" ? "application/merge-patch+json" : "application/json";
      const replies = await Promise.all(
        [real, embedded].map((client, index) =>
          client.call({ method, path: filled(wholePath(path), { ns: namespaces[index] }), body, contentType }),
        ),
      );
      return replies.map((reply, index) => comparable(reply, namespaces[index] ?? "")) as [unknown, unknown];
    };
    const what = `seed ${seed}, manifest ${number}: ${resource} ${JSON.stringify(create)}`;
    const [wanted, answer] = await both("POST", resource, create);
    expect(answer, what).toEqual(wanted);
    const name = `${resource}/random-${number}`;
    for (const patch of patches) {
      const [patched, got] = await both("PATCH", name, patch);
      expect(got, `${what}, then patched with ${JSON.stringify(patch)}`).toEqual(patched);
    }
    const [deleted, gone] = await both("DELETE", name);
    expect(gone, `${what}, then deleted`).toEqual(deleted);
  }
}

function comparable({ status, body }: Reply, namespace: string): unknown {
  if (status >= 400) {
    const { reason, details } = body as {
      reason?: string;
      message?: string;
      details?: { causes?: { reason: string; field: string }[] };
    };
    const causes = details?.causes?.map((cause) => `${cause.field}: ${cause.reason}`) ?? [];
    return { status, reason, causes: [...new Set(causes)].toSorted() };
  }
  return { status, body: stripped(body, namespace) };
}

/** Without what is each server's own, without empty things, and without the random part of volume names. */
function stripped(value: unknown, namespace: string): unknown {
  if (typeof value === "string")
    return value.replaceAll(namespace, "NAMESPACE").replace(/^kube-api-access-\w{5}$/, "kube-api-access");
  if (Array.isArray(value)) return value.map((item) => stripped(item, namespace));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([field]) => !OWN.has(field))
      .map(([field, item]) => [field, stripped(item, namespace)] as const)
      .filter(([, item]) => !isEmpty(item)),
  );
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === "" || value === undefined) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}
