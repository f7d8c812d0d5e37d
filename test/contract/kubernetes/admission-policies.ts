import { labelled, named } from "./objects.ts";
import { type Answer, del, eventually, get, invalid, merge, ok, post, put, type Row, type Step } from "./step.ts";

/** ConfigMaps of the row's own namespace: the policies of rows that run side by side must not meet. */
const MATCH = {
  resourceRules: [
    { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["configmaps"] },
  ],
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "{ns}" } },
};
const NOT_BAD = "!has(object.data) || !('x' in object.data) || object.data['x'] != 'bad'";

export const admissionPolicy = (spec: object): object =>
  named("{ns}", { spec: { matchConstraints: MATCH, validations: [{ expression: NOT_BAD }], ...spec } });
export const policyBinding = (spec: object = {}): object =>
  named("{ns}", { spec: { policyName: "{ns}", validationActions: ["Deny"], ...spec } });

const bad = (name: string, more: object = {}): object => named(name, { data: { x: "bad" }, ...more });
/** Creates what the policy is to deny, without keeping it, until it is denied: a policy takes effect a little later. */
const inForce = (object: object, answer: Answer = { status: 422, reason: "Invalid" }): Step[] =>
  eventually(post("cm?dryRun=All", object, answer));
const denied = (message: string, reason = "Invalid", status = 422): Answer => ({ status, reason, message });

/** ValidatingAdmissionPolicies and their bindings. */
export const ADMISSION_POLICIES: Row[] = [
  {
    title: "a policy and its binding show what is filled in",
    steps: [
      post("policies", admissionPolicy({}), {
        status: 201,
        body: {
          metadata: { generation: 1 },
          spec: {
            failurePolicy: "Fail",
            matchConstraints: {
              matchPolicy: "Equivalent",
              objectSelector: {},
              resourceRules: [{ operations: ["CREATE", "UPDATE"], scope: "*" }],
            },
          },
        },
      }),
      post("policybindings", policyBinding({ matchResources: {} }), {
        status: 201,
        body: { metadata: { generation: 1 }, spec: { matchResources: { matchPolicy: "Equivalent" } } },
      }),
      merge("policies/{ns}", { spec: { failurePolicy: "Ignore" } }, ok({ metadata: { generation: 2 } })),
      get("policies/{ns}/status", ok({ metadata: { name: "{ns}" } })),
    ],
  },
  {
    title: "a policy that cannot work is refused",
    steps: [
      post(
        "policies",
        named("{ns}", { spec: {} }),
        invalid("spec.matchConstraints: Required value", [
          "spec.auditAnnotations: FieldValueRequired",
          "spec.matchConstraints: FieldValueRequired",
          "spec.validations: FieldValueRequired",
        ]),
      ),
      post(
        "policies",
        admissionPolicy({ validations: [{ expression: "1 +" }] }),
        invalid("compilation failed", ["spec.validations[0].expression: FieldValueInvalid"]),
      ),
      post(
        "policybindings",
        named("{ns}", { spec: {} }),
        invalid("", ["spec.policyName: FieldValueRequired", "spec.validationActions: FieldValueRequired"]),
      ),
    ],
  },
  {
    title: "a bound policy denies creates and every kind of update",
    steps: [
      post("policies", admissionPolicy({})),
      post("cm", bad("before")),
      post("policybindings", policyBinding()),
      ...inForce(bad("a")),
      post(
        "cm",
        bad("a"),
        denied(
          `configmaps "a" is forbidden: ValidatingAdmissionPolicy '{ns}' with binding '{ns}' denied request: failed expression: ${NOT_BAD}`,
        ),
      ),
      get("cm/a", { status: 404 }),
      post("cm", named("a", { data: { x: "good" } })),
      merge("cm/a", { data: { x: "bad" } }, denied("denied request")),
      put("cm/a", bad("a"), denied("denied request")),
      merge("cm/a", { data: { y: "bad" } }),
      merge("cm/before", { metadata: { labels: { touched: "yes" } } }, denied("denied request")),
      del("cm/before"),
    ],
  },
  {
    title: "a policy without a binding, and one whose binding went, denies nothing",
    steps: [
      post("policies", admissionPolicy({})),
      post("cm", bad("a")),
      post("policybindings", policyBinding()),
      ...inForce(bad("b")),
      del("policybindings/{ns}"),
      ...eventually(post("cm", bad("b"))),
    ],
  },
  {
    title: "a denial has the words and the reason its policy gives",
    steps: [
      post(
        "policies",
        admissionPolicy({
          variables: [{ name: "shown", expression: "object.metadata.name + '/' + string(size(object.data))" }],
          validations: [
            { expression: "object.metadata.name != 'nothing'", message: "never nothing" },
            {
              expression: NOT_BAD,
              reason: "Forbidden",
              message: "plain",
              messageExpression: "request.operation + ' of ' + variables.shown + ' in ' + request.namespace",
            },
          ],
        }),
      ),
      post("policybindings", policyBinding()),
      ...inForce(bad("a"), denied("denied request: CREATE of a/1 in {ns}", "Forbidden", 403)),
      post("cm", named("nothing", { data: {} }), denied("denied request: never nothing")),
    ],
  },
  {
    title: "a message that cannot be made gives way to the plain one",
    steps: [
      post(
        "policies",
        admissionPolicy({
          validations: [
            { expression: NOT_BAD, message: "plain", messageExpression: "'x' + string(object.data['absent'])" },
          ],
        }),
      ),
      post("policybindings", policyBinding()),
      ...inForce(bad("a"), denied("denied request: plain")),
    ],
  },
  {
    title: "what cannot be evaluated denies, or not, as the failure policy says",
    steps: [
      post("policies", admissionPolicy({ validations: [{ expression: "object.data['absent'] == 'x'" }] })),
      post("policybindings", policyBinding()),
      ...inForce(named("a"), denied("resulted in error: no such key")),
      merge("policies/{ns}", { spec: { failurePolicy: "Ignore" } }),
      ...eventually(post("cm", named("a"))),
    ],
  },
  {
    title: "conditions, and the selectors of policy and binding, narrow what is judged",
    steps: [
      post(
        "policies",
        admissionPolicy({
          matchConditions: [{ name: "not-free", expression: "object.metadata.name != 'free'" }],
        }),
      ),
      post("policybindings", policyBinding({ matchResources: { objectSelector: { matchLabels: { judged: "yes" } } } })),
      ...inForce(labelled("a", { judged: "yes" }, { data: { x: "bad" } })),
      post("cm", labelled("free", { judged: "yes" }, { data: { x: "bad" } })),
      post("cm", bad("a")),
      // The selector looks at the object before and after.
      post("cm", labelled("b", { judged: "yes" })),
      merge("cm/b", { metadata: { labels: null }, data: { x: "bad" } }, denied("denied request")),
      merge("cm/a", { metadata: { labels: { judged: "yes" } } }, denied("denied request")),
    ],
  },
];
