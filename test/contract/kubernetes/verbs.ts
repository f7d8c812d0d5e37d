import { expect } from "vitest";
import { named, pod, statefulSet } from "./objects.ts";
import {
  conflict,
  created,
  del,
  eventually,
  fails,
  get,
  invalid,
  merge,
  notFound,
  ok,
  post,
  put,
  type Row,
} from "./step.ts";

const badRequest = (message: string): ReturnType<typeof fails> => fails(400, "BadRequest", message);
const SUBDOMAIN = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'";

/** Create, get, replace, and what is refused. */
export const VERBS: Row[] = [
  {
    title: "a created object has an identity and a version, and is read back",
    steps: [
      post("cm", named("a", { data: { x: "1" } }), created({ kind: "ConfigMap", apiVersion: "v1", data: { x: "1" } }), {
        keep: "a",
      }),
      get(
        "cm/a",
        ok({
          metadata: {
            name: "a",
            namespace: "{ns}",
            uid: "{a.metadata.uid}",
            resourceVersion: "{a.metadata.resourceVersion}",
            creationTimestamp: "{a.metadata.creationTimestamp}",
          },
        }),
      ),
    ],
  },
  {
    title: "a name is taken once",
    steps: [
      post("cm", named("a")),
      post("cm", named("a"), fails(409, "AlreadyExists", 'configmaps "a" already exists')),
    ],
  },
  {
    title: "an absent object is not found, by its resource and group",
    steps: [get("sts/zz", notFound('statefulsets.apps "zz" not found'))],
  },
  {
    title: "details of a Status name the object",
    steps: [get("sts/zz", { status: 404, body: { details: { name: "zz", group: "apps", kind: "statefulsets" } } })],
  },
  {
    title: "an unknown resource is not there",
    steps: [get("/api/v1/nopes", notFound("the server could not find the requested resource"))],
  },
  {
    title: "an unknown group is a plain 404",
    steps: [get("/apis/nope.example.com/v1/things", { status: 404, text: "404 page not found\n" })],
  },
  {
    title: "an unknown subresource is not there",
    steps: [post("cm", named("a")), get("cm/a/status", notFound("the server could not find the requested resource"))],
  },
  {
    title: "a missing namespace is named",
    steps: [post("/api/v1/namespaces/absent/configmaps", named("a"), notFound('namespaces "absent" not found'))],
  },
  {
    title: "a bad name is explained",
    steps: [
      post(
        "cm",
        named("B_"),
        invalid(`ConfigMap "B_" is invalid: metadata.name: Invalid value: "B_": ${SUBDOMAIN}`, [
          "metadata.name: FieldValueInvalid",
        ]),
      ),
    ],
  },
  {
    title: "a name is required",
    steps: [
      post(
        "cm",
        { metadata: {} },
        invalid("metadata.name: Required value: name or generateName is required", [
          "metadata.name: FieldValueRequired",
        ]),
      ),
    ],
  },
  {
    title: "a generated name gets five letters",
    steps: [
      post(
        "cm",
        { metadata: { generateName: "gen-" } },
        created({ metadata: { generateName: "gen-", name: expect.stringMatching(/^gen-[a-z0-9]{5}$/) } }),
      ),
    ],
  },
  {
    title: "the namespace in the body must fit",
    steps: [
      post(
        "cm",
        { metadata: { name: "a", namespace: "other" } },
        badRequest("the namespace of the provided object does not match the namespace sent on the request"),
      ),
    ],
  },
  {
    title: "a version must not be set on create",
    steps: [
      post(
        "cm",
        { metadata: { name: "a", resourceVersion: "5" } },
        { status: 500, message: "resourceVersion should not be set on objects to be created" },
      ),
    ],
  },
  {
    title: "another kind is refused",
    steps: [
      post(
        "cm",
        { kind: "Secret", apiVersion: "v1", metadata: { name: "a" } },
        badRequest('Secret in version "v1" cannot be handled as a ConfigMap'),
      ),
    ],
  },
  {
    title: "a field of the wrong type is refused with its path",
    steps: [
      post(
        "sts",
        { metadata: { name: "a" }, spec: { replicas: "x" } },
        badRequest("json: cannot unmarshal string into Go struct field StatefulSetSpec.spec.replicas of type int32"),
      ),
    ],
  },
  {
    title: "a map value of the wrong type is refused",
    steps: [
      post(
        "cm",
        named("a", { data: { x: 1 } }),
        badRequest("json: cannot unmarshal number into Go struct field ConfigMap.data of type string"),
      ),
    ],
  },
  {
    title: "text that is no JSON is refused",
    steps: [
      post(
        "cm",
        '{"metadata":',
        badRequest(
          "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: ",
        ),
      ),
    ],
  },
  {
    title: "an unknown field is dropped with a warning",
    steps: [
      post("cm", named("a", { bogus: 1 }), {
        status: 201,
        absent: ["bogus"],
        headers: { warning: '299 - "unknown field \\"bogus\\""' },
      }),
    ],
  },
  {
    title: "an unknown field is refused when validation is strict",
    steps: [
      post(
        "sts?fieldValidation=Strict",
        { metadata: { name: "a", zz: 1 }, spec: { template: { spec: { containers: [{ nam: 5 }] } } } },
        badRequest(
          'strict decoding error: unknown field "metadata.zz", unknown field "spec.template.spec.containers[0].nam"',
        ),
      ),
    ],
  },
  {
    title: "another media type is refused",
    steps: [
      post("cm", named("a"), fails(415, "UnsupportedMediaType", "accepted media types include: application/json"), {
        contentType: "text/plain",
      }),
    ],
  },
  {
    title: "an answer in another form is refused",
    steps: [get("cm", fails(406, "NotAcceptable", "406: Not Acceptable"), { accept: "text/html" })],
  },
  {
    title: "a method that makes no sense is refused",
    steps: [
      post(
        "cm/a",
        named("a"),
        fails(405, "MethodNotAllowed", "the server does not allow this method on the requested resource"),
      ),
      put("cm", named("a"), fails(405, "MethodNotAllowed", "the server does not allow this method")),
    ],
  },
  {
    title: "a dry run answers as if, and leaves nothing",
    steps: [
      post("cm?dryRun=All", named("a"), { status: 201, absent: ["metadata.resourceVersion"] }),
      get("cm/a", notFound('configmaps "a" not found')),
    ],
  },
  {
    title: "a dry run must be of all",
    steps: [
      post(
        "cm?dryRun=Some",
        named("a"),
        invalid(
          'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"',
        ),
      ),
    ],
  },
  {
    title: "a replace without a version always wins",
    steps: [
      post("cm", named("a", { data: { x: "1" } })),
      put("cm/a", named("a", { data: { y: "2" } }), { status: 200, body: { data: { y: "2" } }, absent: ["data.x"] }),
    ],
  },
  {
    title: "a replace with an old version conflicts",
    steps: [
      post("cm", named("a"), undefined, { keep: "a" }),
      merge("cm/a", { data: { x: "1" } }),
      put(
        "cm/a",
        { metadata: { name: "a", resourceVersion: "{a.metadata.resourceVersion}" } },
        conflict(
          'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
        ),
      ),
    ],
  },
  {
    title: "a replace with the current version passes",
    steps: [
      post("cm", named("a"), undefined, { keep: "a" }),
      put(
        "cm/a",
        { metadata: { name: "a", resourceVersion: "{a.metadata.resourceVersion}" }, data: { z: "1" } },
        ok({ data: { z: "1" } }),
      ),
    ],
  },
  {
    title: "a replace names another UID",
    steps: [
      post("cm", named("a"), undefined, { keep: "a" }),
      put(
        "cm/a",
        { metadata: { name: "a", uid: "other" } },
        conflict("Precondition failed: UID in precondition: other, UID in object meta: {a.metadata.uid}"),
      ),
    ],
  },
  {
    title: "a replace names another object",
    steps: [
      post("cm", named("a")),
      put("cm/a", named("b"), badRequest("the name of the object (b) does not match the name on the URL (a)")),
    ],
  },
  {
    title: "a replace of an absent object is not found",
    steps: [put("cm/zz", named("zz"), notFound('configmaps "zz" not found'))],
  },
  {
    title: "a replace that changes nothing keeps the version",
    steps: [
      post("cm", named("a", { data: { x: "1" } }), undefined, { keep: "a" }),
      put(
        "cm/a",
        named("a", { data: { x: "1" } }),
        ok({ metadata: { resourceVersion: "{a.metadata.resourceVersion}" } }),
      ),
    ],
  },
  {
    title: "labels are checked",
    steps: [
      post(
        "cm",
        { metadata: { name: "a", labels: { x: "y z" } } },
        invalid(
          'metadata.labels: Invalid value: "y z": a valid label must be an empty string or consist of alphanumeric characters',
          ["metadata.labels: FieldValueInvalid"],
        ),
      ),
    ],
  },
  {
    title: "owner references are checked",
    steps: [
      post(
        "cm",
        { metadata: { name: "a", ownerReferences: [{ kind: "a" }] } },
        invalid('metadata.ownerReferences.uid: Invalid value: "": must not be empty', [
          "metadata.ownerReferences.apiVersion: FieldValueInvalid",
          "metadata.ownerReferences.name: FieldValueInvalid",
          "metadata.ownerReferences.uid: FieldValueInvalid",
        ]),
      ),
    ],
  },
  {
    title: "keys of a config map are checked",
    steps: [
      post(
        "cm",
        named("a", { data: { "a b": "c" } }),
        invalid('data[a b]: Invalid value: "a b": a valid config key must consist of'),
      ),
    ],
  },
  {
    title: "an immutable config map stays",
    steps: [
      post("cm", named("a", { immutable: true, data: { x: "1" } })),
      merge("cm/a", { data: { x: "2" } }, invalid("data: Forbidden: field is immutable when `immutable` is set")),
    ],
  },
  {
    title: "text of a secret is encoded",
    steps: [
      post("secrets", named("a", { stringData: { x: "y" } }), {
        status: 201,
        body: { type: "Opaque", data: { x: "eQ==" } },
        absent: ["stringData"],
      }),
    ],
  },
  {
    title: "a pod is filled in",
    steps: [
      post(
        "pods",
        pod("a", { nodeSelector: { nowhere: "true" } }),
        created({
          spec: {
            restartPolicy: "Always",
            terminationGracePeriodSeconds: 30,
            dnsPolicy: "ClusterFirst",
            serviceAccountName: "default",
            schedulerName: "default-scheduler",
            priority: 0,
            enableServiceLinks: true,
            containers: [{ imagePullPolicy: "IfNotPresent", terminationMessagePath: "/dev/termination-log" }],
            tolerations: [{ key: "node.kubernetes.io/not-ready" }, { key: "node.kubernetes.io/unreachable" }],
          },
          status: { phase: "Pending", qosClass: "BestEffort" },
        }),
      ),
    ],
  },
  {
    title: "quantities are written canonically",
    steps: [
      post(
        "pods",
        pod("a", {
          nodeSelector: { nowhere: "true" },
          containers: [
            {
              name: "main",
              image: "a",
              resources: { limits: { cpu: "0.5", memory: "1024Mi" }, requests: { cpu: 0.25 } },
            },
          ],
        }),
        created({
          spec: {
            containers: [
              {
                imagePullPolicy: "Always",
                resources: { limits: { cpu: "500m", memory: "1Gi" }, requests: { cpu: "250m", memory: "1Gi" } },
              },
            ],
          },
          status: { qosClass: "Burstable" },
        }),
      ),
    ],
  },
  {
    title: "a pod without containers is invalid",
    steps: [
      post(
        "pods",
        named("a"),
        invalid('Pod "a" is invalid: spec.containers: Required value', ["spec.containers: FieldValueRequired"]),
      ),
    ],
  },
  {
    title: "every problem of a pod is named",
    steps: [
      post(
        "pods",
        pod("a", {
          restartPolicy: "X",
          containers: [{ name: "a", image: "x", ports: [{ containerPort: 99999 }] }, { name: "a" }],
        }),
        invalid('spec.restartPolicy: Unsupported value: "X": supported values: "Always", "OnFailure", "Never"', [
          "spec.containers[0].ports[0].containerPort: FieldValueInvalid",
          "spec.containers[1].image: FieldValueRequired",
          "spec.containers[1].name: FieldValueDuplicate",
          "spec.restartPolicy: FieldValueNotSupported",
        ]),
      ),
    ],
  },
  {
    title: "a pod stays what it is but for its image",
    steps: [
      post("pods", pod("a", { nodeSelector: { nowhere: "true" } })),
      merge(
        "pods/a",
        { spec: { hostname: "b" } },
        invalid("spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`"),
      ),
      merge("pods/a", { spec: { containers: null } }, { status: 422 }),
    ],
  },
  {
    title: "a service gets an address, a headless one none",
    steps: [
      post(
        "svc",
        named("a", { spec: { ports: [{ port: 80 }] } }),
        created({
          spec: {
            type: "ClusterIP",
            clusterIP: expect.stringMatching(/^172\.20\./),
            ports: [{ port: 80, targetPort: 80, protocol: "TCP" }],
          },
        }),
      ),
      post("svc", named("b", { spec: { clusterIP: "None" } }), created({ spec: { clusterIP: "None" } })),
    ],
  },
  {
    title: "a namespace is active, gets a service account and a CA bundle",
    steps: [
      post(
        "ns",
        named("{ns}-more"),
        created({
          metadata: { labels: { "kubernetes.io/metadata.name": "{ns}-more" } },
          spec: { finalizers: ["kubernetes"] },
          status: { phase: "Active" },
        }),
      ),
      ...eventually(
        get("/api/v1/namespaces/{ns}-more/serviceaccounts/default"),
        get("/api/v1/namespaces/{ns}-more/configmaps/kube-root-ca.crt"),
      ),
    ],
  },
  {
    title: "a quota refuses one pod too many",
    steps: [
      post("quotas", named("q", { spec: { hard: { "count/pods": "1" } } })),
      ...eventually(get("quotas/q", ok({ status: { used: { "count/pods": "0" } } }))),
      post("pods", pod("a", { nodeSelector: { nowhere: "true" } })),
      post(
        "pods",
        pod("b"),
        fails(
          403,
          "Forbidden",
          'pods "b" is forbidden: exceeded quota: q, requested: count/pods=1, used: count/pods=1, limited: count/pods=1',
        ),
      ),
      del("pods/a"),
      ...eventually(get("quotas/q", ok({ status: { used: { "count/pods": "0" } } }))),
      post("pods", pod("b", { nodeSelector: { nowhere: "true" } })),
    ],
  },
  {
    title: "a pod needs its service account",
    steps: [
      post(
        "pods",
        pod("a", { serviceAccountName: "nobody" }),
        fails(
          403,
          "Forbidden",
          'pods "a" is forbidden: error looking up service account {ns}/nobody: serviceaccount "nobody" not found',
        ),
      ),
    ],
  },
  {
    title: "a claim is bound to a volume",
    steps: [
      post(
        "claims",
        named("a", { spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } } }),
        created({ spec: { storageClassName: "gp3", volumeMode: "Filesystem" }, status: { phase: "Pending" } }),
      ),
      ...eventually(
        get(
          "claims/a",
          ok({
            spec: { volumeName: expect.stringMatching(/^pvc-/) },
            status: { phase: "Bound", capacity: { storage: "1Gi" } },
          }),
        ),
      ),
    ],
  },
  {
    title: "a deployment is filled in",
    steps: [
      post(
        "deploy",
        named("d", {
          spec: {
            replicas: 0,
            selector: { matchLabels: { a: "b" } },
            template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "a", image: "x" }] } },
          },
        }),
        created({
          metadata: { generation: 1 },
          spec: {
            replicas: 0,
            strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" } },
            revisionHistoryLimit: 10,
            progressDeadlineSeconds: 600,
          },
        }),
      ),
    ],
  },
  {
    title: "a StatefulSet without anything is explained",
    steps: [
      post(
        "sts",
        named("t"),
        invalid(
          'StatefulSet.apps "t" is invalid: [spec.selector: Required value, spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`, spec.template.spec.containers: Required value]',
        ),
      ),
    ],
  },
  {
    title: "health and version are open to everybody",
    steps: [
      get("/readyz", { status: 200, text: "ok" }, { as: "" }),
      get("/version", ok({ major: "1", minor: "35", gitVersion: "v1.35.4" }), { as: "" }),
    ],
  },
  {
    title: "discovery lists resources with their verbs",
    steps: [
      get(
        "/apis/apps/v1",
        ok({
          kind: "APIResourceList",
          groupVersion: "apps/v1",
          resources: expect.arrayContaining([
            expect.objectContaining({
              name: "statefulsets",
              kind: "StatefulSet",
              namespaced: true,
              singularName: "statefulset",
              shortNames: ["sts"],
            }),
            expect.objectContaining({ name: "statefulsets/scale", group: "autoscaling", kind: "Scale" }),
          ]),
        }),
      ),
      get("/api", ok({ kind: "APIVersions", versions: ["v1"] })),
      get("/apis/apps", ok({ kind: "APIGroup", preferredVersion: { groupVersion: "apps/v1", version: "v1" } })),
    ],
  },
  {
    title: "discovery comes in one document",
    steps: [
      get(
        "/apis",
        ok({
          kind: "APIGroupDiscoveryList",
          items: expect.arrayContaining([
            expect.objectContaining({ metadata: expect.objectContaining({ name: "apps" }) }),
          ]),
        }),
        { accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json" },
      ),
      get("/apis", ok({ kind: "APIGroupList" })),
    ],
  },
  {
    title: "generation counts changes of the spec",
    steps: [
      post("sts", statefulSet("s", { replicas: 0 }), created({ metadata: { generation: 1 } })),
      merge("sts/s", { metadata: { labels: { a: "b" } } }, ok({ metadata: { generation: 1 } })),
      merge("sts/s", { spec: { replicas: 0, minReadySeconds: 5 } }, ok({ metadata: { generation: 2 } })),
      merge("sts/s", { status: { replicas: 9 } }, ok({ metadata: { generation: 2 }, status: { replicas: 0 } })),
    ],
  },
];
