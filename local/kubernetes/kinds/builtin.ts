import { definitionStrategy } from "../custom/definition.ts";
import { ALL_VERBS, type ResourceType, type Strategy, type Subresource } from "../resource-type.ts";
import * as columns from "../table/builtin-columns.ts";
import { decodeTyped } from "../typed.ts";
import { policyBindingStrategy, policyStrategy } from "./admission-policies.ts";
import * as core from "./core.ts";
import { podStrategy } from "./pods.ts";
import * as rbac from "./rbac.ts";
import { serviceStrategy } from "./services.ts";
import { controllerRevisionStrategy, deploymentStrategy, statefulSetStrategy } from "./workloads.ts";

interface Row {
  strategy: Strategy;
  shortNames?: string[];
  categories?: string[];
  clusterScoped?: true;
  subresources?: Subresource[];
  /** client-node's model; default `V1` and the kind. */
  model?: string;
  columns?: ResourceType["columns"];
  /** Default: add an s. */
  plural?: string;
  withoutDeleteCollection?: true;
}

type Rows = Record<string, Row>;

const CORE: Rows = {
  ConfigMap: { strategy: core.configMapStrategy, shortNames: ["cm"], columns: columns.configMaps },
  Event: { strategy: core.eventStrategy, shortNames: ["ev"], model: "CoreV1Event" },
  Namespace: {
    strategy: core.namespaceStrategy,
    shortNames: ["ns"],
    clusterScoped: true,
    subresources: ["status"],
    columns: columns.namespaces,
    withoutDeleteCollection: true,
  },
  Node: {
    strategy: core.nodeStrategy,
    shortNames: ["no"],
    clusterScoped: true,
    subresources: ["status"],
    columns: columns.nodes,
  },
  PersistentVolumeClaim: { strategy: core.claimStrategy, shortNames: ["pvc"], subresources: ["status"] },
  PersistentVolume: {
    strategy: core.volumeStrategy,
    shortNames: ["pv"],
    clusterScoped: true,
    subresources: ["status"],
  },
  Pod: {
    strategy: podStrategy,
    shortNames: ["po"],
    categories: ["all"],
    subresources: ["status"],
    columns: columns.pods,
  },
  ResourceQuota: { strategy: core.quotaStrategy, shortNames: ["quota"], subresources: ["status"] },
  Secret: { strategy: core.secretStrategy, columns: columns.secrets },
  ServiceAccount: { strategy: core.serviceAccountStrategy, shortNames: ["sa"] },
  Service: {
    strategy: serviceStrategy,
    shortNames: ["svc"],
    categories: ["all"],
    subresources: ["status"],
    columns: columns.services,
  },
};

const APPS: Rows = {
  ControllerRevision: { strategy: controllerRevisionStrategy },
  Deployment: {
    strategy: deploymentStrategy,
    shortNames: ["deploy"],
    categories: ["all"],
    subresources: ["scale", "status"],
    columns: columns.deployments,
  },
  StatefulSet: {
    strategy: statefulSetStrategy,
    shortNames: ["sts"],
    categories: ["all"],
    subresources: ["scale", "status"],
    columns: columns.statefulSets,
  },
};

const RBAC: Rows = {
  ClusterRoleBinding: { strategy: rbac.clusterRoleBindingStrategy, clusterScoped: true },
  ClusterRole: { strategy: rbac.clusterRoleStrategy, clusterScoped: true },
  RoleBinding: { strategy: rbac.roleBindingStrategy },
  Role: { strategy: rbac.roleStrategy },
};

const EXTENSIONS: Rows = {
  CustomResourceDefinition: {
    strategy: definitionStrategy,
    shortNames: ["crd", "crds"],
    categories: ["api-extensions"],
    clusterScoped: true,
    subresources: ["status"],
  },
};

const ADMISSION: Rows = {
  ValidatingAdmissionPolicy: {
    strategy: policyStrategy,
    categories: ["api-extensions"],
    clusterScoped: true,
    subresources: ["status"],
    plural: "validatingadmissionpolicies",
  },
  ValidatingAdmissionPolicyBinding: {
    strategy: policyBindingStrategy,
    categories: ["api-extensions"],
    clusterScoped: true,
  },
};

const GROUPS: readonly [group: string, rows: Rows][] = [
  ["", CORE],
  ["apps", APPS],
  ["rbac.authorization.k8s.io", RBAC],
  ["apiextensions.k8s.io", EXTENSIONS],
  ["admissionregistration.k8s.io", ADMISSION],
  [
    "storage.k8s.io",
    {
      StorageClass: {
        strategy: core.storageClassStrategy,
        shortNames: ["sc"],
        clusterScoped: true,
        plural: "storageclasses",
      },
    },
  ],
  ["coordination.k8s.io", { Lease: { strategy: core.leaseStrategy } }],
];

/** The built-in kinds that are served; all others answer 501. */
export function builtinTypes(): ResourceType[] {
  return GROUPS.flatMap(([group, rows]) => Object.entries(rows).map(([kind, row]) => resourceType(group, kind, row)));
}

function resourceType(group: string, kind: string, row: Row): ResourceType {
  const model = row.model ?? `V1${kind}`;
  return {
    group,
    version: "v1",
    kind,
    listKind: `${kind}List`,
    plural: row.plural ?? `${kind.toLowerCase()}s`,
    singular: kind.toLowerCase(),
    shortNames: row.shortNames ?? [],
    categories: row.categories ?? [],
    namespaced: row.clusterScoped !== true,
    verbs: row.withoutDeleteCollection ? ALL_VERBS.filter((verb) => verb !== "deletecollection") : ALL_VERBS,
    subresources: row.subresources ?? [],
    strategy: row.strategy,
    decode: (body) => decodeTyped(model, body),
    ...(row.columns && { columns: row.columns }),
    custom: false,
    since: 0,
  };
}
