import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { createEksTokenSource } from "../../lib/aws/eks-token.ts";
import type { ClusterAccess, KubernetesClient, ResourceType, WatchEvent } from "../../lib/kubernetes/client.ts";
import {
  type CustomResource,
  customResourceDefinition,
  resourceTypeOf,
} from "../../lib/kubernetes/custom-resources.ts";
import { createDiscovery } from "../../lib/kubernetes/discovery.ts";
import { installCustomResource } from "../../lib/kubernetes/install-custom-resource.ts";
import { readKubeconfig } from "../../lib/kubernetes/kubeconfig.ts";
import type { KubernetesObject } from "../../lib/kubernetes/objects.ts";
import { createKubernetesClient } from "../../lib/kubernetes/transport.ts";
import { CUSTOM_RESOURCE_DEFINITIONS, DEPLOYMENTS, NODES, PODS } from "../../lib/kubernetes/types.ts";
import { applyAccess, bindGroup } from "../../local/control-plane/access.ts";
import { createCertificateAuthority } from "../../local/control-plane/certificates.ts";
import { type ControlPlane, startControlPlane } from "../../local/control-plane/start.ts";

interface ConfigMap extends KubernetesObject {
  data?: Record<string, string>;
}
const CONFIG_MAPS: ResourceType = { apiVersion: "v1", kind: "ConfigMap", plural: "configmaps", namespaced: true };
const namespace = "default";
const configMap = (
  name: string,
  data: Record<string, string> = {},
  labels: Record<string, string> = {},
): ConfigMap => ({
  metadata: { name, namespace, labels },
  data,
});

const keys = { accessKeyId: "000000000000", secretAccessKey: "test" };
const arn = "arn:aws:sts::000000000000:assumed-role/outrigger-worker/session";
const rules = {
  credentials: [{ ...keys, arn }],
  accessEntries: [
    { arn: "arn:aws:iam::000000000000:role/outrigger-worker", username: "outrigger", groups: ["outrigger"] },
  ],
};

let folder: string;
let cluster: ControlPlane;
let access: ClusterAccess;
let client: KubernetesClient;
const opened: KubernetesClient[] = [];

function open(more: Partial<ClusterAccess>): KubernetesClient {
  const { server, caPem } = access;
  const other = createKubernetesClient({ server, ...(caPem === undefined ? {} : { caPem }), ...more });
  opened.push(other);
  return other;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "transport-"));
  cluster = await startControlPlane({
    name: "transport",
    dataDir: join(folder, "cluster"),
    nodesPerZone: 1,
    tokens: { rules },
    onProgress: (line) => process.stderr.write(`${line}\n`),
  });
  access = readKubeconfig(cluster.adminKubeconfig.text, { source: "the test's kubeconfig" });
  client = createKubernetesClient(access);
});

