import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { NO_DOWNSCALE_POLICY } from "../../lib/guards/names.ts";
import { noDownscaleGuard } from "../../lib/guards/no-downscale.ts";
import { assessHealth } from "../../lib/health/assess.ts";
import { observeHealth } from "../../lib/health/observe.ts";
import type { KubernetesClient, ResourceType } from "../../lib/kubernetes/client.ts";
import { isApiError } from "../../lib/kubernetes/errors.ts";
import type { KubernetesObject } from "../../lib/kubernetes/objects.ts";
import { createKubernetesClient } from "../../lib/kubernetes/transport.ts";
import {
  CONTROLLER_REVISIONS,
  CUSTOM_RESOURCE_DEFINITIONS,
  DEPLOYMENTS,
  EVENTS,
  MULTI_AZ_ROLLOUTS,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  STATEFUL_SETS,
  VALIDATING_ADMISSION_POLICIES,
  VALIDATING_ADMISSION_POLICY_BINDINGS,
} from "../../lib/kubernetes/types.ts";
import { observeResources } from "../../lib/registry/discover-observe.ts";
import { definitionsOf, installCustomResources } from "../../lib/registry/install.ts";
import { clusterRole, type PolicyRule, type RbacObject, rbacOf } from "../../lib/registry/rbac.ts";
import { releaseClaims } from "../../lib/rollouts/claims.ts";
import { systemClock as clock } from "../../lib/work/clock.ts";
import { applyAccess } from "../../local/control-plane/access.ts";
import { type ControlPlane, startControlPlane } from "../../local/control-plane/start.ts";
import { registration } from "../lib/registry/build.ts";
import { signToken } from "../local/sign-token.ts";

const KEYS = { accessKeyId: "000000000000", secretAccessKey: "test" };
const ARN = "arn:aws:iam::000000000000:root";
const rules = {
  credentials: [{ ...KEYS, arn: ARN }],
  accessEntries: [{ arn: ARN, username: "outrigger", groups: ["outrigger"] }],
};
/** What a registration for everything needs, and the guards. */
const ROLES = [...rbacOf(registration()), ...clusterRole("guards")];
const WAIT = { timeout: 20_000, interval: 50 };
const NAMESPACE = "default";
const ROLLOUT = { name: "ingesters", namespace: NAMESPACE };
const SET = { name: "ingester-zone-a", namespace: NAMESPACE };

let folder: string;
let cluster: ControlPlane;
let hub: KubernetesClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "registry-"));
  cluster = await startControlPlane({ name: "alpha", dataDir: join(folder, "alpha"), tokens: { rules } });
  const { server, caPem } = cluster;
  hub = createKubernetesClient({ server, caPem, token: () => signToken({ ...KEYS, clusterName: "alpha" }) });
});

