import { describe, expect, it } from "vitest";
import {
  type DiscoveryPlan,
  DiscoveryState,
  type FoundResource,
  type Listing,
  planDiscovery,
} from "../../../lib/registry/discover-plan.ts";
import type { Registration } from "../../../lib/registry/registration.ts";
import { registration } from "./build.ts";

const found = (namespace: string, name: string, uid = "u1", generation = 1): FoundResource => ({
  namespace,
  name,
  uid,
  generation,
});
const listed = (...resources: FoundResource[]): Listing => ({
  kind: "MultiAZRollout",
  complete: true,
  found: resources,
});
const held: Listing = { kind: "MultiAZRollout", complete: false, reason: "CustomResourceMissing", message: "" };

/** Runs passes one after the other, as the reconciler does: what is gone leaves the state. */
function passes(
  ...looks: (Listing | { listing: Listing; row: Partial<Registration> })[]
): { schedule: string[]; gone: string[] }[] {
  let state = DiscoveryState.parse({});
  return looks.map((look) => {
    const { listing, row } = "row" in look ? look : { listing: look, row: {} };
    const plan: DiscoveryPlan = planDiscovery({ registration: registration(row), listings: [listing], state });
    const names = (keys: DiscoveryPlan["gone"]) => keys.map(({ namespace, name }) => `${namespace}/${name}`);
    const gone = new Set(plan.gone.map(({ kind, namespace, name }) => `${kind}/${namespace}/${name}`));
    state = {
      ...plan.state,
      resources: Object.fromEntries(Object.entries(plan.state.resources).filter(([id]) => !gone.has(id))),
    };
    return { schedule: names(plan.schedule), gone: names(plan.gone) };
  });
}

const nothing = { schedule: [], gone: [] };
describe("what a look at a cluster means", () => {
  const cases: [sentence: string, looks: Parameters<typeof passes>, expected: ReturnType<typeof passes>][] = [
    [
      "a new resource is worked on at once, in name order",
      [listed(found("b", "x"), found("a", "y"))],
      [{ schedule: ["a/y", "b/x"], gone: [] }],
    ],
    [
      "an unchanged one is left to its own interval",
      [listed(found("a", "x")), listed(found("a", "x"))],
      [{ schedule: ["a/x"], gone: [] }, nothing],
    ],
    [
      "a changed generation is worked on at once",
      [listed(found("a", "x")), listed(found("a", "x", "u1", 2))],
      [
        { schedule: ["a/x"], gone: [] },
        { schedule: ["a/x"], gone: [] },
      ],
    ],
    [
      "one that was created again is worked on at once",
      [listed(found("a", "x")), listed(found("a", "x", "u2"))],
      [
        { schedule: ["a/x"], gone: [] },
        { schedule: ["a/x"], gone: [] },
      ],
    ],
    [
      "another registration event has all of them looked at, once",
      [
        listed(found("a", "x")),
        { listing: listed(found("a", "x")), row: { eventId: "later" } },
        { listing: listed(found("a", "x")), row: { eventId: "later" } },
      ],
      [{ schedule: ["a/x"], gone: [] }, { schedule: ["a/x"], gone: [] }, nothing],
    ],
    [
      "also when the first list after that event failed",
      [
        listed(found("a", "x")),
        { listing: held, row: { eventId: "later" } },
        { listing: listed(found("a", "x")), row: { eventId: "later" } },
      ],
      [{ schedule: ["a/x"], gone: [] }, nothing, { schedule: ["a/x"], gone: [] }],
    ],
    [
      "one absent list is no proof",
      [listed(found("a", "x")), listed(), listed(found("a", "x"))],
      [{ schedule: ["a/x"], gone: [] }, nothing, nothing],
    ],
    [
      "two absent lists are",
      [listed(found("a", "x")), listed(), listed()],
      [{ schedule: ["a/x"], gone: [] }, nothing, { schedule: [], gone: ["a/x"] }],
    ],
    [
      "absences must follow each other",
      [listed(found("a", "x")), listed(), listed(found("a", "x")), listed()],
      [{ schedule: ["a/x"], gone: [] }, nothing, nothing, nothing],
    ],
    [
      "a list that failed proves nothing",
      [listed(found("a", "x")), held, held, held],
      [{ schedule: ["a/x"], gone: [] }, nothing, nothing, nothing],
    ],
    [
      "nor does it undo a proof half made",
      [listed(found("a", "x")), listed(), held, listed()],
      [{ schedule: ["a/x"], gone: [] }, nothing, nothing, { schedule: [], gone: ["a/x"] }],
    ],
    [
      "a registration written in between starts the proof again",
      [
        listed(found("a", "x")),
        listed(),
        { listing: listed(), row: { eventId: "e-2" } },
        { listing: listed(), row: { eventId: "e-2" } },
      ],
      [{ schedule: ["a/x"], gone: [] }, nothing, nothing, { schedule: [], gone: ["a/x"] }],
    ],
    [
      "namespaces outside the registration are not looked at",
      [{ listing: listed(found("a", "x"), found("b", "y")), row: { namespaces: ["b"] } }],
      [{ schedule: ["b/y"], gone: [] }],
    ],
    [
      "a namespace taken from the registration is let go at once",
      [
        listed(found("a", "x"), found("b", "y")),
        { listing: listed(found("b", "y")), row: { namespaces: ["b"], eventId: "e-2" } },
      ],
      [
        { schedule: ["a/x", "b/y"], gone: [] },
        { schedule: ["b/y"], gone: ["a/x"] },
      ],
    ],
    [
      "so is what belonged to a capability that was taken",
      [listed(found("a", "x")), { listing: held, row: { capabilities: ["observe"], eventId: "e-2" } }],
      [
        { schedule: ["a/x"], gone: [] },
        { schedule: [], gone: ["a/x"] },
      ],
    ],
  ];
  it.each(cases)("%s", (_sentence, looks, expected) => {
    expect(passes(...looks)).toEqual(expected);
  });

  it("is the same for the same input, and asks for nothing twice", () => {
    const input = {
      registration: registration(),
      listings: [listed(found("a", "x"))],
      state: DiscoveryState.parse({}),
    };
    const first = planDiscovery(input);
    expect(planDiscovery(input)).toEqual(first);
    expect(planDiscovery({ ...input, state: first.state })).toMatchObject(nothing);
  });
});
