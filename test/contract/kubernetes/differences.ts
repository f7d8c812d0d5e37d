import { expect } from "vitest";
import { admissionPolicy, policyBinding } from "./admission-policies.ts";
import { named, pod } from "./objects.ts";
import { type Answer, apply, eventually, get, merge, ok, post, type Row, type Step } from "./step.ts";

/** Which API answers. */
export type Server = "embedded" | "real";

/** Where the embedded API knowingly answers otherwise, and why. At most ten; none in deletes, preconditions, watches, StatefulSets or RBAC. */
export interface Difference {
  title: string;
  reason: string;
  steps: (server: Server) => Step[];
}

const loud: Answer = { status: 501, reason: "NotImplemented", message: "use a real control plane" };
const by = <T>(server: Server, embedded: T, real: T): T => (server === "embedded" ? embedded : real);

const LONG: unknown = expect.stringContaining("Name must be unique within a namespace");

export const DIFFERENCES: readonly Difference[] = [
  {
    title: "managed fields are not shown",
    reason: "they need the schemas of every kind; nothing here reads them before server-side apply is built",
    steps: (server) => [
      post("cm", named("a", { data: { x: "1" } })),
      get(
        "cm/a",
        by<Answer>(
          server,
          { status: 200, absent: ["metadata.managedFields"] },
          ok({ metadata: { managedFields: [{}] } }),
        ),
      ),
    ],
  },
  {
    title: "server-side apply works by force, for kinds whose lists are atomic",
    reason: "merging lists by key and finding conflicts need managed fields",
    steps: (server) => [
      apply(
        "cm/a?fieldManager=x",
        named("a", { apiVersion: "v1", kind: "ConfigMap" }),
        by<Answer>(server, loud, { status: 201 }),
      ),
      apply(
        "pods/a?fieldManager=x&force=true",
        { apiVersion: "v1", kind: "Pod", ...pod("a") },
        by<Answer>(server, loud, { status: 201 }),
      ),
    ],
  },
  {
    title: "other kinds answer 501",
    reason: "only what the product and its tests use is built",
    steps: (server) => [
      get("/apis/batch/v1/jobs", by(server, loud, ok())),
      get("/apis/apps/v1/replicasets", by(server, loud, ok())),
      get("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", by(server, loud, ok())),
      get("/api/v1/namespaces/{ns}/pods/a/log", by<Answer>(server, loud, { status: 404 })),
    ],
  },
  {
    title: "CEL is read in admission policies only, and there not all of it",
    reason:
      "a definition's rules need the schema's types; audits, deletes, parameters and authorizer lookups are not used",
    steps: (server) => {
      const schema = { type: "object", "x-kubernetes-validations": [{ rule: "true" }] };
      const version = { name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } };
      const spec = {
        group: "{ns}.example.com",
        scope: "Cluster",
        names: { kind: "Rule", plural: "rules" },
        versions: [version],
      };
      const policy = admissionPolicy({
        validations: [{ expression: "authorizer.group('').resource('pods').check('get').allowed()" }],
      });
      return [
        post("crds", named("rules.{ns}.example.com", { spec }), by<Answer>(server, loud, { status: 201 })),
        post("policies", policy, by<Answer>(server, loud, { status: 201 })),
        post(
          "policies",
          admissionPolicy({ paramKind: { apiVersion: "v1", kind: "ConfigMap" } }),
          by<Answer>(server, loud, { status: 409 }),
        ),
        post(
          "policybindings",
          policyBinding({ validationActions: ["Warn"] }),
          by<Answer>(server, loud, { status: 201 }),
        ),
      ];
    },
  },
  {
    title: "Deployments are data",
    reason: "nothing of the product acts on them; ReplicaSets come with the agents",
    steps: (server) => {
      const template = { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "a", image: "x" }] } };
      const create = post("deploy", named("d", { spec: { selector: { matchLabels: { a: "b" } }, template } }));
      const answer = by<Answer>(
        server,
        { status: 200, absent: ["status.observedGeneration"] },
        ok({ status: { observedGeneration: 1 } }),
      );
      return [create, ...eventually(get("deploy/d", answer))];
    },
  },
  {
    title: "bodies are JSON or YAML, never protobuf",
    reason: "clients that speak protobuf fall back or can be told; `kubectl create NAME` of typed kinds cannot",
    steps: (server) => [
      post("cm", "k8s\u0000", by<Answer>(server, { status: 415, message: "`kubectl apply -f` it" }, { status: 400 }), {
        contentType: "application/vnd.kubernetes.protobuf",
      }),
    ],
  },
  {
    title: "JSON that cannot be parsed is refused in other words",
    reason: "the parser is Node's",
    steps: (server) => [
      post("cm", named("a")),
      merge("cm/a", "{bad", {
        status: 400,
        message: by(
          server,
          "error decoding patch: Expected property name",
          "error decoding patch: invalid character 'b'",
        ),
      }),
    ],
  },
  {
    title: "fields that stand twice are not noticed under strict validation",
    reason: "the parser keeps the last one",
    steps: (server) => [
      post(
        "cm?fieldValidation=Strict",
        '{"metadata":{"name":"a"},"data":{"x":"1","x":"2"}}',
        by<Answer>(server, { status: 201 }, { status: 400, message: 'duplicate field "data.x"' }),
      ),
    ],
  },
  {
    title: "columns of tables are not described",
    reason: "the texts are long, and only `kubectl explain` like tools show them",
    steps: (server) => [
      get(
        "cm",
        ok({
          columnDefinitions: expect.arrayContaining([
            expect.objectContaining({ name: "Name", description: by<unknown>(server, "Name", LONG) }),
          ]) as unknown,
        }),
        {
          accept: "application/json;as=Table;v=v1;g=meta.k8s.io",
        },
      ),
    ],
  },
  {
    title: "controllers record no events",
    reason: "nothing reads them",
    steps: (server) => [
      post("pods", pod("a")),
      ...eventually(
        get("pods/a", ok({ status: { phase: "Running" } })),
        get("events", by<Answer>(server, { status: 200, names: [] }, ok({ items: [{ reason: "Scheduled" }] }))),
      ),
    ],
  },
];

/** The differences as rows for one of the servers. */
export function differenceRows(server: Server): Row[] {
  return DIFFERENCES.map(({ title, steps }) => ({ title, steps: steps(server) }));
}
