import { expect, test } from "vitest";
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

/** Stops this thread, and with it every timer. */
const freeze = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

test("a call of a process that was frozen past its time sends nothing more", async () => {
  let tries = 0;
  setTimeout(() => freeze(500), 20); // The back-off of 75 ms and the limit of 200 ms end meanwhile.
  const call = performCall(
    context,
    request,
    { timeoutMs: 200, signal: undefined },
    async () => {
      tries += 1;
    },
    () =>
      tries === 1 ? new ApiError({ status: 429, reason: "TooManyRequests", message: "", request: "" }) : undefined,
  );
  await expect(call).rejects.toMatchObject({ name: "ConnectionError", failure: "timeout" });
  expect(tries).toBe(1);
});