afterAll(async () => {
  await hub?.close();
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

const probe = async () => assessHealth(await observeHealth(hub, { timeoutMs: 10_000, clock }), "alpha");
const discover = async (namespaces: string[] = []) =>
  (await observeResources(hub, registration({ name: "alpha", namespaces }))).listings[0];
const admin = (method: "GET" | "POST" | "DELETE", path: string, body?: object) =>
  cluster.admin.request(method, path, body);

describe("a cluster whose access entry is there but not its roles", () => {
  it("is AuthFailed, and the missing rule is named", async () => {
    const { class: found, checks } = await probe();
    expect(found).toBe("AuthFailed");
    expect(checks[0]?.message).toMatch(
      /resources \["nodes"\], verbs \["list"\] is missing: bind ClusterRole outrigger:observe/,
    );
  });
  it("holds discovery", async () => {
    expect(await discover()).toMatchObject({ complete: false, reason: "Forbidden" });
  });
});

describe("a cluster with the shipped roles", () => {
  beforeAll(async () => {
    await applyAccess(cluster.admin, ROLES);
    await vi.waitFor(async () => expect((await probe()).class).toBe("Healthy"), WAIT);
  });

  it("says that the CRD is missing before it is installed", async () => {
    await vi.waitFor(async () => expect(await discover()).toMatchObject({ reason: "CustomResourceMissing" }), WAIT);
  });

  it("gets its CRDs, once, and serves them when the installation returns", async () => {
    await vi.waitFor(() => installCustomResources(hub, registration()), WAIT);
    expect(await discover()).toEqual({ kind: "MultiAZRollout", complete: true, found: [] });
    const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/multiazrollouts.rollout.grafana.com";
    const before = (await admin("GET", path)) as KubernetesObject;
    await installCustomResources(hub, registration());
    expect(((await admin("GET", path)) as KubernetesObject).metadata.resourceVersion).toBe(
      before.metadata.resourceVersion,
    );
  });

  it("shows its nodes by zone", async () => {
    const { nodes } = await probe();
    const three = { ready: 2, total: 2 };
    expect(nodes).toEqual({
      ready: 6,
      total: 6,
      byZone: { "us-east-1a": three, "us-east-1b": three, "us-east-1c": three },
    });
  });
});

/** What the code asks a cluster for: each needs its own rule, and every rule is needed by one of them. */
type Use = [verb: string, resource: string, ask: () => Promise<unknown>];
const GUARD = noDownscaleGuard({ hubId: "hub", cluster: "prod", namespaces: [], followsInSeconds: 30 }, []);
const USES: Use[] = [
  ["get", "/version", () => rawOrThrow("/version")],
  ["list", "nodes", () => hub.list(NODES)],
  ["get", "multiazrollouts", () => hub.get(MULTI_AZ_ROLLOUTS, ROLLOUT)],
  ["list", "multiazrollouts", () => hub.list(MULTI_AZ_ROLLOUTS, { as: "metadata" })],
  ["watch", "multiazrollouts", () => watchOnce(MULTI_AZ_ROLLOUTS)],
  [
    "patch",
    "multiazrollouts/status",
    () =>
      hub.patch(MULTI_AZ_ROLLOUTS, ROLLOUT, { status: { phase: "Idle" } }, { type: "merge", subresource: "status" }),
  ],
  ["get", "statefulsets", () => hub.get(STATEFUL_SETS, SET)],
  ["list", "statefulsets", () => hub.list(STATEFUL_SETS)],
  ["watch", "statefulsets", () => watchOnce(STATEFUL_SETS)],
  [
    "patch",
    "statefulsets",
    () => hub.patch(STATEFUL_SETS, SET, { metadata: { annotations: { touched: "yes" } } }, { type: "merge" }),
  ],
  [
    "patch",
    "statefulsets/status",
    () =>
      hub.patch(STATEFUL_SETS, SET, { status: { observedGeneration: 1 } }, { type: "merge", subresource: "status" }),
  ],
  [
    "get",
    "controllerrevisions",
    () => hub.get(CONTROLLER_REVISIONS, { name: "none", namespace: NAMESPACE }).catch(allowNotFound),
  ],
  ["list", "pods", () => hub.list(PODS)],
  ["watch", "pods", () => watchOnce(PODS)],
  [
    "delete",
    "pods",
    () =>
      hub.delete(PODS, { name: "none", namespace: NAMESPACE }, { preconditions: { uid: "u" } }).catch(allowNotFound),
  ],
  ["list", "deployments", () => hub.list(DEPLOYMENTS)],
  ["list", "persistentvolumeclaims", () => hub.list(PERSISTENT_VOLUME_CLAIMS)],
  ["list", "events", () => hub.list(EVENTS)],
  ["get", "persistentvolumes", () => hub.get(PERSISTENT_VOLUMES, { name: "none" }).catch(allowNotFound)],
  [
    "create",
    "customresourcedefinitions",
    () => hub.create(CUSTOM_RESOURCE_DEFINITIONS, definition()).catch(allowConflict),
  ],
  [
    "get",
    "customresourcedefinitions",
    () => hub.get(CUSTOM_RESOURCE_DEFINITIONS, { name: definition().metadata.name }),
  ],
  ["update", "customresourcedefinitions", updateDefinition],
  ...[VALIDATING_ADMISSION_POLICIES, VALIDATING_ADMISSION_POLICY_BINDINGS].flatMap((type): Use[] => {
    const name = NO_DOWNSCALE_POLICY;
    const metadata = { name, resourceVersion: "1", uid: "u" };
    const guard = { metadata, spec: GUARD.find((one) => one.type === type)?.object.spec };
    const preconditions = { uid: "u" };
    return [
      ["create", type.plural, () => hub.create(type, { ...guard, metadata: { name } }).catch(allowConflict)],
      ["get", type.plural, () => hub.get(type, { name }).catch(allowNotFound)],
      [
        "update",
        type.plural,
        () => hub.replace<KubernetesObject>(type, guard).catch(allowNotFound).catch(allowConflict),
      ],
      [
        "delete",
        type.plural,
        () => hub.delete(type, { name }, { preconditions }).catch(allowNotFound).catch(allowConflict),
      ],
    ];
  }),
];

const definition = () => definitionsOf(["rollouts"])[0] ?? expect.unreachable();
/** The answer to a request whose rule is there, whatever else is wrong with it. */
const allow = (status: number) => (error: unknown) => {
  if (!isApiError(error, status)) throw error;
};
const allowNotFound = allow(404);
const allowConflict = allow(409);

async function updateDefinition(): Promise<void> {
  const live = await admin(
    "GET",
    `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${definition().metadata.name}`,
  );
  await hub.replace(CUSTOM_RESOURCE_DEFINITIONS, live as KubernetesObject).catch(allowConflict);
}

async function rawOrThrow(path: string): Promise<void> {
  const { status } = await hub.raw("GET", path);
  if (status !== 200) throw new Error(`${path} answered ${status}`);
}

async function watchOnce(type: ResourceType): Promise<void> {
  const scope = { resourceVersion: "0", timeoutMs: 500 };
  for await (const _event of hub.watch(type, scope)) return;
}

/** The roles with one verb on one resource taken out. */
function without(verb: string, resource: string): RbacObject[] {
  const strip = (rule: PolicyRule): PolicyRule[] => {
    if (!rule.resources?.includes(resource)) return [rule];
    const verbs = rule.verbs.filter((each) => each !== verb);
    return verbs.length === 0 ? [] : [{ ...rule, verbs }];
  };
  return ROLES.map((object) =>
    object.rules === undefined ? object : { ...object, rules: object.rules.flatMap(strip) },
  );
}

describe("the shipped rules are enough, and each of them is needed", () => {
  beforeAll(async () => {
    await admin("POST", `/apis/${MULTI_AZ_ROLLOUTS.apiVersion}/namespaces/${NAMESPACE}/multiazrollouts`, {
      apiVersion: MULTI_AZ_ROLLOUTS.apiVersion,
      kind: "MultiAZRollout",
      metadata: ROLLOUT,
      spec: { statefulSetSelector: { matchLabels: { app: "ingester" } } },
    });
    await admin("POST", `/apis/apps/v1/namespaces/${NAMESPACE}/statefulsets`, {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { ...SET, annotations: { "outrigger.dev/rollout": "hub.prod/default/ingesters" } },
      spec: {
        replicas: 1,
        serviceName: "ingester",
        selector: { matchLabels: { app: "ingester" } },
        template: {
          metadata: { labels: { app: "ingester" } },
          spec: { containers: [{ name: "main", image: "none" }] },
        },
      },
    });
  });

  it("name every use of the code", () => {
    const granted = ROLES.flatMap(({ rules = [] }) =>
      rules.flatMap(({ verbs, resources = [] }) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
      ),
    );
    const used = USES.map(([verb, resource]) => `${verb} ${resource}`).filter((use) => !use.includes(" /"));
    expect([...new Set(granted)].sort()).toEqual(used.sort());
  });

  it.each(USES)("%s %s is allowed", async (_verb, _resource, ask) => {
    await ask();
  });

  it.each(USES.filter(([, resource]) => !resource.startsWith("/")))(
    "without the rule, %s %s is a 403",
    async (verb, resource, ask) => {
      await applyAccess(cluster.admin, without(verb, resource));
      await vi.waitFor(() => expect(ask()).rejects.toMatchObject({ name: "ApiError", status: 403 }), WAIT);
      await applyAccess(cluster.admin, ROLES);
      await vi.waitFor(ask, WAIT);
    },
  );

  it("grant nothing else of what an operator might be tempted to use", async () => {
    const secrets: ResourceType = { apiVersion: "v1", kind: "Secret", plural: "secrets", namespaced: true };
    await expect(hub.list(secrets)).rejects.toMatchObject({ status: 403 });
    await expect(hub.delete(STATEFUL_SETS, SET, { preconditions: { uid: "u" } })).rejects.toMatchObject({
      status: 403,
    });
    await expect(hub.create(PODS, { metadata: { name: "x", namespace: NAMESPACE } })).rejects.toMatchObject({
      status: 403,
    });
  });

  it("are enough to take claims back", async () => {
    expect(await releaseClaims(hub, "hub", { cluster: "prod", namespaces: [] })).toEqual(["default/ingester-zone-a"]);
    expect((await hub.get(STATEFUL_SETS, SET)).metadata.annotations).not.toHaveProperty(["outrigger.dev/rollout"]);
  });
});

describe("a registration limited to namespaces", () => {
  it("does with Roles in these what it did with ClusterRoles, and discovery finds what is there", async () => {
    for (const { kind, metadata } of ROLES) {
      await admin("DELETE", `/apis/rbac.authorization.k8s.io/v1/${kind.toLowerCase()}s/${metadata.name}`);
    }
    await applyAccess(cluster.admin, rbacOf(registration({ namespaces: [NAMESPACE] })));
    await vi.waitFor(async () => expect(await discover()).toMatchObject({ reason: "Forbidden" }), WAIT);
    await vi.waitFor(
      async () => expect(await discover([NAMESPACE])).toMatchObject({ complete: true, found: [ROLLOUT] }),
      WAIT,
    );
    // Roles and ClusterRoles reach the API server's authorizer each in its own time.
    await vi.waitFor(async () => expect((await probe()).class).toBe("Healthy"), WAIT);
    expect(
      await hub.patch(STATEFUL_SETS, SET, { metadata: { annotations: { again: "yes" } } }, { type: "merge" }),
    ).toBeDefined();
  });
});