afterAll(async () => {
  await Promise.all([client, ...opened].map((each) => each?.close()));
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe("objects", () => {
  test("are created, read, patched, replaced under their version, and deleted under their UID", async () => {
    const name = { namespace, name: "crud" };
    const created = await client.create(CONFIG_MAPS, configMap("crud", { a: "1" }));
    expect(created).toMatchObject({ kind: "ConfigMap", metadata: { uid: expect.any(String) } });
    await client.patch(CONFIG_MAPS, name, { data: { b: "2" } }, { type: "merge" });
    await client.patch(CONFIG_MAPS, name, [{ op: "remove", path: "/data/a" }], { type: "json" });
    const live = await client.get<ConfigMap>(CONFIG_MAPS, name);
    expect(live.data).toEqual({ b: "2" });
    await expect(client.replace(CONFIG_MAPS, { ...created, data: { c: "3" } })).rejects.toMatchObject({
      status: 409,
      reason: "Conflict",
    });
    await expect(client.replace(CONFIG_MAPS, { ...live, data: { c: "3" } })).resolves.toMatchObject({
      data: { c: "3" },
    });
    await expect(client.create(CONFIG_MAPS, configMap("crud"))).rejects.toMatchObject({
      status: 409,
      reason: "AlreadyExists",
    });
    const other = { preconditions: { uid: "00000000-0000-0000-0000-000000000000" } };
    await expect(client.delete(CONFIG_MAPS, name, other)).rejects.toMatchObject({ status: 409, reason: "Conflict" });
    await client.delete(CONFIG_MAPS, name, { preconditions: { uid: live.metadata.uid ?? "" } });
    await expect(client.get(CONFIG_MAPS, name)).rejects.toMatchObject({ status: 404, reason: "NotFound" });
  });

  test("are applied; another manager's field is a conflict with its cause, and force takes it", async () => {
    const name = { namespace, name: "applied" };
    const wanted = (value: string): object => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: name,
      data: { a: value },
    });
    await client.patch(CONFIG_MAPS, name, wanted("1"), { type: "apply", fieldManager: "first" });
    const conflict = client.patch(CONFIG_MAPS, name, wanted("2"), { type: "apply", fieldManager: "second" });
    await expect(conflict).rejects.toMatchObject({
      status: 409,
      causes: [{ reason: "FieldManagerConflict", field: ".data.a" }],
    });
    const forced = client.patch(CONFIG_MAPS, name, wanted("2"), { type: "apply", fieldManager: "second", force: true });
    await expect(forced).resolves.toMatchObject({ data: { a: "2" } });
  });

  test("with a wrong type fail once and for good", async () => {
    const wrong = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "wrong" }, data: [1] };
    const failed = client.patch(CONFIG_MAPS, { namespace, name: "wrong" }, wrong, { type: "apply", fieldManager: "m" });
    await expect(failed).rejects.toMatchObject({ name: "ApiError", status: 500, reason: "" });
  });

  test("with an invalid spec are refused with one cause per field", async () => {
    const pod = { metadata: { name: "Wrong_Name", namespace }, spec: { containers: [] } };
    await expect(client.create(PODS, pod)).rejects.toMatchObject({
      status: 422,
      reason: "Invalid",
      causes: expect.arrayContaining([expect.objectContaining({ field: "metadata.name" })]),
    });
  });
});

describe("lists", () => {
  test("are complete over many pages, selected, and dated by the server", async () => {
    await Promise.all(
      Array.from({ length: 12 }, (_, i) => client.create(CONFIG_MAPS, configMap(`page-${i}`, {}, { page: "yes" }))),
    );
    const list = await client.list<ConfigMap>(CONFIG_MAPS, { namespace, labelSelector: "page in (yes)", limit: 5 });
    expect(list.items).toHaveLength(12);
    expect(Number(list.resourceVersion)).toBeGreaterThan(0);
    expect(Math.abs(Date.parse(list.observedAt) - Date.now())).toBeLessThan(60_000);
    const one = await client.list(CONFIG_MAPS, { fieldSelector: "metadata.name=page-3" });
    expect(one.items.map(({ metadata }) => metadata.name)).toEqual(["page-3"]);
  });

  test("of metadata hold nothing else", async () => {
    const [node] = (await client.list(NODES, { as: "metadata" })).items;
    expect(node).toMatchObject({ kind: "PartialObjectMetadata", metadata: { name: expect.any(String) } });
    expect(node).not.toHaveProperty("status");
  });
});

