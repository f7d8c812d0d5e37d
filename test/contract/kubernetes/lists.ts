import { expect } from "vitest";
import { many, mine, selected, selectorFails } from "./list-steps.ts";
import { named, pod, waitingPod } from "./objects.ts";
import { eventually, fails, get, invalid, ok, post, type Row } from "./step.ts";

/** Lists: order, selectors, pages, versions. */
export const LISTS: Row[] = [
  {
    title: "a list is sorted by name and has a version",
    steps: [
      ...many("b", "a", "c"),
      get(`cm?${mine}`, {
        status: 200,
        names: ["a", "b", "c"],
        body: {
          kind: "ConfigMapList",
          apiVersion: "v1",
          metadata: { resourceVersion: expect.stringMatching(/^\d+$/) },
        },
      }),
    ],
  },
  {
    title: "listed objects of built-in kinds do not repeat their kind",
    steps: [...many("a"), get(`cm?${mine}`, { status: 200, absent: ["items.0.kind", "items.0.apiVersion"] })],
  },
  {
    title: "a namespace that is not there has no objects",
    steps: [get("/api/v1/namespaces/absent/pods", { status: 200, names: [] })],
  },
  {
    title: "labels select: equal, unequal, in, notin, there, not there",
    steps: [
      ...many("a", "b"),
      post("cm", named("c")),
      selected("which=a", "a"),
      selected("which==a,of=many", "a"),
      selected("of=many,which!=a", "b"),
      selected("which in (a,b)", "a", "b"),
      selected("of,which notin (a)", "b"),
      selected("of", "a", "b"),
      selected("!of", "c", "kube-root-ca.crt"),
    ],
  },
  {
    title: "a label selector that cannot be read is refused",
    steps: [
      selectorFails("a in (", "unable to parse requirement: found '', expected: ',', ')' or identifier"),
      selectorFails("a=b=c", "found '=', expected: ',' or 'end of string'"),
      selectorFails("a=b c", ""),
      selectorFails("_a=b", ""),
    ],
  },
  {
    title: "fields select names",
    steps: [
      ...many("a", "b"),
      get("cm?fieldSelector=metadata.name=b", { status: 200, names: ["b"] }),
      get(`cm?fieldSelector=metadata.name!=b,metadata.name!=kube-root-ca.crt`, { status: 200, names: ["a"] }),
    ],
  },
  {
    title: "fields of pods select phase and node",
    steps: [
      post("pods", waitingPod("a")),
      post("pods", pod("b")),
      ...eventually(get("pods?fieldSelector=status.phase=Running", { status: 200, names: ["b"] })),
      get("pods?fieldSelector=spec.nodeName=", { status: 200, names: ["a"] }),
    ],
  },
  {
    title: "unknown fields are refused",
    steps: [
      get(
        "cm?fieldSelector=data.x=1",
        fails(400, "BadRequest", '"data.x" is not a known field selector: only "metadata.name", "metadata.namespace"'),
      ),
      get("pods?fieldSelector=spec.foo=1", fails(400, "BadRequest", "field label not supported: spec.foo")),
    ],
  },
  {
    title: "pages hold one snapshot",
    steps: [
      ...many("a", "b", "c"),
      get(
        "cm?limit=2",
        { status: 200, names: ["a", "b"], body: { metadata: { remainingItemCount: 2, continue: expect.any(String) } } },
        { keep: "page" },
      ),
      ...many("d"),
      get("cm?limit=2&continue={page.metadata.continue}", {
        status: 200,
        names: ["c", "kube-root-ca.crt"],
        body: { metadata: { resourceVersion: "{page.metadata.resourceVersion}" } },
        absent: ["metadata.continue", "metadata.remainingItemCount"],
      }),
    ],
  },
  {
    title: "with a selector nobody counts what remains",
    steps: [
      ...many("a", "b", "c"),
      get(
        "cm?limit=1&labelSelector=of=many",
        { status: 200, names: ["a"], absent: ["metadata.remainingItemCount"] },
        { keep: "page" },
      ),
      get("cm?limit=5&labelSelector=of=many&continue={page.metadata.continue}", { status: 200, names: ["b", "c"] }),
    ],
  },
  {
    title: "a page as long as the list is the last",
    steps: [
      ...many("a"),
      get("cm?limit=2", { status: 200, names: ["a", "kube-root-ca.crt"], absent: ["metadata.continue"] }),
    ],
  },
  {
    title: "a broken continue is refused",
    steps: [get("cm?limit=1&continue=abc", fails(400, "BadRequest", "invalid continue token"))],
  },
  {
    title: "a limit is a number",
    steps: [get("cm?limit=abc", fails(400, "BadRequest", 'strconv.ParseInt: parsing "abc": invalid syntax'))],
  },
  {
    title: "a list may be of exactly one version",
    steps: [
      ...many("a"),
      get("cm", ok(), { keep: "then" }),
      ...many("b"),
      get("cm?resourceVersion={then.metadata.resourceVersion}&resourceVersionMatch=Exact", {
        status: 200,
        names: ["a", "kube-root-ca.crt"],
        body: { metadata: { resourceVersion: "{then.metadata.resourceVersion}" } },
      }),
      get("cm?resourceVersion={then.metadata.resourceVersion}&resourceVersionMatch=NotOlderThan", {
        status: 200,
        names: ["a", "b", "kube-root-ca.crt"],
      }),
    ],
  },
  {
    title: "a version of the future is awaited in vain",
    steps: [
      get("cm?resourceVersion=99999999", {
        status: 504,
        reason: "Timeout",
        message: "Timeout: Too large resource version: 99999999, current: ",
        body: { details: { causes: [{ reason: "ResourceVersionTooLarge" }] } },
      }),
    ],
  },
  {
    title: "a version is a number",
    steps: [
      get("cm?resourceVersion=abc", fails(400, "BadRequest", 'strconv.ParseUint: parsing "abc": invalid syntax')),
    ],
  },
  {
    title: "a match needs a version",
    steps: [
      get(
        "cm?resourceVersionMatch=Exact",
        invalid(
          'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
        ),
      ),
    ],
  },
];
