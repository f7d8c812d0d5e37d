import type { ApiContext } from "./api/context.ts";
import { type Access, createAccess } from "./controllers/access.ts";
import { furnish } from "./controllers/namespaces.ts";
import type { JsonObject } from "./json.ts";

const RBAC = "rbac.authorization.k8s.io";
const INFO = ["/healthz", "/livez", "/readyz", "/version", "/version/"];
const DISCOVERY = [
  "/api",
  "/api/*",
  "/apis",
  "/apis/*",
  "/healthz",
  "/livez",
  "/openapi",
  "/openapi/*",
  "/readyz",
  "/version",
  "/version/",
];
const READ = ["get", "list", "watch"];
const WRITE = ["create", "delete", "deletecollection", "patch", "update"];
const VISIBLE_CORE = [
  "configmaps",
  "events",
  "persistentvolumeclaims",
  "persistentvolumeclaims/status",
  "pods",
  "pods/status",
  "resourcequotas",
  "resourcequotas/status",
  "serviceaccounts",
  "services",
  "services/status",
  "namespaces",
];
const EDITABLE_CORE = [
  "configmaps",
  "events",
  "persistentvolumeclaims",
  "pods",
  "secrets",
  "serviceaccounts",
  "services",
];
const WORKLOADS = [
  "controllerrevisions",
  "deployments",
  "deployments/scale",
  "deployments/status",
  "statefulsets",
  "statefulsets/scale",
  "statefulsets/status",
];
const EDITABLE_WORKLOADS = ["deployments", "deployments/scale", "statefulsets", "statefulsets/scale"];

const VIEW: JsonObject[] = [
  { apiGroups: [""], resources: VISIBLE_CORE, verbs: READ },
  { apiGroups: ["apps"], resources: WORKLOADS, verbs: READ },
];
const EDIT: JsonObject[] = [
  ...VIEW,
  { apiGroups: [""], resources: ["secrets"], verbs: READ },
  { apiGroups: [""], resources: EDITABLE_CORE, verbs: WRITE },
  { apiGroups: ["apps"], resources: EDITABLE_WORKLOADS, verbs: WRITE },
  { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: [...READ, ...WRITE] },
];
const ADMIN: JsonObject[] = [
  ...EDIT,
  { apiGroups: [RBAC], resources: ["rolebindings", "roles"], verbs: [...READ, ...WRITE] },
];

/** The default roles that matter here, cut to the resources that are served (plugin/pkg/auth/authorizer/rbac/bootstrappolicy). */
const ROLES: Readonly<Record<string, JsonObject[]>> = {
  "cluster-admin": [
    { apiGroups: ["*"], resources: ["*"], verbs: ["*"] },
    { nonResourceURLs: ["*"], verbs: ["*"] },
  ],
  admin: ADMIN,
  edit: EDIT,
  view: VIEW,
  "system:discovery": [{ nonResourceURLs: DISCOVERY, verbs: ["get"] }],
  "system:public-info-viewer": [{ nonResourceURLs: INFO, verbs: ["get"] }],
  "system:basic-user": [
    { apiGroups: ["authorization.k8s.io"], resources: ["selfsubjectaccessreviews"], verbs: ["create"] },
  ],
};
const BINDINGS: Readonly<Record<string, string[]>> = {
  "cluster-admin": ["system:masters"],
  "system:discovery": ["system:authenticated"],
  "system:public-info-viewer": ["system:authenticated", "system:unauthenticated"],
  "system:basic-user": ["system:authenticated"],
};
const NAMESPACES = ["default", "kube-node-lease", "kube-public", "kube-system"];
const BOOTSTRAP = {
  labels: { "kubernetes.io/bootstrapping": "rbac-defaults" },
  annotations: { "rbac.authorization.kubernetes.io/autoupdate": "true" },
};

/** Puts into an empty cluster what every cluster has: namespaces and default roles. */
export function bootstrap(context: ApiContext, caPem: string): Access {
  const access = createAccess(context);
  for (const name of NAMESPACES) {
    access.create("", "namespaces", undefined, { metadata: { name } });
    furnish(access, name, caPem);
  }
  for (const [name, rules] of Object.entries(ROLES)) {
    access.create(RBAC, "clusterroles", undefined, { metadata: { name, ...structuredClone(BOOTSTRAP) }, rules });
  }
  for (const [name, groups] of Object.entries(BINDINGS)) {
    access.create(RBAC, "clusterrolebindings", undefined, {
      metadata: { name, ...structuredClone(BOOTSTRAP) },
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name },
      subjects: groups.map((group) => ({ apiGroup: RBAC, kind: "Group", name: group })),
    });
  }
  return access;
}
