import { join } from "node:path";
import { CloudWatchClient, PutMetricAlarmCommand } from "@aws-sdk/client-cloudwatch";
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { askApi } from "../../cli/api.ts";
import { localAws } from "../../cli/hub.ts";
import type { ApiRequest } from "../../lib/hub/api.ts";
import { discoveryKey } from "../../lib/registry/discovery-key.ts";
import type { ClusterView } from "../../lib/registry/query.ts";
import { clusterRole, HUB_GROUP, SHIPPED_ROLES } from "../../lib/registry/rbac.ts";
import { LOCAL_ACCOUNT, LOCAL_REGION } from "../../local/aws.ts";
import { applyAccess } from "../../local/control-plane/access.ts";
import { playScenario } from "../../local/demo/run.ts";
import { GROUPS } from "../../local/demo/scenario.ts";
import { clusterArn } from "../../local/eks/clusters.ts";
import { decisionsFile } from "../../local/environment.ts";
import { instanceDirectory } from "../../local/stop.ts";
import { eventually } from "../aws/deployment.ts";
import { type Deployed, deploy, rolloutKey } from "./deployed.ts";
import { say } from "./environment.ts";
import { serviceAccountToken } from "./missing-rule-cause.ts";
import { roleFor, rulesWithout } from "./missing-rules.ts";
import { NOT_SEEN_IN_AWS, NOT_SEEN_IN_CLUSTER } from "./permission-reasons.ts";
import {
  decidedActions,
  grantedActions,
  grantedVerbs,
  type HubRequests,
  hubRequests,
  idle,
  type Permissions,
  unexplained,
} from "./permissions.ts";
import { takeAction } from "./role-policy.ts";
import {
  claimsOf,
  createNamespace,
  createOutdated,
  createRollout,
  deleteRollout,
  waitUntilRolled,
} from "./rollout-group.ts";
import { kubeconfig, trusting } from "./wrong-tables.ts";

/**
 * Everything under the roles that are deployed and the ClusterRoles that are shipped: the demo's scenario in a cluster that is
 * known by its ARN and lets in the functions' roles by access entries; then what the demo does not do, in a part of that
 * cluster that is known by a kubeconfig. Then: what was refused, and what was granted and not used.
 */
const CLUSTER = "least";
const TEAM = "team";
const FUNCTIONS = ["Register", "Probe", "Reconcile", "Rollout"];

let deployed: Deployed;
beforeAll(async () => {
  deployed = await deploy({ clusters: [CLUSTER], audit: true });
});
afterAll(() => deployed?.stop());

const output = (name: string): string => deployed.outputs[name] ?? "";
const ask = (request: ApiRequest): Promise<unknown> => askApi(deployed.hub, request);
const viewOf = (name: string) => ask({ action: "cluster.get", name }) as Promise<ClusterView>;
const admin = () => deployed.cluster(CLUSTER).admin;
const group = () => ({ admin: admin(), namespace: TEAM, name: "ingester", replicas: 2 });
const dispatch = () => deployed.hub.invoke(output("DispatchFunction"), {});
const decided = () => decidedActions(decisionsFile(deployed.directory));
const requests = (): HubRequests => hubRequests(deployed.cluster(CLUSTER).auditLogPath ?? "");

describe("the demo", () => {
  test("ends as it is expected to", async () => {
    const results = await playScenario(deployed.local, {
      tell: say,
      onPod: () => undefined,
      onStatus: () => undefined,
      onEnd: (_cluster, { name }, seconds) => say(`${name}: ${seconds.toFixed(1)} s`),
    });
    expect(results.map(({ name, problems }) => ({ name, problems }))).toEqual(
      GROUPS.map(({ name }) => ({ name, problems: [] })),
    );
  });
});

