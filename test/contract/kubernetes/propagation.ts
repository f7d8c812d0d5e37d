import { expect } from "vitest";
import { gone, owned, parent, RUNNING } from "./delete-steps.ts";
import { labelled, named, pod, waitingPod } from "./objects.ts";
import { created, del, eventually, fails, get, invalid, merge, ok, post, type Row } from "./step.ts";

/** Finalizers, propagation, collections, namespaces. */
export const PROPAGATION: Row[] = [
  {
    title: "a finalizer holds an object until it is taken off",
    steps: [
      post("cm", { metadata: { name: "a", finalizers: ["a.example.com/x"] } }, undefined, { keep: "a" }),
      del(
        "cm/a",
        ok({
          kind: "ConfigMap",
          metadata: {
            deletionTimestamp: expect.any(String),
            deletionGracePeriodSeconds: 0,
            finalizers: ["a.example.com/x"],
          },
        }),
      ),
      get("cm/a", ok({ metadata: { uid: "{a.metadata.uid}" } })),
      post("cm", named("a"), fails(409, "AlreadyExists", 'object is being deleted: configmaps "a" already exists')),
      merge("cm/a", { metadata: { finalizers: null } }),
      get("cm/a", { status: 404 }),
    ],
  },
  {
    title: "no finalizer is added to what is being deleted",
    steps: [
      post("cm", { metadata: { name: "a", finalizers: ["a.example.com/x"] } }),
      del("cm/a"),
      merge(
        "cm/a",
        { metadata: { finalizers: ["a.example.com/x", "b.example.com/y"] } },
        invalid(
          'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"b.example.com/y"}',
        ),
      ),
    ],
  },
  {
    title: "a pod with a finalizer stays without grace",
    steps: [
      post("pods", waitingPod("a", { finalizers: ["a.example.com/x"] })),
      del("pods/a", ok({ metadata: { deletionGracePeriodSeconds: 0, finalizers: ["a.example.com/x"] } })),
      get("pods/a"),
    ],
  },
  {
    title: "a policy is one of three",
    steps: [
      parent("a"),
      del(
        "cm/a",
        invalid(
          'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "Nope": supported values: "Foreground", "Background", "Orphan", "nil"',
        ),
        { propagationPolicy: "Nope" },
      ),
    ],
  },
  {
    title: "a policy is named once",
    steps: [
      parent("a"),
      del(
        "cm/a",
        invalid(
          'propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
        ),
        { orphanDependents: true, propagationPolicy: "Orphan" },
      ),
    ],
  },
  {
    title: "what an object owned goes with it",
    steps: [
      parent("a"),
      post("cm", owned("b", "a")),
      del("cm/a", ok(), { propagationPolicy: "Background" }),
      ...gone("cm/b"),
    ],
  },
  {
    title: "what has another owner left stays",
    steps: [
      parent("a"),
      parent("c"),
      post("cm", {
        metadata: {
          name: "b",
          ownerReferences: [
            { apiVersion: "v1", kind: "ConfigMap", name: "a", uid: "{a.metadata.uid}" },
            { apiVersion: "v1", kind: "ConfigMap", name: "c", uid: "{c.metadata.uid}" },
          ],
        },
      }),
      del("cm/a"),
      ...eventually(get("cm/b", ok({ metadata: { ownerReferences: [{ name: "c" }] } }))),
    ],
  },
  {
    title: "what is owned by nothing that exists is deleted",
    steps: [
      post("cm", {
        metadata: {
          name: "b",
          ownerReferences: [
            { apiVersion: "v1", kind: "ConfigMap", name: "a", uid: "00000000-0000-4000-8000-000000000000" },
          ],
        },
      }),
      ...gone("cm/b"),
    ],
  },
  {
    title: "orphans are let go",
    steps: [
      parent("a"),
      post("cm", owned("b", "a")),
      del("cm/a", ok({ metadata: { finalizers: ["orphan"] } }), { propagationPolicy: "Orphan" }),
      ...gone("cm/a"),
      get("cm/b", { status: 200, absent: ["metadata.ownerReferences"] }),
    ],
  },
  {
    title: "in the foreground the owner goes last",
    steps: [
      parent("a"),
      post("cm", {
        metadata: {
          name: "b",
          finalizers: ["a.example.com/x"],
          ownerReferences: [
            { apiVersion: "v1", kind: "ConfigMap", name: "a", uid: "{a.metadata.uid}", blockOwnerDeletion: true },
          ],
        },
      }),
      del("cm/a", ok({ metadata: { finalizers: ["foregroundDeletion"] } }), { propagationPolicy: "Foreground" }),
      ...eventually(get("cm/b", ok({ metadata: { deletionTimestamp: expect.any(String) } }))),
      get("cm/a"),
      merge("cm/b", { metadata: { finalizers: null } }),
      ...gone("cm/a"),
    ],
  },
  {
    title: "a collection goes by its labels",
    steps: [
      post("cm", labelled("a", { go: "1" })),
      post("cm", labelled("b", { go: "0" })),
      del("cm?labelSelector=go=1", { status: 200, body: { kind: "ConfigMapList" }, names: ["a"] }),
      get("cm?labelSelector=go", { status: 200, names: ["b"] }),
    ],
  },
  {
    title: "a collection goes by its fields",
    steps: [
      post("cm", named("a")),
      post("cm", named("b")),
      del("cm?fieldSelector=metadata.name=a", { status: 200, names: ["a"] }),
      get("cm/b"),
    ],
  },
  {
    title: "a dry run deletes nothing",
    steps: [parent("a"), del("cm/a?dryRun=All", ok({ status: "Success" })), get("cm/a")],
  },
  {
    title: "a namespace takes everything with it",
    steps: [
      post("ns", named("{ns}-x")),
      post("/api/v1/namespaces/{ns}-x/configmaps", { metadata: { name: "a", finalizers: ["a.example.com/x"] } }),
      del("ns/{ns}-x", ok({ kind: "Namespace", status: { phase: "Terminating" } })),
      post(
        "/api/v1/namespaces/{ns}-x/configmaps",
        named("b"),
        fails(
          403,
          "Forbidden",
          'configmaps "b" is forbidden: unable to create new content in namespace {ns}-x because it is being terminated',
        ),
      ),
      ...eventually(
        get("/api/v1/namespaces/{ns}-x/configmaps/a", ok({ metadata: { deletionTimestamp: expect.any(String) } })),
      ),
      merge("/api/v1/namespaces/{ns}-x/configmaps/a", { metadata: { finalizers: null } }),
      ...gone("ns/{ns}-x"),
    ],
  },
  {
    title: "the default namespace stays",
    steps: [
      del(
        "ns/default",
        fails(403, "Forbidden", 'namespaces "default" is forbidden: this namespace may not be deleted'),
      ),
    ],
  },
  {
    title: "a claim that a pod uses is protected",
    steps: [
      post(
        "claims",
        named("a", { spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } } }),
        created({ metadata: { finalizers: ["kubernetes.io/pvc-protection"] } }),
      ),
      post("pods", pod("p", { volumes: [{ name: "v", persistentVolumeClaim: { claimName: "a" } }] })),
      ...eventually(get("pods/p", ok(RUNNING))),
      del("claims/a", ok({ kind: "PersistentVolumeClaim", metadata: { deletionTimestamp: expect.any(String) } })),
      get("claims/a"),
      del("pods/p"),
      ...gone("claims/a"),
    ],
  },
];
