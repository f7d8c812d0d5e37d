import { expect, test } from "vitest";
import { type FailedTry, planRetry, type TryFailure } from "../../../lib/kubernetes/retry.ts";
import fc from "../../drawn.ts";

const answer = (status: number, more: { retryAfterSeconds?: number; reason?: string } = {}): TryFailure => ({
  type: "answer",
  status,
  retryAfterSeconds: more.retryAfterSeconds,
  causes: more.reason === undefined ? [] : [{ reason: more.reason }],
});
const connection = (
  failure: "dns" | "tcp" | "tls" | "timeout" | "reset" | "credentials",
  responseStarted = false,
): TryFailure => ({
  type: "connection",
  failure,
  responseStarted,
});
const failed = (failure: TryFailure, more: Partial<FailedTry> = {}): FailedTry => ({
  failure,
  repeatable: true,
  tries: 1,
  tokenRenewable: true,
  remainingMs: 10_000,
  jitter: 0,
  ...more,
});
const wait = (delayMs: number): object => ({ delayMs, renewToken: false });
const write = { repeatable: false };

const CASES: Record<string, [FailedTry, object | undefined]> = {
  "401: a renewed token at once": [failed(answer(401), write), { delayMs: 0, renewToken: true }],
  "401 after a renewal: never": [failed(answer(401), { tokenRenewable: false }), undefined],
  "403: never": [failed(answer(403)), undefined],
  "404: never": [failed(answer(404)), undefined],
  "409: never": [failed(answer(409)), undefined],
  "410: never": [failed(answer(410)), undefined],
  "422: never": [failed(answer(422)), undefined],
  "429 with Retry-After: as told": [failed(answer(429, { retryAfterSeconds: 2 })), wait(2_000)],
  "429 with Retry-After: as told, with jitter": [
    failed(answer(429, { retryAfterSeconds: 2 }), { jitter: 0.5 }),
    wait(2_125),
  ],
  "429 with Retry-After, a write: as told": [failed(answer(429, { retryAfterSeconds: 1 }), write), wait(1_000)],
  "429 with a long Retry-After: left to the caller": [
    failed(answer(429, { retryAfterSeconds: 11 }), { remainingMs: 60_000 }),
    undefined,
  ],
  "429 with Retry-After past the timeout: never": [
    failed(answer(429, { retryAfterSeconds: 2 }), { remainingMs: 1_999 }),
    undefined,
  ],
  "429 with Retry-After: 10 tries again": [failed(answer(429, { retryAfterSeconds: 1 }), { tries: 10 }), wait(1_000)],
  "429 with Retry-After: then no more": [failed(answer(429, { retryAfterSeconds: 1 }), { tries: 11 }), undefined],
  "429 with Retry-After 0: backs off like one without": [failed(answer(429, { retryAfterSeconds: 0 })), wait(100)],
  "429 with Retry-After 0: 5 tries again, then no more": [
    failed(answer(429, { retryAfterSeconds: 0 }), { tries: 6 }),
    undefined,
  ],
  "429 without Retry-After: half of 200 ms at least": [failed(answer(429), write), wait(100)],
  "429 without Retry-After: 200 ms at most": [failed(answer(429), { jitter: 0.999 }), wait(200)],
  "429 without Retry-After: doubled each time": [failed(answer(429), { tries: 4 }), wait(800)],
  "429 without Retry-After: 5 tries again, then no more": [failed(answer(429), { tries: 6 }), undefined],
  "429 from a disruption budget: the caller decides": [failed(answer(429, { reason: "DisruptionBudget" })), undefined],
  "500 on a read: backs off": [failed(answer(500)), wait(100)],
  "500 on a write (how schema errors of apply look): never": [failed(answer(500), write), undefined],
  "502 on a read: backs off": [failed(answer(502), { tries: 2 }), wait(200)],
  "503 on a read: backs off": [failed(answer(503)), wait(100)],
  "503 on a read: three tries in all": [failed(answer(503), { tries: 3 }), undefined],
  "503 on a write: never": [failed(answer(503), write), undefined],
  "504 on a read: backs off": [failed(answer(504)), wait(100)],
  "501: never": [failed(answer(501)), undefined],
  "reset before any byte, read: once more at once": [failed(connection("reset")), wait(0)],
  "reset before any byte, second time: never": [failed(connection("reset"), { tries: 2 }), undefined],
  "reset before any byte, write: never": [failed(connection("reset"), write), undefined],
  "reset within the answer: never": [failed(connection("reset", true)), undefined],
  "timeout: never": [failed(connection("timeout")), undefined],
  "dns: never": [failed(connection("dns")), undefined],
  "tcp: never": [failed(connection("tcp")), undefined],
  "tls: never": [failed(connection("tls")), undefined],
  "credentials: never": [failed(connection("credentials")), undefined],
  "no time left: never": [failed(answer(503), { remainingMs: 0 }), undefined],
};

test.each(Object.entries(CASES))("%s", (_name, [given, decision]) => {
  expect(planRetry(given)).toEqual(decision);
});

test("whatever happens, nothing waits past the timeout, and a write is repeated only after 401 or 429", () => {
  const failures = fc.oneof(
    fc.record({
      type: fc.constant("answer" as const),
      status: fc.integer({ min: 300, max: 599 }),
      retryAfterSeconds: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
      causes: fc.constant([]),
    }),
    fc.record({
      type: fc.constant("connection" as const),
      failure: fc.constantFrom("dns" as const, "tcp" as const, "tls" as const, "timeout" as const, "reset" as const),
      responseStarted: fc.boolean(),
    }),
  );
  const tries = fc.record({
    failure: failures,
    repeatable: fc.boolean(),
    tries: fc.integer({ min: 1, max: 20 }),
    tokenRenewable: fc.boolean(),
    remainingMs: fc.integer({ min: -100, max: 20_000 }),
    jitter: fc.double({ min: 0, max: 0.999, noNaN: true }),
  });
  fc.assert(
    fc.property(tries, (given) => {
      const decision = planRetry(given);
      if (decision === undefined) return true;
      const { failure } = given;
      const untouched = failure.type === "answer" && (failure.status === 401 || failure.status === 429);
      const bounded = given.tries <= 10 || decision.renewToken; // A token is renewed once in a call.
      return decision.delayMs < given.remainingMs && bounded && (given.repeatable || untouched);
    }),
  );
});
