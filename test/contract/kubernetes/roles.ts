import { allowed, bind, bindWide, clusterRole, forbidden, role, rule } from "./access-steps.ts";
import { named, roleBinding, userSubject } from "./objects.ts";
import { del, eventually, get, invalid, merge, post, type Row } from "./step.ts";

/** What rules say, and how roles and bindings are checked. */
export const ROLES: Row[] = [
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
