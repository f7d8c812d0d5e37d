import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PutMetricAlarmCommand } from "@aws-sdk/client-cloudwatch";
import { CreateClusterCommand, EKSClient } from "@aws-sdk/client-eks";
import { PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { CreateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { KubernetesClient } from "../../lib/kubernetes/client.ts";
import { readKubeconfig } from "../../lib/kubernetes/kubeconfig.ts";
import { createKubernetesClient } from "../../lib/kubernetes/transport.ts";
import { MULTI_AZ_ROLLOUTS, STATEFUL_SETS } from "../../lib/kubernetes/types.ts";
import { clusterRole, type RoleName, SHIPPED_ROLES } from "../../lib/registry/rbac.ts";
import { LOCAL_ACCOUNT, LOCAL_REGION } from "../../local/aws.ts";
import { applyAccess, bindGroup } from "../../local/control-plane/access.ts";
import { type ControlPlane, startControlPlane } from "../../local/control-plane/start.ts";
import { type Deployment, deployHub, enforceRoles, eventually } from "../aws/deployment.ts";
import {
  decidedActions,
  grantedActions,
  grantedVerbs,
  type Reason,
  requestedVerbs,
  unexplained,
} from "./permissions.ts";

/**
 * Registration, probe, discovery, a rollout over three zones, wrong input and deregistration under the roles that are
 * deployed and the ClusterRoles that are shipped, with signatures and roles enforced. Then: what was granted and not used.
 */
const CLUSTER = "least";
const NAMESPACE = "team";
const SECRET = "outrigger/least";
const GROUP = `system:serviceaccounts:${NAMESPACE}`;
const USER = `system:serviceaccount:${NAMESPACE}:outrigger`;
const ZONES = ["a", "b", "c"];

/** Granted, not seen in this scenario, and why it is granted all the same. The rest of what is granted was used. */
const NOT_SEEN_IN_AWS: readonly Reason[] = [
  { use: /^\w+: logs:\w+ WriteLogs$/, why: "Lambda writes the log under the role; the local AWS does not ask for it." },
  {
    use: /^\w+: sqs:(ReceiveMessage|DeleteMessage|GetQueueAttributes) TakeMessages$/,
    why: "Lambda reads the queue under the role; the local AWS does not ask for it.",
  },
  {
    use: /^(reconcile|rollout): sqs:ChangeMessageVisibility TakeMessages$/,
    why: "A message that failed comes again after 10 s, 20 s, …: nothing failed here.",
  },
  {
    use: /^(probe|reconcile|rollout): eks:DescribeCluster DescribeClusters$/,
    why: "The cluster is known by a kubeconfig: the local AWS describes EKS clusters without a certificate.",
  },
  {
    use: /^rollout: arc-zonal-shift:GetManagedResource ReadZonalShifts$/,
    why: "The cluster is known by a kubeconfig: only EKS clusters have zonal shifts.",
  },
  { use: /^rollout: dynamodb:DeleteItem State$/, why: "Forgets work of a cluster that was deregistered meanwhile." },
  {
    use: /^dispatch: dynamodb:UpdateItem State$/,
    why: "Takes back work that is due: each worker posted its next here.",
  },
  {
    use: /^(register: dynamodb:DeleteItem State|reconcile: events:PutEvents ReportEvents)$/,
    why: "A deregistration is finished by register or, when a worker was still at work, by reconcile: by one of them.",
  },
];
const NOT_SEEN_IN_CLUSTER: readonly Reason[] = [
  { use: /^observe: get \/healthz$/, why: "Asked where the API server does not know /readyz." },
  { use: /^install: update customresourcedefinitions$/, why: "Brings an older definition of ours up to date." },
  {
    use: /^(mirror-replicas|prepare-downscale): /,
    why: "For StatefulSets that mirror a ReplicaTemplate, or whose pods are prepared: none here does.",
  },
  { use: /^rollouts: get controllerrevisions$/, why: "Reads the template to go back to, with onStall: Rollback." },
];

const folder = mkdtempSync(join(tmpdir(), "outrigger-least-"));
const decisionsFile = join(folder, "decisions.jsonl");
let cluster: ControlPlane;
let admin: KubernetesClient;
let hub: Deployment;

beforeAll(async () => {
  cluster = await startControlPlane({ name: CLUSTER, dataDir: join(folder, "cluster"), audit: true });
  admin = createKubernetesClient(readKubeconfig(cluster.adminKubeconfig.text, { source: "the test's kubeconfig" }));
  hub = await deployHub({}, { OUTRIGGER_IAM_LOG: decisionsFile });
  const root = {
    endpoint: hub.aws.endpoint,
    region: LOCAL_REGION,
    credentials: { accessKeyId: LOCAL_ACCOUNT, secretAccessKey: "test" },
  };
  const secrets = new SecretsManagerClient(root);
  await secrets.send(new CreateSecretCommand({ Name: SECRET, SecretString: await grantAccess() }));
  secrets.destroy();
  const eks = new EKSClient(root);
  const roleArn = `arn:aws:iam::${LOCAL_ACCOUNT}:role/eks`;
  await eks.send(new CreateClusterCommand({ name: "other", roleArn, resourcesVpcConfig: { subnetIds: ["subnet-1"] } }));
  eks.destroy();
  await enforceRoles(hub);
});
afterAll(async () => {
  await admin?.close();
  await hub?.close();
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The shipped roles, bound to a service account of its own. @returns its kubeconfig. */
async function grantAccess(): Promise<string> {
  await applyAccess(cluster.admin, [{ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } }]);
  for (const role of Object.keys(SHIPPED_ROLES) as RoleName[]) {
    const [shipped] = clusterRole(role);
    await applyAccess(cluster.admin, shipped === undefined ? [] : [shipped]);
    await applyAccess(cluster.admin, [bindGroup(GROUP, `outrigger:${role}`)]);
  }
  const accounts = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`;
  await cluster.admin.request("POST", accounts, {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: "outrigger" },
  });
  const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 3_600 } };
  const { status } = (await cluster.admin.request("POST", `${accounts}/outrigger/token`, request)) as {
    status: { token: string };
  };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "it",
    contexts: [{ name: "it", context: { cluster: "it", user: "it" } }],
    clusters: [
      {
        name: "it",
        cluster: {
          server: cluster.server,
          "certificate-authority-data": Buffer.from(cluster.caPem).toString("base64"),
        },
      },
    ],
    users: [{ name: "it", user: { token: status.token } }],
  });
}

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
  data?: { registration: { state: string }; health?: { class: string } };
}
const registered = async () => ((await invoke("Api", { action: "cluster.get", name: CLUSTER })) as ClusterAnswer).data;

const phaseOf = async (name: string): Promise<string | undefined> => {
  const found = (await admin.get(MULTI_AZ_ROLLOUTS, { namespace: NAMESPACE, name })) as {
    status?: { phase?: string };
  };
  return found.status?.phase;
};

function statefulSet(zone: string) {
  const name = `ingester-zone-${zone}`;
  const labels = { app: name, group: "ingester" };
  return {
    metadata: { name, namespace: NAMESPACE, labels: { ...labels, zone: `zone-${zone}` } },
    spec: {
      replicas: 2,
      serviceName: name,
      podManagementPolicy: "Parallel" as const,
      updateStrategy: { type: "OnDelete" as const },
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: "main", image: "registry.example.com/app:1" }] },
      },
    },
  };
}

describe("under the deployed roles", () => {
  test("a cluster is registered, and probed healthy", async () => {
    await send("Cluster Registered", {
      name: CLUSTER,
      kubeconfigSecret: SECRET,
      capabilities: ["observe", "rollouts"],
      allow: { alarms: ["quiet"] },
      discoverInterval: "10s",
      monitorInterval: "10s",
    });
    const health = await eventually("The probe", 120_000, async () => (await registered())?.health);
    expect(health.class).toBe("Healthy");
  });

  test("a rollout over three zones is carried out", async () => {
    for (const zone of ZONES) await admin.create(STATEFUL_SETS, statefulSet(zone));
    await hub.clients.cloudWatch.send(
      new PutMetricAlarmCommand({
        AlarmName: "quiet",
        Namespace: "Team",
        MetricName: "Burn",
        Statistic: "Sum",
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: "GreaterThanThreshold",
      }),
    );
    const spec = {
      statefulSetSelector: { matchLabels: { group: "ingester" } },
      rollingUpdate: { intervalSeconds: 0 },
      gates: [{ alarm: { name: "quiet" }, onNoData: "Pass" }],
    };
    await admin.create(MULTI_AZ_ROLLOUTS, { metadata: { name: "ingester", namespace: NAMESPACE }, spec });
    await eventually("The first status", 120_000, async () => {
      await invoke("Dispatch", {});
      return phaseOf("ingester");
    });
    const patch = { spec: { template: { metadata: { annotations: { version: "2" } } } } };
    for (const zone of ZONES) {
      await admin.patch(STATEFUL_SETS, { namespace: NAMESPACE, name: `ingester-zone-${zone}` }, patch, {
        type: "merge",
      });
    }
    await send("Resource Changed", {
      cluster: CLUSTER,
      kind: "MultiAZRollout",
      namespace: NAMESPACE,
      name: "ingester",
    });
    await eventually("The rollout", 180_000, async () =>
      (await phaseOf("ingester")) === "Completed" ? true : undefined,
    );
  });

  test("people look, and the resources of the hub come and go", async () => {
    for (const action of ["cluster.list", "resource.list", "status"]) await invoke("Api", { action });
    const manifest = {
      apiVersion: "rollout.grafana.com/v1alpha1",
      kind: "MultiAZRollout",
      metadata: { name: "hub-home", namespace: NAMESPACE },
      spec: { statefulSetSelector: { matchLabels: { group: "none" } } },
    };
    const id = { kind: "MultiAZRollout", namespace: NAMESPACE, name: "hub-home" };
    await invoke("Api", { action: "resource.apply", manifest, target: { selector: { matchLabels: {} } } });
    await invoke("Api", { action: "fleet.list", kind: "MultiAZRollout" });
    await invoke("Api", { action: "audit.list", cluster: CLUSTER, limit: 10 });
    const key = { cluster: CLUSTER, home: "cluster", kind: "Discovery", namespace: "", name: "discovery" };
    await invoke("Reconcile", { action: "reconcile", key });
    await invoke("Api", { action: "resource.delete", id });
    const nowhere = { ...manifest, metadata: { ...manifest.metadata, name: "nowhere" } };
    const none = { selector: { matchLabels: { stage: "none" } } };
    await invoke("Api", { action: "resource.apply", manifest: nowhere, target: none });
    await invoke("Api", { action: "resource.delete", id: { ...id, name: "nowhere" } });
    const one = { ...manifest, metadata: { ...manifest.metadata, name: "for-one" } };
    await invoke("Api", { action: "resource.apply", manifest: one, target: { cluster: CLUSTER } });
    await invoke("Api", { action: "resource.delete", id: { ...id, name: "for-one" }, cluster: CLUSTER });
  });

  test("a resource that is deleted in the cluster is let go", async () => {
    const name = { namespace: NAMESPACE, name: "ingester" };
    const { uid } = (await admin.get(MULTI_AZ_ROLLOUTS, name)).metadata as { uid: string };
    await admin.delete(MULTI_AZ_ROLLOUTS, name, { preconditions: { uid } });
    await eventually("The release of the StatefulSets", 120_000, async () => {
      await invoke("Dispatch", {});
      const { metadata } = await admin.get(STATEFUL_SETS, { namespace: NAMESPACE, name: "ingester-zone-a" });
      return metadata.annotations?.["outrigger.dev/rollout"] === undefined ? true : undefined;
    });
  });

  test("what cannot be understood is put aside by each function that reads a queue", async () => {
    for (const queue of ["Registration", "Probe", "Reconcile", "Rollout"]) {
      const QueueUrl = hub.outputs[`${queue}QueueUrl`] ?? "";
      await hub.clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "{}" }));
    }
    await send("Cluster Registered", {
      name: "other",
      arn: `arn:aws:eks:${LOCAL_REGION}:${LOCAL_ACCOUNT}:cluster/other`,
    });
    await eventually("The dead letters", 60_000, async () => {
      const { used } = decidedActions(decisionsFile);
      return ["register", "probe", "reconcile", "rollout"].every((name) =>
        used.has(`${name}: sqs:SendMessage PostMessages`),
      )
        ? true
        : undefined;
    });
  });

  test("the cluster is deregistered", async () => {
    await send("Cluster Deregistered", { name: CLUSTER });
    await eventually("The deregistration", 120_000, async () =>
      (await registered())?.registration.state === "Deregistered" ? true : undefined,
    );
  });
});

describe("what is granted", () => {
  test("was never too little", () => {
    expect([...decidedActions(decisionsFile).refused]).toEqual([]);
    expect(requestedVerbs(cluster.auditLogPath ?? "", USER).refused).toEqual([]);
  });

  test("to the functions was used, or has its reason", () => {
    const { used } = decidedActions(decisionsFile);
    expect(unexplained(grantedActions(hub.stateDir), used, NOT_SEEN_IN_AWS)).toEqual([]);
  });

  test("by each ClusterRole was used, or has its reason", () => {
    const { used } = requestedVerbs(cluster.auditLogPath ?? "", USER);
    const granted = grantedVerbs();
    const usedOf = new Set([...granted].filter((use) => used.includes(use.replace(/^\w+: /, ""))));
    expect(unexplained(granted, usedOf, NOT_SEEN_IN_CLUSTER)).toEqual([]);
  });
});