describe("what the demo does not do", () => {
  test("a part of the cluster is registered by a kubeconfig, and probed healthy", async () => {
    const arn = clusterArn({ name: CLUSTER, region: LOCAL_REGION, accountId: LOCAL_ACCOUNT });
    const others = [...new Set(GROUPS.map(({ namespace }) => namespace))];
    await deployed.send("Cluster Updated", { name: CLUSTER, arn, namespaces: others, monitorInterval: "1h" });
    await createNamespace(admin(), TEAM);
    await applyAccess(admin(), [...roleFor(TEAM, "observe"), ...roleFor(TEAM, "rollouts")]);
    const token = await serviceAccountToken(admin(), TEAM);
    await eventually("The update", 60_000, async () =>
      (await viewOf(CLUSTER)).registration.namespaces.length > 0 ? true : undefined,
    );
    await deployed.send("Cluster Registered", {
      name: TEAM,
      kubeconfigSecret: await deployed.storeKubeconfig(
        TEAM,
        kubeconfig(trusting(deployed.cluster(CLUSTER)), { token }),
      ),
      namespaces: [TEAM],
      installCustomResources: false,
      labels: { part: TEAM },
      allow: { alarms: ["quiet"] },
      discoverInterval: "10s",
      monitorInterval: "10s",
    });
    await eventually("The registration", 60_000, () => viewOf(TEAM).catch(() => undefined));
    const health = await eventually("The probe", 60_000, async () => (await viewOf(TEAM)).health);
    expect(health).toMatchObject({ class: "Healthy" });
  });

  test("a rollout asks an alarm", async () => {
    const cloudWatch = new CloudWatchClient(localAws(deployed.local));
    await cloudWatch.send(
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
    cloudWatch.destroy();
    await createOutdated(group());
    await createRollout(group(), { gates: [{ alarm: { name: "quiet" }, onNoData: "Pass" }] });
    const { cluster, kind, namespace, name } = rolloutKey(TEAM, TEAM, "ingester");
    await deployed.send("Resource Changed", { cluster, kind, namespace, name });
    await waitUntilRolled(group(), "2");
  });

  test("people look, and the resources of the hub come and go", async () => {
    for (const action of ["cluster.list", "resource.list", "status"] as const) await ask({ action });
    const named = (name: string) => ({
      apiVersion: "rollout.grafana.com/v1alpha1",
      kind: "MultiAZRollout",
      metadata: { name, namespace: TEAM },
      spec: { statefulSetSelector: { matchLabels: { "rollout-group": "none" } } },
    });
    const id = (name: string) => ({ kind: "MultiAZRollout", namespace: TEAM, name });
    const everywhere = { selector: { matchLabels: { part: TEAM } } };
    await ask({ action: "resource.apply", manifest: named("everywhere"), target: everywhere });
    await ask({ action: "fleet.list", kind: "MultiAZRollout" });
    await ask({ action: "audit.list", cluster: TEAM, limit: 10 });
    await deployed.hub.invoke(output("ReconcileFunction"), { action: "reconcile", key: discoveryKey(TEAM) });
    await ask({ action: "resource.delete", id: id("everywhere") });
    const nowhere = { selector: { matchLabels: { part: "none" } } };
    await ask({ action: "resource.apply", manifest: named("nowhere"), target: nowhere });
    await ask({ action: "resource.delete", id: id("nowhere") });
    await ask({ action: "resource.apply", manifest: named("for-one"), target: { cluster: TEAM } });
    await ask({ action: "resource.delete", id: id("for-one"), cluster: TEAM });
  });

  test("a resource that is deleted in the cluster is let go", async () => {
    await deleteRollout(group());
    await eventually("The release of the StatefulSets", 120_000, async () => {
      await dispatch();
      return (await claimsOf(group())).length === 0 ? true : undefined;
    });
  });

  test("what cannot be understood is put aside by each function that reads a queue", async () => {
    for (const queue of ["Registration", "Probe", "Reconcile", "Rollout"]) {
      await deployed.sqs.send(new SendMessageCommand({ QueueUrl: output(`${queue}QueueUrl`), MessageBody: "{}" }));
    }
    await eventually("The dead letters", 60_000, async () => {
      const { used } = decided();
      const putAside = (name: string): boolean => used.has(`${name.toLowerCase()}: sqs:SendMessage PostMessages`);
      return FUNCTIONS.every(putAside) ? true : undefined;
    });
  });

  test("the part of the cluster is deregistered", async () => {
    await deployed.send("Cluster Deregistered", { name: TEAM });
    await eventually("The deregistration", 120_000, async () =>
      (await viewOf(TEAM)).registration.state === "Deregistered" ? true : undefined,
    );
  });
});

describe("what is granted", () => {
  const aws = () => grantedActions(join(instanceDirectory(deployed.directory), "aws", "cdk.out-Outrigger"));
  const verbs = (): { granted: Permissions; used: Permissions } => {
    const [granted, { used }] = [grantedVerbs(), requests()];
    return { granted, used: new Set([...granted].filter((use) => used.includes(use.replace(/^\w+: /, "")))) };
  };

  test("was never too little", () => {
    expect([...decided().refused]).toEqual([]);
    expect(requests().refused).toEqual([]);
  });

  test("to whom: each function comes to the cluster under its own role, in the group of the access entries", () => {
    const nameOf = (arn: string): string => arn.replace(/^.*\//, "");
    const sessions = FUNCTIONS.map((name) => {
      const session = `${nameOf(output(`${name}RoleArn`))}/${output(`${name}Function`)}`;
      return `arn:aws:sts::${LOCAL_ACCOUNT}:assumed-role/${session} ${HUB_GROUP}`;
    });
    expect(requests().callers).toEqual([...sessions, `system:serviceaccount:${TEAM}:hub`].toSorted());
  });

  test("by which roles: the shipped ones, and those that let everybody read the API server's paths", () => {
    // Where more than one role allows a request, the API server names any of them.
    const roles = requests().allowedBy.filter((role) => !role.endsWith(`:${TEAM}`));
    const everybodys = ["system:discovery", "system:public-info-viewer"];
    const shipped = Object.keys(SHIPPED_ROLES).map((role) => `outrigger:${role}`);
    expect(roles.filter((role) => ![...shipped, ...everybodys].includes(role))).toEqual([]);
    expect(roles).toEqual(expect.arrayContaining(["outrigger:install", "outrigger:rollouts"]));
  });

  test("to the functions was used, or has its reason", () => {
    expect(unexplained(aws(), decided().used, NOT_SEEN_IN_AWS)).toEqual([]);
    expect(idle(NOT_SEEN_IN_AWS, aws())).toEqual([]);
  });

  test("by each ClusterRole was used, or has its reason", () => {
    const { granted, used } = verbs();
    expect(unexplained(granted, used, NOT_SEEN_IN_CLUSTER)).toEqual([]);
    expect(idle(NOT_SEEN_IN_CLUSTER, granted)).toEqual([]);
  });

  test("and is not needed would be named", () => {
    const surplus = ["probe: dynamodb:Scan State", "observe: list secrets"];
    const [first, second] = surplus;
    const { granted, used } = verbs();
    expect(unexplained(new Set([...aws(), first ?? ""]), decided().used, NOT_SEEN_IN_AWS)).toEqual([first]);
    expect(unexplained(new Set([...granted, second ?? ""]), used, NOT_SEEN_IN_CLUSTER)).toEqual([second]);
  });
});

describe("what is taken away is missed, and named", () => {
  test("an action of a function's role", async () => {
    await takeAction(deployed.local.endpoint, output("RolloutRoleArn"), "dynamodb:GetItem");
    const key = rolloutKey(CLUSTER, "mimir", "ingester");
    const answer = await deployed.hub.invoke(output("RolloutFunction"), { action: "reconcile", key });
    expect(JSON.stringify(answer)).toContain("is not authorized to perform: dynamodb:GetItem");
    expect([...decided().refused]).toEqual(["rollout: dynamodb:GetItem"]);
  });

  test("a verb of a ClusterRole", async () => {
    const [shipped] = clusterRole("rollouts");
    const rules = rulesWithout(shipped?.rules ?? [], { verb: "list", resource: "multiazrollouts" });
    await applyAccess(admin(), shipped === undefined ? [] : [{ ...shipped, rules }]);
    await eventually("The refusal", 30_000, async () => {
      await deployed.hub.invoke(output("ReconcileFunction"), { action: "reconcile", key: discoveryKey(CLUSTER) });
      return requests().refused.length > 0 ? true : undefined;
    });
    expect(requests().refused).toEqual(["list multiazrollouts"]);
  });
});