describe("watches", () => {
  test("tell of changes after a list, until their reader has seen enough", async () => {
    const { resourceVersion } = await client.list(CONFIG_MAPS, { namespace });
    const events: WatchEvent<ConfigMap>[] = [];
    const watching = (async () => {
      for await (const event of client.watch<ConfigMap>(CONFIG_MAPS, {
        namespace,
        resourceVersion,
        labelSelector: "seen=yes",
      })) {
        events.push(event);
        if (event.type === "DELETED") break;
      }
    })();
    const { metadata } = await client.create(CONFIG_MAPS, configMap("watched", { text: "zürich 🚀" }, { seen: "yes" }));
    await client.patch(CONFIG_MAPS, { namespace, name: "watched" }, { data: { more: "1" } }, { type: "merge" });
    await client.delete(CONFIG_MAPS, { namespace, name: "watched" }, { preconditions: { uid: metadata.uid ?? "" } });
    await watching;
    expect(events.map(({ type }) => type)).toEqual(["ADDED", "MODIFIED", "DELETED"]);
    expect(events[0]).toMatchObject({ object: { data: { text: "zürich 🚀" } } });
  });

  test("end when their time is over", async () => {
    const { resourceVersion } = await client.list(CONFIG_MAPS, { namespace });
    const types: string[] = [];
    const options = { namespace, resourceVersion, labelSelector: "nothing=here", timeoutMs: 1_000 };
    for await (const { type } of client.watch(CONFIG_MAPS, options)) types.push(type);
    expect(types.filter((type) => type !== "BOOKMARK")).toEqual([]);
  });
});

describe("access", () => {
  const target = { clusterName: "transport", region: "us-east-1" };
  const token = createEksTokenSource(target, async () => keys);

  test("with an EKS token is granted, and refused where the group has no rule, in the server's words", async () => {
    const hub = open({ token });
    await expect(hub.list(PODS, { namespace })).rejects.toMatchObject({
      status: 403,
      reason: "Forbidden",
      message:
        'pods is forbidden: User "outrigger" cannot list resource "pods" in API group "" in the namespace "default"',
    });
    await applyAccess(cluster.admin, [bindGroup("outrigger", "view")]);
    await expect
      .poll(() => hub.list(PODS, { namespace }).then(({ items }) => items.length), { timeout: 30_000 })
      .toBe(0);
  });

  test.each<[name: string, token: ClusterAccess["token"]]>([
    [
      "expired",
      createEksTokenSource(
        target,
        async () => keys,
        () => Date.now() - 16 * 60_000,
      ),
    ],
    ["signed for another cluster", createEksTokenSource({ ...target, clusterName: "other" }, async () => keys)],
    ["of unknown credentials", createEksTokenSource(target, async () => ({ ...keys, accessKeyId: "unknown" }))],
  ])("with a token %s is 401", async (_name, wrong) => {
    await expect(open(wrong === undefined ? {} : { token: wrong }).list(PODS)).rejects.toMatchObject({
      name: "ApiError",
      status: 401,
      message: expect.stringContaining(access.server),
    });
  });

  test("with an expired token is repaired by a renewed one", async () => {
    const expired = createEksTokenSource(
      target,
      async () => keys,
      () => Date.now() - 16 * 60_000,
    );
    const repaired = open({ token: (options) => (options.renew ? token(options) : expired(options)) });
    await expect(repaired.raw("GET", "/version")).resolves.toMatchObject({ status: 200 });
  });

  test("to a server that another authority vouches for is a TLS failure", async () => {
    const { certPem } = createCertificateAuthority("somebody else");
    await expect(open({ caPem: certPem, token }).list(PODS)).rejects.toMatchObject({
      name: "ConnectionError",
      failure: "tls",
    });
  });

  test("to /readyz is plain text with the server's time", async () => {
    const answer = await client.raw("GET", "/readyz");
    expect(answer).toMatchObject({ status: 200, body: "ok", observedAt: expect.stringMatching(/^\d{4}-.*Z$/) });
  });
});

