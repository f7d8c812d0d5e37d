import { describe, expect, test } from "vitest";
import { NO_HUB_HOME } from "../../lib/rollouts/home.ts";
import { previewRollout } from "../../lib/rollouts/preview.ts";
import type { Preview } from "../../lib/work/reconciler.ts";
import { registrationOf } from "../fakes/registration.ts";
import { ModelClient } from "./client.ts";
import { Scenario } from "./scenario.ts";

async function lookAhead(scenario: Scenario, name = "ingesters", homes = NO_HUB_HOME): Promise<Preview | undefined> {
  const { clock } = scenario;
  const client = new ModelClient(scenario.model, {
    wrote: ({ verb, type }) => {
      throw new Error(`looking ahead wrote: ${verb} ${type.plural}`);
    },
  });
  const key = { cluster: "prod", home: "cluster" as const, kind: "MultiAZRollout", namespace: "mimir", name };
  const session = {
    key,
    registration: registrationOf("prod"),
    hubId: "hub",
    client,
    state: scenario.hub.state,
    orders: () => scenario.hub.orders,
    now: () => clock.now(),
    sleep: (ms: number) => clock.sleep(ms),
  };
  let result: { value: Preview | undefined } | undefined;
  void previewRollout(session, homes, {}).then((value) => {
    result = { value };
  });
  await clock.run(() => result !== undefined, 10_000);
  return result?.value;
}

const changed = async (spec: Record<string, unknown> = {}): Promise<Scenario> => {
  const scenario = new Scenario({ spec });
  scenario.changeTemplates("new");
  await scenario.clock.run(() => false, 5_000);
  return scenario;
};

describe("looking ahead", () => {
  test("tells what the next step would do, and changes nothing", async () => {
    const scenario = await changed();
    const preview = await lookAhead(scenario);
    expect(preview?.actions.at(-1)).toEqual({
      kind: "DeletePod",
      object: "mimir/ingester-zone-a-0",
      reason: "Outdated",
    });
    expect(preview?.zones[0]).toEqual({ name: "zone-a", outdated: 3, maxUnavailable: [1], places: [1], unready: [] });
    expect(await lookAhead(scenario)).toEqual(preview);
    expect(scenario.invariants.deletes).toBe(0);
  });

  const rows: Record<string, [Record<string, unknown>, string]> = {
    "a pause": [{ paused: true }, "Paused"],
    "a gate that is closed": [{ gates: [{ alarm: { name: "errors" } }] }, "GateNotAllowed"],
    "a spec that is refused": [{ zoneSoakSeconds: -1 }, "InvalidSpec"],
  };
  test.each(Object.entries(rows))("tells of %s", async (_what, [spec, reason]) => {
    const preview = await lookAhead(await changed(spec));
    expect(preview?.actions).toEqual([]);
    expect(preview?.conditions[0]?.reason).toBe(reason);
  });

  test("tells of a namesake in the other home", async () => {
    const preview = await lookAhead(await changed(), "ingesters", { ...NO_HUB_HOME, livesElsewhere: async () => true });
    expect(preview).toMatchObject({
      actions: [],
      phase: "Refused",
      conditions: [{ reason: "HomeConflict" }, {}, {}, {}],
    });
  });

  test("finds nothing where there is nothing", async () => {
    expect(await lookAhead(await changed(), "other")).toBeUndefined();
  });
});
