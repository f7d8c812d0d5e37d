import { groupSubject, named, roleBinding, userSubject } from "./objects.ts";
import { del, eventually, fails, get, invalid, merge, ok, post, type Row, type Step } from "./step.ts";

const forbidden = (message: string): ReturnType<typeof fails> => fails(403, "Forbidden", message);
const rule = (resources: string[], verbs: string[], more: object = {}): object => ({
  apiGroups: [""],
  resources,
  verbs,
  ...more,
});
const role = (name: string, ...rules: object[]): Step => post("roles", named(name, { rules }));
const clusterRole = (name: string, ...rules: object[]): Step => post("clusterroles", named(name, { rules }));
const bind = (name: string, ...subjects: object[]): Step =>
  post("rolebindings", roleBinding(name, "Role", name, subjects));
const bindWide = (name: string, ...subjects: object[]): Step =>
  post("clusterrolebindings", roleBinding(name, "ClusterRole", name, subjects));
const allowed = (path: string, as: string): Step[] => eventually(get(path, ok(), { as }));

/** Who is let in, and what they may do. */
export const ACCESS: Row[] = [
  {
    title: "nobody may not list nodes",
    steps: [
      get(
        "nodes",
        forbidden(
          'nodes is forbidden: User "system:anonymous" cannot list resource "nodes" in API group "" at the cluster scope',
        ),
        { as: "" },
      ),
    ],
  },
  {
    title: "a token that nobody knows is refused",
    steps: [get("/version", fails(401, "Unauthorized", "Unauthorized"), { as: "!refused" })],
  },
  {
    title: "a user without a role may do nothing",
    steps: [
      get(
        "pods/a",
        forbidden(
          'pods "a" is forbidden: User "alice" cannot get resource "pods" in API group "" in the namespace "{ns}"',
        ),
        { as: "alice" },
      ),
    ],
  },
  {
    title: "a refusal names group and subresource",
    steps: [
      merge(
        "sts/a/status",
        {},
        {
          status: 403,
          message:
            'statefulsets.apps "a" is forbidden: User "alice" cannot patch resource "statefulsets/status" in API group "apps" in the namespace "{ns}"',
          body: { details: { name: "a", group: "apps", kind: "statefulsets" } },
        },
        { as: "alice" },
      ),
    ],
  },
  {
    title: "verbs are told apart: watch, deletecollection",
    steps: [
      get("pods?watch=1", forbidden('pods is forbidden: User "alice" cannot watch resource "pods"'), { as: "alice" }),
      del(
        "pods",
        forbidden(
          'pods is forbidden: User "alice" cannot deletecollection resource "pods" in API group "" in the namespace "{ns}"',
        ),
        undefined,
        { as: "alice" },
      ),
    ],
  },
  {
    title: "a resource that does not exist is forbidden first",
    steps: [
      get("/api/v1/nopes", forbidden('nopes is forbidden: User "alice" cannot list resource "nopes"'), { as: "alice" }),
    ],
  },
  {
    title: "a path is forbidden by its path",
    steps: [get("/metrics", forbidden('forbidden: User "alice" cannot get path "/metrics"'), { as: "alice" })],
  },
  {
    title: "everybody with a name may discover",
    steps: [
      get("/api", ok(), { as: "alice" }),
      get("/apis/apps/v1", ok(), { as: "alice" }),
      get("/api", { status: 403 }, { as: "" }),
    ],
  },
  {
    title: "a role opens what it names, in its namespace",
    steps: [
      role("reader", rule(["configmaps"], ["list"])),
      bind("reader", userSubject("{ns}-bob")),
      ...allowed("cm", "{ns}-bob"),
      get("cm/a", forbidden('cannot get resource "configmaps"'), { as: "{ns}-bob" }),
      get("/api/v1/namespaces/default/configmaps", forbidden('in the namespace "default"'), { as: "{ns}-bob" }),
    ],
  },
  {
    title: "a role is bound to a group",
    steps: [
      role("reader", rule(["configmaps"], ["list"])),
      bind("reader", groupSubject("{ns}-team")),
      ...allowed("cm", "somebody:{ns}-team"),
      get("cm", { status: 403 }, { as: "somebody:other" }),
    ],
  },
  {
    title: "a cluster role is bound in one namespace only",
    steps: [
      clusterRole("{ns}-r", rule(["configmaps"], ["list"])),
      post("rolebindings", roleBinding("b", "ClusterRole", "{ns}-r", [userSubject("{ns}-eve")])),
      ...allowed("cm", "{ns}-eve"),
      get("/api/v1/configmaps", forbidden("at the cluster scope"), { as: "{ns}-eve" }),
    ],
  },
  {
    title: "a cluster role is bound everywhere",
    steps: [
      clusterRole("{ns}-r", rule(["nodes"], ["list"])),
      bindWide("{ns}-r", groupSubject("{ns}-ops")),
      ...allowed("nodes", "zoe:{ns}-ops"),
    ],
  },
  {
    title: "a rule may name single objects",
    steps: [
      post("cm", named("a")),
      post("cm", named("b")),
      role("one", rule(["configmaps"], ["get", "list"], { resourceNames: ["a"] })),
      bind("one", userSubject("{ns}-u")),
      ...allowed("cm/a", "{ns}-u"),
      get("cm/b", { status: 403 }, { as: "{ns}-u" }),
      get("cm", { status: 403 }, { as: "{ns}-u" }),
    ],
  },
  {
    title: "a subresource is a resource of its own",
    steps: [
      role("sub", rule(["pods/status"], ["patch"])),
      bind("sub", userSubject("{ns}-u")),
      ...eventually(merge("pods/a/status", {}, { status: 404 }, { as: "{ns}-u" })),
      merge("pods/a", {}, { status: 403 }, { as: "{ns}-u" }),
    ],
  },
  {
    title: "a resource does not open its subresources",
    steps: [
      role("main", rule(["pods"], ["patch", "get"])),
      bind("main", userSubject("{ns}-u")),
      ...eventually(get("pods/a", { status: 404 }, { as: "{ns}-u" })),
      merge("pods/a/status", {}, { status: 403 }, { as: "{ns}-u" }),
    ],
  },
  {
    title: "stars stand for all",
    steps: [
      role("all", { apiGroups: ["*"], resources: ["*"], verbs: ["*"] }),
      bind("all", userSubject("{ns}-u")),
      ...allowed("sts", "{ns}-u"),
      post("cm", named("a"), { status: 201 }, { as: "{ns}-u" }),
      merge("pods/a/status", {}, { status: 404 }, { as: "{ns}-u" }),
    ],
  },
  {
    title: "paths are opened with and without a star",
    steps: [
      clusterRole("{ns}-p", { nonResourceURLs: ["/metrics-not", "/logs-not/*"], verbs: ["get"] }),
      bindWide("{ns}-p", userSubject("{ns}-u")),
      ...eventually(
        get("/metrics-not", { status: 404 }, { as: "{ns}-u" }),
        get("/logs-not/x", { status: 404 }, { as: "{ns}-u" }),
      ),
      get("/other-not", { status: 403 }, { as: "{ns}-u" }),
    ],
  },
  {
    title: "a binding to a role that is not there says so",
    steps: [
      bindWide("{ns}-missing", userSubject("{ns}-u")),
      ...eventually(
        get(
          "nodes",
          forbidden('at the cluster scope: RBAC: clusterrole.rbac.authorization.k8s.io "{ns}-missing" not found'),
          { as: "{ns}-u" },
        ),
      ),
    ],
  },
  {
    title: "a role that is taken away closes",
    steps: [
      role("r", rule(["configmaps"], ["list"])),
      bind("r", userSubject("{ns}-u")),
      ...allowed("cm", "{ns}-u"),
      del("rolebindings/r"),
      ...eventually(get("cm", { status: 403 }, { as: "{ns}-u" })),
    ],
  },
  {
    title: "a role is completed by a change",
    steps: [
      role("r", rule(["configmaps"], ["list"])),
      bind("r", userSubject("{ns}-u")),
      ...allowed("cm", "{ns}-u"),
      get("secrets", { status: 403 }, { as: "{ns}-u" }),
      merge("roles/r", { rules: [rule(["configmaps", "secrets"], ["list"])] }),
      ...allowed("secrets", "{ns}-u"),
    ],
  },
  {
    title: "a rule is checked",
    steps: [
      post(
        "clusterroles",
        named("{ns}-x", { rules: [{ verbs: [], resources: ["a"] }] }),
        invalid(
          "[rules[0].verbs: Required value: verbs must contain at least one value, rules[0].apiGroups: Required value: resource rules must supply at least one api group]",
        ),
      ),
    ],
  },
  {
    title: "a binding is checked",
    steps: [
      post(
        "clusterrolebindings",
        named("{ns}-y", { roleRef: { apiGroup: "x", kind: "Foo", name: "" }, subjects: [{ kind: "User" }] }),
        invalid(
          '[roleRef.apiGroup: Unsupported value: "x": supported values: "rbac.authorization.k8s.io", roleRef.kind: Unsupported value: "Foo": supported values: "ClusterRole", roleRef.name: Required value, subjects[0].name: Required value]',
        ),
      ),
    ],
  },
  {
    title: "a binding keeps its role",
    steps: [
      role("r", rule(["configmaps"], ["list"])),
      bind("r"),
      merge(
        "rolebindings/r",
        { roleRef: { name: "other" } },
        invalid(
          'roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"other"}: cannot change roleRef',
        ),
      ),
    ],
  },
  {
    title: "a user may ask what it may do",
    steps: [
      role("r", rule(["configmaps"], ["list"])),
      bind("r", userSubject("{ns}-u")),
      ...eventually(
        post(
          "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
          {
            apiVersion: "authorization.k8s.io/v1",
            kind: "SelfSubjectAccessReview",
            spec: { resourceAttributes: { namespace: "{ns}", verb: "list", resource: "configmaps" } },
          },
          { status: 201, body: { status: { allowed: true } } },
          { as: "{ns}-u" },
        ),
      ),
      post(
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        {
          apiVersion: "authorization.k8s.io/v1",
          kind: "SelfSubjectAccessReview",
          spec: { resourceAttributes: { namespace: "{ns}", verb: "delete", resource: "configmaps" } },
        },
        { status: 201, body: { status: { allowed: false } } },
        { as: "{ns}-u" },
      ),
    ],
  },
  {
    title: "nobody grants what they do not hold",
    steps: [
      role(
        "granter",
        {
          apiGroups: ["rbac.authorization.k8s.io"],
          resources: ["roles", "rolebindings"],
          verbs: ["create", "list", "update"],
        },
        rule(["configmaps"], ["get"]),
      ),
      bind("granter", userSubject("{ns}-u")),
      ...allowed("roles", "{ns}-u"),
      post(
        "roles",
        named("more", { rules: [rule(["secrets"], ["get"])] }),
        forbidden(
          'is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}',
        ),
        { as: "{ns}-u" },
      ),
      post("roles", named("same", { rules: [rule(["configmaps"], ["get"])] }), { status: 201 }, { as: "{ns}-u" }),
      post(
        "rolebindings",
        roleBinding("b", "ClusterRole", "cluster-admin", [userSubject("{ns}-u")]),
        { status: 403, reason: "Forbidden" },
        { as: "{ns}-u" },
      ),
    ],
  },
];
