import { describe, expect, it } from "vitest";
import {
  type ClusterEvent,
  type Decision,
  decide,
  TOMBSTONE_SECONDS,
  tombstone,
} from "../../../lib/registry/decide.ts";
import type { Registration } from "../../../lib/registry/registration.ts";
import fc from "../../drawn.ts";
import { ARN, at, event, OTHER_ARN, registration, T0 } from "./build.ts";

const NOW = T0 + 3_600_000;
const run = (
  existing: Registration | undefined,
  given: ClusterEvent,
  identity: string | undefined = `${ARN}@1`,
  nowMs = NOW,
): Decision =>
  decide({
    existing,
    event: given,
    nowMs,
    defaultNamespaces: [],
    ...(identity === undefined ? {} : { resolved: { identity } }),
  });
const unresolved = (existing: Registration | undefined, given: ClusterEvent): Decision =>
  decide({ existing, event: given, nowMs: NOW, defaultNamespaces: [] });
const gone = tombstone(registration({ at: at(100), eventId: "e-100" }), T0 + 100_000);
const leaving = registration({ state: "Deregistering", at: at(100), eventId: "e-100" });

describe("what an event does to a cluster's row", () => {
  const cases: [sentence: string, decision: Decision, expected: Record<string, unknown>][] = [
    [
      "a new cluster is asked who it is first",
      unresolved(undefined, event("Cluster Registered", 1)),
      { type: "resolve", access: { type: "eks", arn: ARN } },
    ],
    [
      "a new cluster is written",
      run(undefined, event("Cluster Registered", 1)),
      { type: "write", change: "registered", registration: { state: "Active", at: at(1) } },
    ],
    [
      "the same event again repeats only what follows",
      run(registration(), event("Cluster Registered", 0, "e-0")),
      { type: "repeat" },
    ],
    [
      "an older event is ignored without asking anybody",
      unresolved(registration({ at: at(5) }), event("Cluster Updated", 4)),
      { type: "ignore", reason: "Stale" },
    ],
    [
      "at the same instant the greater id wins",
      run(registration({ eventId: "b" }), event("Cluster Updated", 0, "a")),
      { type: "ignore", reason: "Stale" },
    ],
    [
      "a later event replaces the whole row",
      run(registration({ labels: { a: "b" } }), event("Cluster Updated", 9)),
      { type: "write", change: "updated", registration: { labels: {}, registeredAt: at(0) } },
    ],
    [
      "the version that the cluster serves stays known",
      run(registration({ version: "v1.35.4" }), event("Cluster Updated", 9)),
      { type: "write", registration: { version: "v1.35.4" } },
    ],
    [
      "a cluster deleted and created again starts clean",
      run(registration({ version: "1.30" }), event("Cluster Registered", 9), `${ARN}@2`),
      {
        type: "write",
        change: "recreated",
        registration: { identity: `${ARN}@2`, registeredAt: new Date(NOW).toISOString() },
      },
    ],
    [
      "another ARN under a taken name is refused before anybody is asked",
      unresolved(registration(), event("Cluster Registered", 9, "e-9", { arn: OTHER_ARN })),
      {
        type: "reject",
        problems: [expect.stringContaining(`prod is taken by ${ARN} (Active), and this event names ${OTHER_ARN}`)],
      },
    ],
    [
      "a kubeconfig under the name of an EKS cluster is refused",
      unresolved(registration(), event("Cluster Registered", 9, "e-9", { arn: undefined, kubeconfigSecret: "s" })),
      { type: "reject", problems: [expect.stringContaining("kubeconfig secret s")] },
    ],
    [
      "another kubeconfig secret with the same CA is the same cluster",
      run(
        registration({ access: { type: "kubeconfig", secret: "a" }, identity: "ca:1" }),
        event("Cluster Updated", 9, "e", { arn: undefined, kubeconfigSecret: "b" }),
        "ca:1",
      ),
      { type: "write", change: "updated", registration: { access: { secret: "b" } } },
    ],
    [
      "another kubeconfig secret with another CA is another cluster",
      run(
        registration({ access: { type: "kubeconfig", secret: "a" }, identity: "ca:1" }),
        event("Cluster Updated", 9, "e", { arn: undefined, kubeconfigSecret: "b" }),
        "ca:2",
      ),
      { type: "reject", problems: [expect.stringContaining("is taken by kubeconfig secret a")] },
    ],
    [
      "an update of an unknown cluster is refused",
      run(undefined, event("Cluster Updated", 1)),
      { type: "reject", problems: [expect.stringContaining("cluster prod is not registered")] },
    ],
    [
      "a deregistration of an unknown cluster is refused",
      run(undefined, event("Cluster Deregistered", 1)),
      { type: "reject", problems: [expect.stringContaining("cluster prod is not registered")] },
    ],
    [
      "a deregistration starts with the state",
      run(registration(), event("Cluster Deregistered", 9)),
      { type: "deregister", force: false, registration: { state: "Deregistering", at: at(9) } },
    ],
    [
      "an older deregistration is ignored",
      run(registration({ at: at(10) }), event("Cluster Deregistered", 9)),
      { type: "ignore", reason: "Stale" },
    ],
    [
      "a deregistration that was interrupted goes on",
      run(leaving, event("Cluster Deregistered", 100)),
      { type: "deregister", registration: leaving },
    ],
    [
      "force may follow later",
      run(leaving, event("Cluster Deregistered", 101, "f", { force: true })),
      { type: "deregister", force: true, registration: { at: at(101) } },
    ],
    [
      "a late registration finds the tombstone",
      run(gone, event("Cluster Registered", 99)),
      { type: "ignore", reason: "Stale" },
    ],
    [
      "a deregistration is done once",
      run(gone, event("Cluster Deregistered", 100)),
      { type: "ignore", reason: "Done" },
    ],
    [
      "a later deregistration moves the tombstone",
      run(gone, event("Cluster Deregistered", 200)),
      { type: "advance", registration: { state: "Deregistered", at: at(200) } },
    ],
    [
      "a registration after the tombstone starts clean",
      run(gone, event("Cluster Registered", 200)),
      { type: "write", change: "registered", registration: { state: "Active" } },
    ],
    [
      "after a tombstone the name is free for another ARN",
      run(gone, event("Cluster Registered", 200, "e", { arn: OTHER_ARN }), "x"),
      { type: "write", change: "registered" },
    ],
    [
      "a registration wins over an older deregistration under way",
      run(leaving, event("Cluster Registered", 200)),
      { type: "write", change: "updated" },
    ],
    [
      "a leaving cluster still holds its name",
      run(leaving, event("Cluster Registered", 200, "e", { arn: OTHER_ARN })),
      { type: "reject" },
    ],
    [
      "an expired tombstone is none",
      run(gone, event("Cluster Updated", 99), undefined, T0 + (100 + TOMBSTONE_SECONDS) * 1000),
      { type: "reject", problems: [expect.stringContaining("not registered")] },
    ],
    [
      "an event from the future is refused",
      run(undefined, event("Cluster Registered", 3600 + 600)),
      { type: "reject", problems: [expect.stringContaining("lies in the future")] },
    ],
  ];
  it.each(cases)("%s", (_sentence, decision, expected) => {
    expect(decision).toMatchObject(expected);
  });

  it("knows no version of a cluster created again", () => {
    const decision = run(registration({ version: "v1.30.1" }), event("Cluster Registered", 9), `${ARN}@2`);
    expect(decision).toMatchObject({ change: "recreated" });
    expect(decision).not.toHaveProperty("registration.version");
  });

  it("fills in the deployment's namespaces, and the defaults", () => {
    const decision = decide({
      existing: undefined,
      event: event("Cluster Registered", 1),
      resolved: { identity: "i" },
      nowMs: NOW,
      defaultNamespaces: ["loki", "mimir"],
    });
    expect(decision).toMatchObject({
      registration: {
        namespaces: ["loki", "mimir"],
        capabilities: ["observe", "rollouts"],
        monitorIntervalSeconds: 30,
        installCustomResources: true,
      },
    });
  });
  it("has a tombstone that lasts fourteen days", () => {
    expect(gone.expiresAt).toBe((T0 + 100_000) / 1000 + 14 * 24 * 3600);
  });
});

