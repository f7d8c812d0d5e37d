import { labelled, waitingPod } from "./objects.ts";
import { REJECTED, three } from "./patch-objects.ts";
import { conflict, fails, get, invalid, jsonPatch, merge, notFound, ok, post, type Row } from "./step.ts";

/** Merge patches and JSON patches. */
export const PATCHES: Row[] = [
  {
    title: "a merge patch sets, keeps and removes",
    steps: [
      post("cm", three),
      merge(
        "cm/a",
        { data: { x: "9", y: null, w: "0" } },
        { status: 200, body: { data: { x: "9", z: "3", w: "0" } }, absent: ["data.y"] },
      ),
    ],
  },
  {
    title: "a merge patch replaces lists",
    steps: [
      post("pods", waitingPod("a", { finalizers: ["a.example.com/x", "b.example.com/x"] })),
      merge(
        "pods/a",
        { metadata: { finalizers: ["c.example.com/x"] } },
        ok({ metadata: { finalizers: ["c.example.com/x"] } }),
      ),
    ],
  },
  {
    title: "a merge patch with the current version passes, with an old one it conflicts",
    steps: [
      post("cm", three, undefined, { keep: "a" }),
      merge("cm/a", { metadata: { resourceVersion: "{a.metadata.resourceVersion}" }, data: { x: "2" } }),
      merge(
        "cm/a",
        { metadata: { resourceVersion: "{a.metadata.resourceVersion}" }, data: { x: "3" } },
        conflict('configmaps "a": the object has been modified'),
      ),
    ],
  },
  {
    title: "a merge patch may not change the UID",
    steps: [
      post("cm", three),
      merge(
        "cm/a",
        { metadata: { uid: "1" } },
        invalid('ConfigMap "a" is invalid: metadata.uid: Invalid value: "1": field is immutable', [
          "metadata.uid: FieldValueInvalid",
        ]),
      ),
    ],
  },
  {
    title: "a merge patch may not change the name",
    steps: [
      post("cm", three),
      merge(
        "cm/a",
        { metadata: { name: "b" } },
        fails(400, "BadRequest", "the name of the object (b) does not match the name on the URL (a)"),
      ),
    ],
  },
  {
    title: "a merge patch with a wrong type is invalid",
    steps: [
      post("cm", three),
      merge(
        "cm/a",
        { data: { x: 5 } },
        invalid("json: cannot unmarshal number into Go struct field ConfigMap.data of type string", [
          "patch: FieldValueInvalid",
        ]),
      ),
    ],
  },
  {
    title: "a merge patch is an object",
    steps: [
      post("cm", three),
      merge(
        "cm/a",
        [1],
        fails(
          400,
          "BadRequest",
          "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}",
        ),
      ),
    ],
  },
  {
    title: "a patch of an absent object is not found",
    steps: [merge("cm/zz", {}, notFound('configmaps "zz" not found'))],
  },
  {
    title: "an empty patch keeps the version",
    steps: [
      post("cm", three, undefined, { keep: "a" }),
      merge("cm/a", {}, ok({ metadata: { resourceVersion: "{a.metadata.resourceVersion}" } })),
    ],
  },
  {
    title: "a patch in a dry run leaves nothing",
    steps: [
      post("cm", three),
      merge("cm/a?dryRun=All", { data: { x: "9" } }, ok({ data: { x: "9" } })),
      get("cm/a", ok({ data: { x: "1" } })),
    ],
  },
  {
    title: "a patch has a media type of its own",
    steps: [
      post("cm", three),
      merge("cm/a", {}, fails(415, "UnsupportedMediaType", ""), { contentType: "application/json" }),
    ],
  },
  {
    title: "a JSON patch adds, replaces, removes, copies and moves",
    steps: [
      post("cm", three),
      jsonPatch(
        "cm/a",
        [
          { op: "test", path: "/data/x", value: "1" },
          { op: "replace", path: "/data/x", value: "9" },
          { op: "remove", path: "/data/y" },
          { op: "add", path: "/data/w", value: "0" },
          { op: "copy", from: "/data/w", path: "/data/v" },
          { op: "move", from: "/data/z", path: "/data/u" },
        ],
        { status: 200, body: { data: { x: "9", w: "0", v: "0", u: "3" } }, absent: ["data.y", "data.z"] },
      ),
    ],
  },
  {
    title: "a JSON patch escapes slashes and tildes",
    steps: [
      post("cm", labelled("a", { "a.example.com/b": "1" })),
      jsonPatch(
        "cm/a",
        [{ op: "replace", path: "/metadata/labels/a.example.com~1b", value: "2" }],
        ok({ metadata: { labels: { "a.example.com/b": "2" } } }),
      ),
    ],
  },
  {
    title: "a JSON patch puts into lists by place",
    steps: [
      post("cm", { metadata: { name: "a", finalizers: ["a.example.com/x"] } }),
      jsonPatch(
        "cm/a",
        [
          { op: "add", path: "/metadata/finalizers/0", value: "b.example.com/x" },
          { op: "add", path: "/metadata/finalizers/-", value: "c.example.com/x" },
        ],
        ok({ metadata: { finalizers: ["b.example.com/x", "a.example.com/x", "c.example.com/x"] } }),
      ),
    ],
  },
  {
    title: "a JSON patch whose test fails changes nothing",
    steps: [
      post("cm", three),
      jsonPatch(
        "cm/a",
        [
          { op: "replace", path: "/data/x", value: "9" },
          { op: "test", path: "/data/y", value: "no" },
        ],
        invalid(REJECTED),
      ),
      get("cm/a", ok({ data: { x: "1" } })),
    ],
  },
  {
    title: "a JSON patch cannot remove what is not there",
    steps: [post("cm", three), jsonPatch("cm/a", [{ op: "remove", path: "/data/none" }], invalid(REJECTED))],
  },
  {
    title: "a JSON patch knows its operations",
    steps: [post("cm", three), jsonPatch("cm/a", [{ op: "bad", path: "/data/x" }], invalid(REJECTED))],
  },
  {
    title: "a JSON patch is a list",
    steps: [
      post("cm", three),
      jsonPatch(
        "cm/a",
        { a: 1 },
        fails(
          400,
          "BadRequest",
          "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
        ),
      ),
    ],
  },
];
