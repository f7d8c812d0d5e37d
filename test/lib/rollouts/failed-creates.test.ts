import { describe, expect, test } from "vitest";
import { ApiError, ConnectionError } from "../../../lib/kubernetes/errors.ts";
import type { KubernetesEvent, Pod, StatefulSet } from "../../../lib/kubernetes/objects.ts";
import { observeFailedCreates } from "../../../lib/rollouts/failed-creates.ts";
import { ModelClient } from "../../simulation/client.ts";
import { VirtualClock } from "../../simulation/clock.ts";
import { ClusterModel, NAMESPACE } from "../../simulation/model.ts";
import { plan } from "./plan-row.ts";

const QUOTA = 'pods "a-0" is forbidden: exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=1';

/** A StatefulSet `a` of two pods, of which `missing` are gone, and what was recorded about it. */
async function ask(missing: readonly string[], events: (uid: string) => Partial<KubernetesEvent>[], refuse?: Error) {
  const clock = new VirtualClock();
  const model = new ClusterModel({ clock });
  model.addStatefulSet("a", 2, {});
  await clock.run(() => false, 5_000);
  const [statefulSet] = model.all<StatefulSet>("statefulsets");
  if (statefulSet === undefined) return expect.unreachable();
  for (const [index, event] of events(statefulSet.metadata.uid ?? "").entries()) {
    const involvedObject = { kind: "StatefulSet", name: "a", uid: statefulSet.metadata.uid ?? "" };
    const metadata = { name: `a.${index}`, namespace: NAMESPACE };
    model.put<KubernetesEvent>("events", { metadata, involvedObject, reason: "FailedCreate", ...event });
  }
  const client = new ModelClient(model, { fail: () => refuse });
  const pods = model.all<Pod>("pods").filter(({ metadata }) => !missing.includes(metadata.name));
  const asked = observeFailedCreates(client, NAMESPACE, { statefulSets: [statefulSet], pods });
  let answer: Awaited<typeof asked>;
  void asked.then((found) => (answer = found));
  await clock.run(() => answer !== undefined, 5_000);
  return { answer: answer, requests: client.requests };
}

const failed = (pod: string, words: string, lastTimestamp = "2026-01-01T00:00:00Z") => ({
  message: `Create Pod ${pod} in StatefulSet a failed error: ${words}`,
  lastTimestamp,
});

describe("why a pod is not created", () => {
  test("is told in the API server's words, the newest", async () => {
    const events = () => [failed("a-0", QUOTA, "2026-01-01T00:05:00Z"), failed("a-0", "denied by a webhook")];
    expect(await ask(["a-0"], events)).toEqual({ answer: { causes: { a: QUOTA } }, requests: 1 });
  });

  test("is not asked while no pod is missing", async () => {
    expect(await ask([], () => [failed("a-0", QUOTA)])).toEqual({ answer: undefined, requests: 0 });
  });

  const others: Record<string, (uid: string) => Partial<KubernetesEvent>[]> = {
    "of another pod": () => [failed("a-1", QUOTA)],
    "of a StatefulSet of this name that is gone": () => [
      { ...failed("a-0", QUOTA), involvedObject: { kind: "StatefulSet", name: "a", uid: "before" } },
    ],
    "of a pod whose name begins alike": () => [failed("a-01", QUOTA)],
  };
  test.each(Object.entries(others))("is not told by an event %s", async (_what, events) => {
    expect((await ask(["a-0"], events)).answer).toEqual({ causes: {} });
  });

  test("is noted as not known where we may not look, and nothing is stopped by that", async () => {
    const message = 'events is forbidden: User "hub" cannot list resource "events"';
    const refuse = new ApiError({ status: 403, reason: "Forbidden", message, request: "GET /events" });
    const { answer } = await ask(["a-0"], () => [failed("a-0", QUOTA)], refuse);
    expect(answer).toMatchObject({ causes: {}, refused: { reason: "Forbidden" } });
    const { notes, phase } = plan({ pods: { a: "oo" }, observation: { failedCreates: answer }, phase: "Progressing" });
    expect(phase).toBe("Progressing");
    expect(notes).toMatchObject([
      {
        type: "FailedCreatesKnown",
        message: expect.stringMatching(/list resource "events".*Apply the ClusterRole of the capability rollouts/),
      },
    ]);
  });

  const gone = { status: 410, reason: "Expired", message: "too old", request: "GET /events" };
  const silences: Record<string, [Error, string]> = {
    "does not answer in time": [new ConnectionError("timeout", "https://a", "no answer within 10 s"), "Unreachable"],
    "says that the list has expired": [new ApiError(gone), "ApiServerError"],
    "fails itself": [new ApiError({ ...gone, status: 503, reason: "" }), "ApiServerError"],
  };
  test.each(Object.entries(silences))(
    "is noted as not known where the API server %s",
    async (_what, [error, reason]) => {
      const { answer } = await ask(["a-0"], () => [failed("a-0", QUOTA)], error);
      expect(answer).toMatchObject({ causes: {}, refused: { reason } });
      expect(answer?.refused?.message).toMatch(/^Why pods are not created is not known: .*The rollout goes on/);
    },
  );

  test("is among the reasons for which a zone is not Ready", () => {
    const observation = { failedCreates: { causes: { "ingester-a": QUOTA } } };
    expect(plan({ pods: { a: ".o", b: "oo" }, observation, phase: "Progressing" }).message).toContain(QUOTA);
    expect(plan({ pods: { a: "oo", b: "oo" }, observation, phase: "Progressing" }).message).not.toContain(QUOTA);
  });
});
