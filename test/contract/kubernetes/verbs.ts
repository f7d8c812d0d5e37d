import { expect } from "vitest";
import { named } from "./objects.ts";
import { badRequest, created, fails, get, invalid, notFound, ok, post, put, type Row } from "./step.ts";

const SUBDOMAIN = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'";

/** Create, get and replace, and what is refused. */
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
];
