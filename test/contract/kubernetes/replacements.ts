import { named } from "./objects.ts";
import { badRequest, conflict, invalid, merge, notFound, ok, post, put, type Row } from "./step.ts";

/** Replacing objects, and what is checked of every one. */
export const REPLACEMENTS: Row[] = [
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
];