describe("custom resources", () => {
  const widget: CustomResource = {
    group: "example.dev",
    version: "v1alpha1",
    kind: "Widget",
    plural: "widgets",
    shortNames: ["wd"],
    description: "A widget.",
    spec: z.strictObject({
      size: z.union([z.int().min(1), z.string().regex(/^\d+%$/)]).default(1),
      nested: z
        .strictObject({ zones: z.array(z.string()).default([]), labels: z.record(z.string(), z.string()) })
        .optional(),
      mode: z.enum(["A", "B"]).default("A"),
      note: z.string().nullable().optional(),
    }),
    columns: [{ name: "Phase", type: "string", jsonPath: ".status.phase" }],
  };
  const type = resourceTypeOf(widget);

  test("are installed, served, kept as written, and installed again without a change", async () => {
    const definition = customResourceDefinition(widget);
    await expect(installCustomResource(client, definition)).resolves.toMatchObject({
      outcome: "created",
      usable: true,
    });
    const spec = {
      size: "5%",
      nested: { zones: ["a"], labels: { x: "y" }, zonse: 1 },
      unknown: { deep: true },
      note: null,
    };
    const object = { metadata: { name: "one", namespace }, spec };
    await expect(client.create(type, object)).resolves.toMatchObject({ spec });
    const written = await client.get<typeof object>(type, { namespace, name: "one" });
    expect(written.spec).toEqual(spec);
    await expect(installCustomResource(client, definition)).resolves.toMatchObject({ outcome: "unchanged" });
  });

  test("with values that we refuse ourselves reach us, and wrong types do not", async () => {
    await expect(
      client.create(type, { metadata: { name: "ours", namespace }, spec: { size: -1, mode: "C" } }),
    ).resolves.toBeDefined();
    const wrong = client.create(type, { metadata: { name: "wrong", namespace }, spec: { size: [] } });
    await expect(wrong).rejects.toMatchObject({
      status: 422,
      causes: [expect.objectContaining({ field: "spec.size" })],
    });
  });

  test("watched from a version older than the server remembers are 410 Expired", async () => {
    const iterator = client.watch(type, { resourceVersion: "1" })[Symbol.asyncIterator]();
    await expect(iterator.next()).rejects.toMatchObject({ name: "ApiError", status: 410, reason: "Expired" });
  });

  test("take a status through its subresource only", async () => {
    const name = { namespace, name: "one" };
    await client.patch(type, name, { status: { phase: "Ignored" } }, { type: "merge" });
    const patched = client.patch(type, name, { status: { phase: "Done" } }, { type: "merge", subresource: "status" });
    await expect(patched).resolves.toMatchObject({ status: { phase: "Done" }, metadata: { generation: 1 } });
    const table = await client.raw("GET", `/apis/example.dev/v1alpha1/namespaces/${namespace}/widgets`, {
      accept: "application/json;as=Table;v=v1;g=meta.k8s.io",
    });
    expect(JSON.parse(table.body)).toMatchObject({
      columnDefinitions: expect.arrayContaining([expect.objectContaining({ name: "Phase" })]),
    });
  });

  test("are updated when their schema changed, and found by discovery", async () => {
    const changed = { ...widget, spec: z.strictObject({ size: z.int(), added: z.string().optional() }) };
    await expect(installCustomResource(client, customResourceDefinition(changed))).resolves.toMatchObject({
      outcome: "updated",
    });
    const found = await createDiscovery(client).find("example.dev/v1alpha1", "Widget");
    expect(found).toMatchObject({ ...type, subresources: ["status"] });
  });

  test("installed by somebody else are left alone", async () => {
    const name = { name: "widgets.example.dev" };
    const labels = { "app.kubernetes.io/managed-by": "Helm" };
    const { metadata } = await client.patch(
      CUSTOM_RESOURCE_DEFINITIONS,
      name,
      { metadata: { labels } },
      { type: "merge" },
    );
    const result = await installCustomResource(client, customResourceDefinition(widget));
    expect(result).toMatchObject({
      outcome: "foreign",
      usable: true,
      message: expect.stringContaining("widgets.example.dev"),
    });
    const after = await client.get(CUSTOM_RESOURCE_DEFINITIONS, name);
    expect(after.metadata.resourceVersion).toBe(metadata.resourceVersion);
  });

  test("of groups that are not served are not discovered", async () => {
    const discovery = createDiscovery(client);
    await expect(discovery.find("absent.dev/v1", "Thing")).resolves.toBeUndefined();
    await expect(discovery.find("apps/v1", "Deployment")).resolves.toMatchObject({
      ...DEPLOYMENTS,
      subresources: ["scale", "status"],
    });
  });
});
