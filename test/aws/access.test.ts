import { readFile } from "node:fs/promises";
import { PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { InvokeCommand, LambdaClient, ListFunctionsCommand } from "@aws-sdk/client-lambda";
import { CreateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LOCAL_ACCOUNT, LOCAL_REGION } from "../../local/aws.ts";
import { createCertificateAuthority } from "../../local/control-plane/certificates.ts";
import { type Deployment, deployHub, eventually } from "./deployment.ts";

/**
 * The deployed functions under their real roles: a cluster that cannot be reached is registered, probed, looked at and
 * deregistered. A role that lacks something shows as AccessDenied in a log.
 */
const CLUSTER = "unreachable";
const SECRET = "outrigger/unreachable";
let hub: Deployment;

beforeAll(async () => {
  hub = await deployHub();
  const secrets = new SecretsManagerClient({
    endpoint: hub.aws.endpoint,
    region: LOCAL_REGION,
    credentials: { accessKeyId: LOCAL_ACCOUNT, secretAccessKey: "test" },
  });
  const ca = createCertificateAuthority("unreachable");
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "it",
    contexts: [{ name: "it", context: { cluster: "it", user: "it" } }],
    clusters: [
      {
        name: "it",
        cluster: {
          server: "https://127.0.0.1:9",
          "certificate-authority-data": Buffer.from(ca.certPem).toString("base64"),
        },
      },
    ],
    users: [{ name: "it", user: { token: "none" } }],
  };
  await secrets.send(new CreateSecretCommand({ Name: SECRET, SecretString: JSON.stringify(kubeconfig) }));
  secrets.destroy();
});
afterAll(() => hub?.close());

async function invoke(fn: string, payload: unknown): Promise<unknown> {
  const { FunctionError, Payload } = await hub.clients.lambda.send(
    new InvokeCommand({ FunctionName: hub.outputs[`${fn}Function`], Payload: JSON.stringify(payload) }),
  );
  const answer = Buffer.from(Payload ?? []).toString();
  expect(FunctionError, answer).toBeUndefined();
  return JSON.parse(answer) as unknown;
}

async function send(DetailType: string, detail: unknown): Promise<void> {
  const Entries = [
    { EventBusName: hub.outputs["BusName"], Source: "test", DetailType, Detail: JSON.stringify(detail) },
  ];
  await hub.clients.events.send(new PutEventsCommand({ Entries }));
}

interface ClusterAnswer {
  ok: boolean;
  data?: { registration: { state: string }; health?: { class: string } };
}
const seen = async (): Promise<ClusterAnswer["data"]> =>
  ((await invoke("Api", { action: "cluster.get", name: CLUSTER })) as ClusterAnswer).data;

test("whoever signs with another key is refused", async () => {
  const stranger = new LambdaClient({
    endpoint: hub.aws.endpoint,
    region: LOCAL_REGION,
    credentials: { accessKeyId: "AKIASTRANGER00000000", secretAccessKey: "guess" },
  });
  await expect(stranger.send(new ListFunctionsCommand({}))).rejects.toThrow();
  stranger.destroy();
});

test("a cluster is registered", async () => {
  await send("Cluster Registered", { name: CLUSTER, kubeconfigSecret: SECRET });
  const cluster = await eventually("The registration", 60_000, async () => await seen());
  expect(cluster.registration.state).toBe("Active");
});

test("it is probed, and found unreachable", async () => {
  await invoke("Dispatch", {});
  const health = await eventually("The probe", 120_000, async () => (await seen())?.health);
  expect(health.class).not.toBe("Healthy");
});

test("its resources are looked for", async () => {
  const key = { cluster: CLUSTER, home: "cluster", kind: "Discovery", namespace: "", name: "discovery" };
  await invoke("Reconcile", { action: "reconcile", key });
});

test("resources of the hub are applied, handed to their lane, and marked for deletion", async () => {
  const named = (name: string) => ({
    apiVersion: "rollout.grafana.com/v1alpha1",
    kind: "MultiAZRollout",
    metadata: { name, namespace: "mimir" },
    spec: { statefulSetSelector: { matchLabels: { app: name } } },
  });
  const ask = async (request: object): Promise<unknown> => {
    const answer = (await invoke("Api", request)) as { ok: boolean; data?: unknown };
    expect(answer).toMatchObject({ ok: true });
    return answer.data;
  };
  await ask({ action: "resource.apply", manifest: named("everywhere"), target: { selector: {} } });
  await ask({ action: "resource.apply", manifest: named("here"), target: { cluster: CLUSTER } });
  await eventually("The placement", 60_000, async () => {
    const found = (await ask({ action: "resource.list", cluster: CLUSTER, kind: "MultiAZRollout" })) as {
      key: { home: string };
    }[];
    return found.filter(({ key }) => key.home === "hub").length === 2 ? true : undefined;
  });
  await ask({ action: "audit.list", cluster: CLUSTER });
  const id = { kind: "MultiAZRollout", namespace: "mimir" };
  await ask({ action: "resource.delete", id: { ...id, name: "everywhere" } });
  await ask({ action: "resource.delete", id: { ...id, name: "here" }, cluster: CLUSTER });
  expect(await ask({ action: "fleet.list" })).toMatchObject([{ name: "everywhere", deleting: true }]);
  await ask({
    action: "resource.apply",
    manifest: named("nowhere"),
    target: { selector: { matchLabels: { a: "b" } } },
  });
  expect(await ask({ action: "resource.delete", id: { ...id, name: "nowhere" } })).toMatchObject({ change: "deleted" });
});

test("it is deregistered", async () => {
  await send("Cluster Deregistered", { name: CLUSTER, force: true });
  await eventually("The deregistration", 60_000, async () => {
    const cluster = await seen();
    return cluster?.registration.state === "Active" ? undefined : true;
  });
  // What was marked goes with its last cluster.
  await eventually("The deletion", 60_000, async () => {
    const { data } = (await invoke("Api", { action: "fleet.list" })) as { data: unknown[] };
    return data.length === 0 ? true : undefined;
  });
});

test("an event that cannot be understood is put aside, and nothing was ever denied", async () => {
  await send("Cluster Registered", {});
  const refused = () =>
    readFile(hub.aws.logFile, "utf8").then((log) =>
      log.includes("is missing: give the cluster a name") ? log : undefined,
    );
  const log = await eventually("The refusal", 30_000, refused);
  expect(log.split("\n").filter((line) => /AccessDenied|not authorized/i.test(line))).toEqual([]);
});
