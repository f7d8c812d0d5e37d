import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createSecretsClient } from "../../../lib/aws/clients.ts";
import { createAccessResolver, createIdentityResolver } from "../../../lib/aws/cluster-access.ts";
import { RegistrationRefusedError } from "../../../lib/registry/ports.ts";
import type { Access } from "../../../lib/registry/registration.ts";
import { RetryableError } from "../../../lib/work/verdict.ts";
import { createCertificateAuthority } from "../../../local/control-plane/certificates.ts";
import { type EksCluster, putCluster } from "../../../local/eks/clusters.ts";
import { type EksEndpoint, serveEks } from "../../../local/eks.ts";

const authority = createCertificateAuthority("prod");
const ARN = "arn:aws:eks:us-east-1:000000000000:cluster/";
const cluster: EksCluster = {
  name: "prod",
  region: "us-east-1",
  accountId: "000000000000",
  endpoint: "https://ABC.gr7.us-east-1.eks.amazonaws.com",
  caPem: authority.certPem,
  createdAt: "2026-11-01T00:00:00.000Z",
  version: "1.35",
  status: "ACTIVE",
  tags: {},
};

/** Secrets Manager and STS as far as they are asked here: what a secret or role is called decides the answer. */
function serveAws(): Server {
  return createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => void chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      const isSecrets = request.headers["x-amz-target"] === "secretsmanager.GetSecretValue";
      const { status, text } = isSecrets ? secret((JSON.parse(body) as { SecretId: string }).SecretId) : assume(body);
      response.writeHead(status, { "content-type": isSecrets ? "application/x-amz-json-1.1" : "text/xml" }).end(text);
    });
  });
}

function secret(name: string): { status: number; text: string } {
  const refuse = (status: number, type: string): { status: number; text: string } => ({
    status,
    text: JSON.stringify({ __type: type, message: "said by AWS" }),
  });
  if (name === "denied") return refuse(400, "AccessDeniedException");
  if (name === "broken") return refuse(400, "DecryptionFailure");
  if (name === "absent") return refuse(400, "ResourceNotFoundException");
  const user = name === "exec" ? { exec: { command: "aws" } } : { token: "t" };
  const server = name === "metadata" ? "https://169.254.169.254" : "https://k8s.example.com";
  const config = {
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "a", user: "b" } }],
    clusters: [
      {
        name: "a",
        cluster: { server, "certificate-authority-data": Buffer.from(authority.certPem).toString("base64") },
      },
    ],
    users: [{ name: "b", user }],
  };
  return { status: 200, text: JSON.stringify({ SecretString: name === "empty" ? "" : JSON.stringify(config) }) };
}

function assume(body: string): { status: number; text: string } {
  const parameters = new URLSearchParams(body);
  if (parameters.get("ExternalId") !== "right") {
    const error = "<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized</Message></Error>";
    return { status: 403, text: `<ErrorResponse>${error}</ErrorResponse>` };
  }
  const fields =
    "<AccessKeyId>AKASSUMED</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>";
  const credentials = `<Credentials>${fields}<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>`;
  const result = `<AssumeRoleResult>${credentials}</AssumeRoleResult>`;
  return { status: 200, text: `<AssumeRoleResponse>${result}</AssumeRoleResponse>` };
}

let folder: string;
let eks: EksEndpoint;
const aws = serveAws();
const eksAccess = (name: string, more: object = {}): Access => ({
  type: "eks",
  clusterName: name,
  arn: `${ARN}${name}`,
  region: "us-east-1",
  accountId: "000000000000",
  ...more,
});
const resolver = (local = false): ReturnType<typeof createAccessResolver> =>
  createAccessResolver({ secrets: createSecretsClient(), local });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "outrigger-access-"));
  const file = join(folder, "clusters.json");
  eks = await serveEks({ file });
  await new Promise<void>((resolve) => void aws.listen(0, "127.0.0.1", resolve));
  await putCluster(file, cluster);
  await putCluster(file, { ...cluster, name: "creating", status: "CREATING" });
  await putCluster(file, { ...cluster, name: "updating", status: "UPDATING" });
  await putCluster(file, { ...cluster, name: "loopback", endpoint: "https://127.0.0.1:6443" });
  vi.stubEnv("AWS_ENDPOINT_URL", `http://127.0.0.1:${(aws.address() as AddressInfo).port}`);
  vi.stubEnv("AWS_ENDPOINT_URL_EKS", eks.url);
  vi.stubEnv("AWS_REGION", "us-east-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "000000000000");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await eks.close();
  aws.close();
  await rm(folder, { recursive: true });
});

