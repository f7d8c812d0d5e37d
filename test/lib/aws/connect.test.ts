import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { ClusterAccessError } from "../../../lib/aws/cluster-access-error.ts";
import { createConnector } from "../../../lib/aws/connect.ts";
import type { ResolvedAccess } from "../../../lib/aws/eks-access.ts";
import { PODS } from "../../../lib/kubernetes/types.ts";
import type { Connect } from "../../../lib/registry/ports.ts";
import type { Registration } from "../../../lib/registry/registration.ts";
import { RetryableError, TerminalError } from "../../../lib/work/verdict.ts";
import { type ApiServer, sendJson, startApiServer } from "../kubernetes/api-server.ts";

const registration: Registration = {
  name: "prod",
  identity: "ca:1",
  state: "Active",
  access: { type: "kubeconfig", secret: "prod" },
  labels: {},
  capabilities: ["observe"],
  namespaces: [],
  allow: { secrets: [], roles: [], urls: [], alarms: [] },
  monitorIntervalSeconds: 60,
  discoverIntervalSeconds: 60,
  installCustomResources: false,
  at: "2026-11-21T10:00:00Z",
  eventId: "e",
  registeredAt: "2026-11-21T10:00:00Z",
};

let server: ApiServer;
let answers: (() => ResolvedAccess)[];
let asked: number;
let now: number;
let connect: Connect;
const resolved = (more: Partial<ResolvedAccess> = {}): ResolvedAccess => ({
  access: { ...server.access, token: async () => "t" },
  identity: "ca:1",
  fingerprint: "1",
  ...more,
});
const refuse = (reason: "AccessDenied" | "AwsUnavailable") => (): ResolvedAccess => {
  throw new ClusterAccessError(reason, "said by AWS");
};

beforeAll(async () => {
  server = await startApiServer();
});
afterAll(() => server.stop());
beforeEach(() => {
  asked = 0;
  now = 0;
  answers = [];
  const resolveAccess = async (): Promise<ResolvedAccess> => {
    asked += 1;
    return (answers.shift() ?? resolved)();
  };
  connect = createConnector({ resolveAccess, nowMs: () => now });
});

/** Makes a client's next call fail with 401, after which its access is doubtful. */
async function fail(target: Registration): Promise<void> {
  server.answer((_request, response) => sendJson(response, 401, {}));
  await expect((await connect(target)).get(PODS, { namespace: "a", name: "b" })).rejects.toMatchObject({ status: 401 });
}

test("one client per registration identity, resolved once, also for passes that begin together", async () => {
  const [first, second] = await Promise.all([connect(registration), connect(registration)]);
  expect(second).toBe(first);
  expect(asked).toBe(1);
  answers.push(() => resolved({ identity: "ca:2" }));
  expect(await connect({ ...registration, identity: "ca:2" })).not.toBe(first);
});

test("a role that changed means another client", async () => {
  const first = await connect(registration);
  expect(await connect({ ...registration, access: { type: "kubeconfig", secret: "other" } })).not.toBe(first);
});

test("access that became doubtful is resolved again, not more often than each 30 s; the client stays when nothing changed", async () => {
  const first = await connect(registration);
  await fail(registration);
  expect(await connect(registration)).toBe(first);
  expect(asked).toBe(1);
  now = 30_000;
  expect(await connect(registration)).toBe(first);
  expect(asked).toBe(2);
  now = 90_000;
  await connect(registration);
  expect(asked).toBe(2);
});

test("a changed endpoint, authority or kubeconfig gives a new client", async () => {
  const first = await connect(registration);
  await fail(registration);
  now = 30_000;
  answers.push(() => resolved({ fingerprint: "2" }));
  const second = await connect(registration);
  expect(second).not.toBe(first);
  expect(await connect(registration)).toBe(second);
});

test("a cluster that is another one now is not touched", async () => {
  await fail(registration);
  now = 30_000;
  answers.push(() => resolved({ identity: "ca:2", fingerprint: "2" }));
  const refused = connect(registration);
  await expect(refused).rejects.toBeInstanceOf(TerminalError);
  await expect(refused).rejects.toMatchObject({ reason: "IdentityChanged" });
});

test("AWS that cannot answer for now leaves a client as it is, and is asked again when there is none", async () => {
  const first = await connect(registration);
  await fail(registration);
  now = 30_000;
  answers.push(refuse("AwsUnavailable"));
  expect(await connect(registration)).toBe(first);
  answers.push(refuse("AwsUnavailable"));
  const other = { ...registration, identity: "ca:3" };
  await expect(connect(other)).rejects.toBeInstanceOf(RetryableError);
  answers.push(() => resolved({ identity: "ca:3" }));
  await expect(connect(other)).resolves.toBeDefined();
});

test("what somebody must put right is terminal, with its reason", async () => {
  answers.push(refuse("AccessDenied"));
  const refused = connect(registration);
  await expect(refused).rejects.toBeInstanceOf(TerminalError);
  await expect(refused).rejects.toMatchObject({ reason: "AccessDenied", message: "said by AWS" });
  await expect(connect(registration)).resolves.toBeDefined();
});