describe("any order and any number of deliveries", () => {
  /** Applies one event as the handler does; a rejected event stays in the dead-letter queue and is sent again at the end. */
  function apply(
    row: Registration | undefined,
    given: ClusterEvent,
    nowMs: number,
  ): { row: Registration | undefined; rejected: boolean } {
    const decision = run(row, given, `${ARN}@1`, nowMs);
    if (decision.type === "reject") return { row, rejected: true };
    if (decision.type === "deregister") return { row: tombstone(decision.registration, nowMs), rejected: false };
    return {
      row: decision.type === "write" || decision.type === "advance" ? decision.registration : row,
      rejected: false,
    };
  }
  function settle(events: readonly ClusterEvent[]): Record<string, unknown> {
    let row: Registration | undefined;
    let nowMs = NOW;
    let waiting = [...events];
    // Redrive until a round changes nothing.
    for (let round = 0; round < 3; round += 1) {
      const rejected: ClusterEvent[] = [];
      for (const given of waiting) {
        const next = apply(row, given, (nowMs += 1000));
        row = next.row;
        if (next.rejected) rejected.push(given);
      }
      waiting = rejected;
    }
    // When the hub itself first wrote or dropped the row is not the events' to say, nor what a tombstone once was.
    if (row?.state === "Deregistered") return { name: row.name, state: row.state, at: row.at, eventId: row.eventId };
    return { ...row, registeredAt: undefined };
  }
  const anyEvent = fc
    .record({
      type: fc.constantFrom("Cluster Registered" as const, "Cluster Updated" as const, "Cluster Deregistered" as const),
      seconds: fc.integer({ min: 1, max: 20 }),
      id: fc.uuid(),
      team: fc.constantFrom("a", "b", "c"),
    })
    .map(({ type, seconds, id, team }) =>
      event(type, seconds, id, type === "Cluster Deregistered" ? {} : { labels: { team } }),
    );

  it("end in the same registration", () => {
    const deliveries = fc
      .uniqueArray(anyEvent, { minLength: 1, maxLength: 8, selector: (given) => given.id })
      .chain((events) => {
        const all = [event("Cluster Registered", 0, "first"), ...events];
        return fc.record({
          inOrder: fc.constant(all),
          shuffled: fc
            .array(fc.constantFrom(...all), { maxLength: 8 })
            .chain((again) => fc.shuffledSubarray([...all, ...again], { minLength: all.length + again.length })),
        });
      });
    fc.assert(
      fc.property(deliveries, ({ inOrder, shuffled }) => {
        expect(settle(shuffled)).toEqual(settle(inOrder));
      }),
      { numRuns: 500 },
    );
  });
});
