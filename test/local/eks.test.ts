import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DescribeClusterCommand,
  DescribeUpdateCommand,
  EKSClient,
  ListClustersCommand,
  ListTagsForResourceCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-eks";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clusterArn, putCluster, removeCluster } from "../../local/eks/clusters.ts";
import { type EksEndpoint, serveEks } from "../../local/eks.ts";

const cluster = {
  region: "us-east-1",
  accountId: "000000000000",
  endpoint: "https://127.0.0.1:6443",
  caPem: "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n",
  createdAt: "2026-11-21T10:00:00.000Z",
  version: "1.35",
};

let folder: string;
let file: string;
let endpoint: EksEndpoint;
let client: EKSClient;

const clientFor = (region: string): EKSClient =>
  new EKSClient({
    region,
    endpoint: endpoint.url,
    credentials: { accessKeyId: "000000000000", secretAccessKey: "test" },
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "eks-"));
  file = join(folder, "clusters.json");
  endpoint = await serveEks({ file });
  client = clientFor("us-east-1");
});

afterAll(async () => {
  client.destroy();
  await endpoint.close();
  await rm(folder, { recursive: true, force: true });
});

test("a cluster added while the endpoint runs is described as the real service does it", async () => {
  await putCluster(file, { ...cluster, name: "alpha", tags: { team: "metrics" } });
  const { cluster: described } = await client.send(new DescribeClusterCommand({ name: "alpha" }));
  expect(described).toMatchObject({
    name: "alpha",
    arn: "arn:aws:eks:us-east-1:000000000000:cluster/alpha",
    endpoint: cluster.endpoint,
    version: "1.35",
    status: "ACTIVE",
    tags: { team: "metrics" },
  });
  expect(described?.createdAt).toEqual(new Date(cluster.createdAt));
  expect(Buffer.from(described?.certificateAuthority?.data ?? "", "base64").toString()).toBe(cluster.caPem);
});

test("an unknown cluster is a ResourceNotFoundException with HTTP 404", async () => {
  await expect(client.send(new DescribeClusterCommand({ name: "nobody" }))).rejects.toMatchObject({
    name: "ResourceNotFoundException",
    message: "No cluster found for name: nobody.",
    $metadata: { httpStatusCode: 404 },
  });
});

test("a cluster of another region is not found, nor listed", async () => {
  await putCluster(file, { ...cluster, name: "elsewhere", region: "eu-central-1" });
  await expect(client.send(new DescribeClusterCommand({ name: "elsewhere" }))).rejects.toMatchObject({
    name: "ResourceNotFoundException",
  });
  expect((await client.send(new ListClustersCommand({}))).clusters).not.toContain("elsewhere");
  const other = clientFor("eu-central-1");
  expect((await other.send(new ListClustersCommand({}))).clusters).toEqual(["elsewhere"]);
  other.destroy();
});

test("a list is paged by name", async () => {
  for (const name of ["delta", "beta", "gamma"]) await putCluster(file, { ...cluster, name });
  const first = await client.send(new ListClustersCommand({ maxResults: 2 }));
  const second = await client.send(new ListClustersCommand({ maxResults: 2, nextToken: first.nextToken }));
  expect([first.clusters, second.clusters, second.nextToken]).toEqual([
    ["alpha", "beta"],
    ["delta", "gamma"],
    undefined,
  ]);
});

test("tags are added, listed and taken away", async () => {
  const resourceArn = clusterArn({ ...cluster, name: "alpha" });
  await client.send(new TagResourceCommand({ resourceArn, tags: { stage: "test", zone: "a" } }));
  await client.send(new UntagResourceCommand({ resourceArn, tagKeys: ["zone", "team"] }));
  expect((await client.send(new ListTagsForResourceCommand({ resourceArn }))).tags).toEqual({ stage: "test" });
});

test("a cluster made anew under its name has its new creation time, and a removed one is gone", async () => {
  await putCluster(file, { ...cluster, name: "alpha", createdAt: "2026-11-22T00:00:00.000Z" });
  const { cluster: again } = await client.send(new DescribeClusterCommand({ name: "alpha" }));
  expect(again?.createdAt).toEqual(new Date("2026-11-22T00:00:00.000Z"));
  await removeCluster(file, clusterArn({ ...cluster, name: "alpha" }));
  await expect(client.send(new DescribeClusterCommand({ name: "alpha" }))).rejects.toMatchObject({
    name: "ResourceNotFoundException",
  });
});

test("changes by several writers at once are all kept", async () => {
  const names = Array.from({ length: 8 }, (_, index) => `many-${index}`);
  await Promise.all(names.map((name) => putCluster(file, { ...cluster, name })));
  expect((await client.send(new ListClustersCommand({}))).clusters).toEqual(expect.arrayContaining(names));
});

test("an operation that is not offered says so", async () => {
  await expect(client.send(new DescribeUpdateCommand({ name: "alpha", updateId: "1" }))).rejects.toMatchObject({
    name: "NotImplementedException",
    message: expect.stringContaining("has no DescribeUpdate") as string,
  });
});

test("an unsigned request is refused", async () => {
  const response = await fetch(`${endpoint.url}/clusters`);
  expect([response.status, response.headers.get("x-amzn-errortype")]).toEqual([
    403,
    "MissingAuthenticationTokenException",
  ]);
});
