import { describe, expect, test } from "vitest";
import type { KubernetesClient } from "../../../lib/kubernetes/client.ts";
import { ConnectionError } from "../../../lib/kubernetes/errors.ts";
import type { Executed, Result } from "../../../lib/rollouts/attempt.ts";
import { askDelayed, cancelDelayed, judgeDelay } from "../../../lib/rollouts/delayed-calls.ts";
import { settleDelays } from "../../../lib/rollouts/delayed-settle.ts";
import type { AskDelayedAction, CancelDelayedAction, ScaleAction } from "../../../lib/rollouts/replica-actions.ts";
import { at, NOW } from "./group.ts";
import { HOUR, MINUTE, waiting } from "./replica-row.ts";

type Answer = { status: number; body: string } | Error;
const endpoint = { port: 8080, path: "ingester/prepare-delayed-downscale?token=secret" };
const pods = ["ingester-a-3", "ingester-a-2"];
const told = {
  object: "mimir/ingester-a",
  reason: "MirrorsReplicas",
  statefulSet: "ingester-a",
  at: NOW,
  pods,
  endpoint,
};
const ASK: AskDelayedAction = { kind: "PrepareDelayedDownscale", ...told, absent: [] };
const CANCEL: CancelDelayedAction = { kind: "CancelDelayedDownscale", ...told };
const SCALE = { ...told, kind: "ScaleStatefulSet", delay: { seconds: HOUR, endpoint, pods } } as unknown as ScaleAction;

const since = (ago: number): Answer => ({
  status: 200,
  body: JSON.stringify({ timestamp: Date.parse(at(-ago)) / 1000 }),
});
const refused: Answer = {
  status: 403,
  body: JSON.stringify({ kind: "Status", reason: "Forbidden", message: "no", details: { kind: "pods" } }),
};

/** A client over which the pods answer this, in ordinal order. */
function pretend(second: Answer, third: Answer): { client: KubernetesClient; asked: string[] } {
  const asked: string[] = [];
  const raw = async (method: string, path: string) => {
    asked.push(`${method} ${path}`);
    const answer = path.includes("ingester-a-3") ? third : second;
    if (answer instanceof Error) throw answer;
    return { ...answer, headers: {} };
  };
  return { client: { raw } as unknown as KubernetesClient, asked };
}

const options = { namespace: "mimir", mayWrite: () => true };
const NOT_ANSWERED = /^pod ingester-a-3 did not answer with \{"timestamp": <Unix time in seconds>\}$/;
const silent = new ConnectionError("timeout", "https://a", "no answer within 5 s");

/** What is known of the pods after this; before, the last one was asked a minute ago. */
function after(action: Executed["action"], { result, message, ...more }: Result): unknown {
  const before = waiting({ 3: MINUTE }).delayed ?? {};
  const [record] = Object.values(before);
  const planned = { "ingester-a": { ...record, prepared: ["ingester-a-3", "ingester-a-2"] } as never };
  const { kind, object, reason } = action;
  const outcome = { kind, object, reason, result, ...(message === undefined ? {} : { message }) };
  return settleDelays(planned, before, [{ action, outcome, ...more }])["ingester-a"];
}

test("pods are asked at their own address, through the API server", async () => {
  const { client, asked } = pretend(since(0), since(0));
  await askDelayed(client, ASK, options);
  const path = "proxy/ingester/prepare-delayed-downscale?token=secret";
  expect(asked).toEqual(pods.map((pod) => `POST /api/v1/namespaces/mimir/pods/${pod}:8080/${path}`));
});

