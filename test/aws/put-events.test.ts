import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PutEventsCommand, type PutEventsRequestEntry } from "@aws-sdk/client-eventbridge";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { GetQueueAttributesCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EMITTED_DETAIL_TYPES } from "../../lib/registry/detail-types.ts";
import type { ClusterView } from "../../lib/registry/query.ts";
import { LOCAL_ACCOUNT } from "../../local/aws.ts";
import { createCertificateAuthority } from "../../local/control-plane/certificates.ts";
import { putCluster } from "../../local/eks/clusters.ts";
import { type EksEndpoint, serveEks } from "../../local/eks.ts";
import { type Deployment, deployHub, eventually } from "./deployment.ts";
import { callIam } from "./iam.ts";

const EVENTS = join(import.meta.dirname, "../../events");
const TIMEOUT_MS = 60_000;

/** The other account of the samples, and the role the hub assumes there. */
const OTHER_ACCOUNT = "123456789012";
const ROLE = `arn:aws:iam::${OTHER_ACCOUNT}:role/outrigger`;

let folder: string;
let eks: EksEndpoint;
let hub: Deployment;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "outrigger-eks-"));
  const file = join(folder, "eks.json");
  // The cluster of the samples: EKS knows it, and nobody answers at its endpoint.
  await putCluster(file, {
    name: "prod-eu",
    region: "eu-west-1",
    accountId: OTHER_ACCOUNT,
    endpoint: "https://127.0.0.1:1",
    caPem: createCertificateAuthority("prod-eu").certPem,
    createdAt: "2026-01-01T00:00:00.000Z",
    version: "1.35",
  });
  eks = await serveEks({ file });
  hub = await deployHub({ assumeRoles: ROLE }, { eksEndpoint: eks.url });
  await createTrustingRole();
});
afterAll(async () => {
  await hub?.close();
  await eks?.close();
  await rm(folder, { recursive: true, force: true });
});

/** As docs/deploy.md has it: this hub may assume it with the external id, and it may look up clusters. */
async function createTrustingRole(): Promise<void> {
  const account = { endpoint: hub.aws.endpoint, accountId: OTHER_ACCOUNT };
  const policy = (statement: object): string =>
    JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] });
  const AssumeRolePolicyDocument = policy({
    Principal: { AWS: `arn:aws:iam::${LOCAL_ACCOUNT}:root` },
    Action: "sts:AssumeRole",
    Condition: { StringEquals: { "sts:ExternalId": "platform-7" } },
  });
  await callIam(account, { Action: "CreateRole", RoleName: "outrigger", AssumeRolePolicyDocument });
  const PolicyDocument = policy({ Action: "eks:DescribeCluster", Resource: "*" });
  await callIam(account, { Action: "PutRolePolicy", RoleName: "outrigger", PolicyName: "Look", PolicyDocument });
}

/** Puts a sample as `aws events put-events --entries file://events/NAME.json` does, on the bus of this stack. @returns its id. */
async function putSample(name: string): Promise<string> {
  const sample = JSON.parse(await readFile(join(EVENTS, `${name}.json`), "utf8")) as PutEventsRequestEntry[];
  const Entries = sample.map((entry) => ({ ...entry, EventBusName: hub.outputs["BusName"] }));
  const answer = await hub.clients.events.send(new PutEventsCommand({ Entries }));
  expect(answer).toMatchObject({ FailedEntryCount: 0, Entries: [{ EventId: expect.any(String) }] });
  return answer.Entries?.[0]?.EventId ?? "";
}

async function registered(name: string): Promise<ClusterView | undefined> {
  const Payload = Buffer.from(JSON.stringify({ action: "cluster.get", name }));
  const answer = await hub.clients.lambda.send(
    new InvokeCommand({ FunctionName: hub.outputs["ApiFunction"], Payload }),
  );
  const reply = JSON.parse(Buffer.from(answer.Payload ?? []).toString()) as { ok: boolean; data?: ClusterView };
  return reply.ok ? reply.data : undefined;
}

/** The reason with which an event was put among the dead letters; they stay there. */
async function rejection(eventId: string): Promise<string | undefined> {
  const { Messages = [] } = await hub.clients.sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: hub.outputs["RegistrationDeadLetterQueueUrl"],
      MaxNumberOfMessages: 10,
      VisibilityTimeout: 0,
      MessageAttributeNames: ["All"],
    }),
  );
  const own = Messages.find(({ Body = "{}" }) => (JSON.parse(Body) as { id?: string }).id === eventId);
  return own?.MessageAttributes?.["reason"]?.StringValue;
}

async function waiting(queue: string): Promise<number> {
  const AttributeNames = ["ApproximateNumberOfMessages" as const, "ApproximateNumberOfMessagesNotVisible" as const];
  const query = { QueueUrl: hub.outputs[`${queue}Url`], AttributeNames };
  const { Attributes = {} } = await hub.clients.sqs.send(new GetQueueAttributesCommand(query));
  return AttributeNames.reduce((sum, name) => sum + Number(Attributes[name]), 0);
}

const emptied = (queue: string) =>
  eventually(`${queue} is empty`, TIMEOUT_MS, async () => ((await waiting(queue)) === 0 ? true : undefined));

describe("a sample put on the deployed bus lands", () => {
  test("cluster-registered: the cluster is registered as it says", async () => {
    const eventId = await putSample("cluster-registered");
    const view = await eventually("The registration", TIMEOUT_MS, () => registered("prod-eu"));
    expect(view.registration).toMatchObject({
      state: "Active",
      eventId,
      at: "2026-11-20T10:00:00.000Z",
      access: { arn: "arn:aws:eks:eu-west-1:123456789012:cluster/prod-eu", externalId: "platform-7" },
      namespaces: ["loki", "mimir"],
    });
  });

  test("resource-changed: taken, for that cluster is registered", async () => {
    const eventId = await putSample("resource-changed");
    await emptied("RegistrationQueue");
    expect(await rejection(eventId)).toBeUndefined();
  });

  test("cluster-updated: rejected, for that cluster is not registered", async () => {
    const eventId = await putSample("cluster-updated");
    const reason = await eventually("The rejection", TIMEOUT_MS, () => rejection(eventId));
    expect(reason).toMatch(/^detail\.name: cluster edge-7 is not registered.*check the name/);
  });

  test("cluster-deregistered: the cluster is on its way out", async () => {
    await putSample("cluster-deregistered");
    const state = async () => {
      const view = await registered("prod-eu");
      return view?.registration.state === "Active" ? undefined : view?.registration.state;
    };
    expect(await eventually("The deregistration", TIMEOUT_MS, state)).toMatch(/^Deregister(ing|ed)$/);
  });

  test.each(EMITTED_DETAIL_TYPES)(
    "%s, as the hub itself would say it: kept from the registration queue",
    async (detailType) => {
      await emptied("RegistrationQueue"); // The cluster is on its way out before the message that says so is done with.
      const eventId = await putSample(detailType.toLowerCase().replaceAll(" ", "-"));
      expect(await waiting("RegistrationQueue")).toBe(0);
      expect(await rejection(eventId)).toBeUndefined();
    },
  );
});