function signerOf(token: string | undefined): string | null {
  const url = Buffer.from((token ?? "").slice("k8s-aws-v1.".length), "base64url").toString();
  return new URL(url).searchParams.get("X-Amz-Credential");
}

describe("an EKS cluster", () => {
  test("is reached at its endpoint with its CA and a token of the hub, and is its ARN and birth", async () => {
    const { access, identity } = await resolver()(eksAccess("prod"));
    expect(access).toMatchObject({ server: cluster.endpoint, caPem: cluster.caPem });
    expect(identity).toBe(`${ARN}prod@2026-11-01T00:00:00.000Z`);
    expect(signerOf(await access.token?.({ renew: false }))).toMatch(
      /^000000000000\/\d{8}\/us-east-1\/sts\/aws4_request$/,
    );
  });

  test("is reached while it is being updated", async () => {
    await expect(resolver()(eksAccess("updating"))).resolves.toMatchObject({
      identity: `${ARN}updating@2026-11-01T00:00:00.000Z`,
    });
  });

  test("of another account is reached with the role it names", async () => {
    const roleArn = "arn:aws:iam::000000000000:role/outrigger";
    const { access } = await resolver()(eksAccess("prod", { roleArn, externalId: "right" }));
    expect(signerOf(await access.token?.({ renew: false }))).toMatch(/^AKASSUMED\//);
  });

  test("at a loopback address is reached in the local environment only", async () => {
    await expect(resolver(true)(eksAccess("loopback"))).resolves.toMatchObject({
      access: { server: "https://127.0.0.1:6443" },
    });
  });
});

test("a kubeconfig in a secret gives access, and is its certificate authority", async () => {
  const { access, identity } = await resolver()({ type: "kubeconfig", secret: "good" });
  expect(access.server).toBe("https://k8s.example.com");
  expect(access.refuseAddress?.("169.254.169.254")).toBe(true);
  expect(identity).toMatch(/^ca:[0-9a-f]{64}$/);
});

const roleArn = "arn:aws:iam::000000000000:role/outrigger";
const REFUSED: [name: string, access: Access, reason: string, message: string][] = [
  ["an unknown cluster", eksAccess("absent"), "ClusterUnknown", "there is no EKS cluster absent in us-east-1"],
  ["a cluster that is being created", eksAccess("creating"), "ClusterNotActive", "is CREATING, not ACTIVE; wait"],
  [
    "a role that may not be assumed",
    eksAccess("prod", { roleArn }),
    "AccessDenied",
    `the role ${roleArn} of EKS cluster ${ARN}prod cannot be assumed (AccessDenied: not authorized); check that the stack's option assumeRoles has it`,
  ],
  [
    "an ARN of another account",
    { ...eksAccess("prod"), arn: "arn:other" } as Access,
    "ClusterUnknown",
    "a cluster of another account",
  ],
  ["a loopback endpoint", eksAccess("loopback"), "EndpointRefused", "loopback or link-local"],
  ["a metadata endpoint", { type: "kubeconfig", secret: "metadata" }, "EndpointRefused", "https://169.254.169.254"],
  [
    "an exec user",
    { type: "kubeconfig", secret: "exec" },
    "KubeconfigRefused",
    'kubeconfig in secret exec: user "b" runs a command',
  ],
  [
    "a missing secret",
    { type: "kubeconfig", secret: "absent" },
    "SecretUnavailable",
    "there is no secret absent; create it",
  ],
  ["an empty secret", { type: "kubeconfig", secret: "empty" }, "SecretUnavailable", "the secret empty is empty"],
  [
    "a secret that may not be read",
    { type: "kubeconfig", secret: "denied" },
    "AccessDenied",
    "option kubeconfigSecrets allows, outrigger/* by default",
  ],
];

describe("no access, with one reason and a next step, for", () => {
  test.each(REFUSED)("%s", async (_name, access, reason, message) => {
    const failure = resolver()(access);
    await expect(failure).rejects.toMatchObject({ name: "ClusterAccessError", reason, passing: false });
    await expect(failure).rejects.toThrow(message);
    await expect(createIdentityResolver(resolver())(access)).rejects.toBeInstanceOf(RegistrationRefusedError);
  });

  test("a service that fails for now, which is tried again", async () => {
    const broken: Access = { type: "kubeconfig", secret: "broken" };
    await expect(resolver()(broken)).rejects.toMatchObject({ reason: "AwsUnavailable", passing: true });
    await expect(createIdentityResolver(resolver())(broken)).rejects.toBeInstanceOf(RetryableError);
  });
});