describe("of pods that are asked to prepare", () => {
  test.each<[string, [Answer, Answer], object]>([
    ["both answers are kept", [since(5), since(MINUTE)], { since: { 2: 5, 3: MINUTE } }],
    [
      "the answer of one is kept although the other fails, which is told without the query",
      [{ status: 500, body: "no ?token=secret here" }, since(MINUTE)],
      { since: { 3: MINUTE }, trouble: /^pod ingester-a-2 answered POST :8080\/[a-z/-]+ with 500: no \?… here$/ },
    ],
    [
      "one that is silent is told of",
      [silent, since(1)],
      { since: { 3: 1 }, trouble: /did not answer POST .*within 5 s$/ },
    ],
    ["no JSON is no answer", [since(1), { status: 200, body: "secret" }], { since: { 2: 1 }, trouble: NOT_ANSWERED }],
    ["null is no answer", [since(1), { status: 200, body: "null" }], { since: { 2: 1 }, trouble: NOT_ANSWERED }],
    [
      "a text is no time",
      [since(1), { status: 200, body: '{"timestamp":"1"}' }],
      { since: { 2: 1 }, trouble: NOT_ANSWERED },
    ],
    [
      "a negative number is no time",
      [since(1), { status: 200, body: '{"timestamp":-1}' }],
      { since: { 2: 1 }, trouble: NOT_ANSWERED },
    ],
    [
      "one that the API server kept from hearing it is not prepared",
      [refused, since(1)],
      { since: { 3: 1 }, prepared: [3], trouble: /Apply the role outrigger:prepare-downscale/ },
    ],
  ])("%s", async (_sentence, [second, third], wanted) => {
    const { client } = pretend(second, third);
    const {
      trouble,
      prepared = [3, 2],
      since: ago,
    } = wanted as {
      trouble?: RegExp;
      prepared?: number[];
      since: Record<string, number>;
    };
    const kept = after(ASK, await askDelayed(client, ASK, options));
    expect(kept).toMatchObject({
      askedAt: NOW,
      prepared: prepared.map((ordinal) => `ingester-a-${ordinal}`),
    });
    expect((kept as { since: object }).since).toEqual(
      Object.fromEntries(
        Object.entries(ago).map(([n, seconds]) => [`ingester-a-${n}`, Date.parse(at(-seconds)) / 1000]),
      ),
    );
    const said = (kept as { trouble?: string }).trouble;
    if (trouble === undefined) expect(said).toBeUndefined();
    else expect(said).toMatch(trouble);
  });

  test("those that do not run are named", async () => {
    const { client } = pretend(since(1), since(1));
    const action = { ...ASK, pods: ["ingester-a-2"], absent: ["ingester-a-3"] };
    const result = await askDelayed(client, action, options);
    expect(result).toMatchObject({
      result: "refused",
      message: "pod ingester-a-3 does not run and so cannot be prepared",
    });
  });

  test("those there was no time for are not held against anybody", async () => {
    const { client, asked } = pretend(since(1), since(1));
    const result = await askDelayed(client, ASK, { ...options, mayWrite: () => asked.length < 1 });
    expect(after(ASK, result)).not.toHaveProperty("trouble");
    expect(result.asked?.since).toHaveProperty("ingester-a-3");
    expect(result.asked?.since).not.toHaveProperty("ingester-a-2");
  });
});

describe("pods that are about to be scaled away", () => {
  test.each<[string, [Answer, Answer], () => boolean, Result["result"] | undefined]>([
    ["go when all have waited for the whole delay", [since(HOUR), since(HOUR)], () => true, undefined],
    ["stay when one lacks a second", [since(HOUR), since(HOUR - 1)], () => true, "preconditionFailed"],
    ["stay when one answers with a time to come", [since(-HOUR), since(HOUR)], () => true, "preconditionFailed"],
    ["stay when one fails", [since(HOUR), { status: 500, body: "" }], () => true, "refused"],
    ["stay when the lease has too little time left", [since(HOUR), since(HOUR)], () => false, "skipped"],
  ])("%s", async (_sentence, [second, third], mayWrite, result) => {
    const { client } = pretend(second, third);
    const refusal = await judgeDelay(client, SCALE, { ...options, mayWrite });
    expect(refusal?.result).toBe(result);
    if (refusal !== undefined) expect(after(SCALE, refusal)).toMatchObject({ askedAt: NOW });
  });
});

describe("pods that are told that they stay", () => {
  test("and have heard it are forgotten, also when another one has not, of which a try is counted", async () => {
    const { client } = pretend({ status: 204, body: "" }, { status: 409, body: "locked" });
    expect(after(CANCEL, await cancelDelayed(client, CANCEL, options))).toMatchObject({
      prepared: ["ingester-a-3"],
      undone: 1,
      undoneAt: NOW,
      undoTrouble: expect.stringContaining("with 409: locked"),
    });
  });

  test("and have all heard it are forgotten with all tries before", async () => {
    const { client } = pretend({ status: 204, body: "" }, { status: 204, body: "" });
    const kept = after(CANCEL, await cancelDelayed(client, CANCEL, options));
    expect(kept).toMatchObject({ prepared: [], since: {} });
    expect(kept).not.toHaveProperty("undone");
  });
});
