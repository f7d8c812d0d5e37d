import { allowed, bind, bindWide, clusterRole, forbidden, role, rule } from "./access-steps.ts";
import { groupSubject, roleBinding, userSubject } from "./objects.ts";
import { del, fails, get, merge, ok, post, type Row } from "./step.ts";

/** Who is let in, and what a role opens. */
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
];
