import { expect, onTestFinished, test, vi } from "vitest";
import { type CallContext, performCall } from "../../../lib/kubernetes/call.ts";
import { ApiError } from "../../../lib/kubernetes/errors.ts";
import type { ApiRequest } from "../../../lib/kubernetes/requests.ts";

const request: ApiRequest = {
  method: "DELETE",
  path: "/api/v1/namespaces/x/pods/a",
  query: "",
  accept: "application/json",
  repeatable: true,
};
const context: CallContext = {
  server: "https://127.0.0.1",
  basePath: "",
  token: undefined,
  drawJitter: () => 0.5,
  onFailure: undefined,
};

/** What `drawJitter` makes of the first back-off without Retry-After. */
const BACK_OFF_MS = 150;

test("a call of a process that was frozen past its time sends nothing more", async () => {
  const startedAt = performance.now();
  const now = vi.spyOn(performance, "now").mockReturnValue(startedAt);
  const setTimer = globalThis.setTimeout;
  const timers = vi.spyOn(globalThis, "setTimeout");
  timers.mockImplementation(((callback: () => void, delayMs: number) => {
    // Frozen while it waits: the time of both is over, and the back-off's timer fires before the limit's.
    const wakeUp = (): void => {
      if (delayMs === BACK_OFF_MS) now.mockReturnValue(startedAt + 20_000);
      callback();
    };
    return setTimer(wakeUp, delayMs);
  }) as typeof setTimeout);
  onTestFinished(() => {
    now.mockRestore();
    timers.mockRestore();
  });
  let tries = 0;
  const call = performCall(
    context,
    request,
    { timeoutMs: 20_000, signal: undefined },
    async () => {
      tries += 1;
    },
    () =>
      tries === 1 ? new ApiError({ status: 429, reason: "TooManyRequests", message: "", request: "" }) : undefined,
  );
  await expect(call).rejects.toMatchObject({ name: "ConnectionError", failure: "timeout" });
  expect(tries).toBe(1);
});
