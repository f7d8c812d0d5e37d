import { expect, test } from "vitest";
import type { KubernetesClient } from "../../../lib/kubernetes/client.ts";
import { ConnectionError } from "../../../lib/kubernetes/errors.ts";
import { callPods } from "../../../lib/rollouts/prepare-downscale.ts";

/** What is told of one pod's answer to `POST :80/prepare?token=secret`, and the path that was asked. */
async function tell(answer: { status: number; body: string } | Error): Promise<{ path: string; message: unknown }> {
  let path = "";
  const client = {
    raw: async (_method: string, asked: string) => {
      path = asked;
      if (answer instanceof Error) throw answer;
      return { ...answer, headers: {} };
    },
  } as unknown as KubernetesClient;
  const endpoint = { port: 80, path: "prepare?token=secret" };
  const [told] = await callPods(client, "POST", ["a-0"], endpoint, { namespace: "mimir", mayWrite: () => true });
  return { path, message: told?.message };
}

const refusal = JSON.stringify({ kind: "Status", message: "no pods/proxy" });
const ROWS: Record<string, [{ status: number; body: string } | Error, string | undefined]> = {
  "that it is ready": [{ status: 204, body: "" }, undefined],
  "an error": [{ status: 500, body: "not yet" }, "pod a-0 answered POST :80/prepare with 500: not yet"],
  "an error that repeats the query": [
    { status: 404, body: "no /prepare?token=secret here" },
    "pod a-0 answered POST :80/prepare with 404: no /prepare?… here",
  ],
  "nothing at all": [
    new ConnectionError("timeout", "https://a", "no answer within 5 s"),
    "pod a-0 did not answer POST :80/prepare: no answer within 5 s",
  ],
  "that we may not ask": [
    { status: 403, body: refusal },
    "POST :80/prepare of pod a-0 was refused: no pods/proxy. Apply the role outrigger:prepare-downscale, which lets the hub call pods through the API server.",
  ],
};

test.each(Object.entries(ROWS))("a pod that answers %s is told without the query", async (_what, [answer, message]) => {
  expect(await tell(answer)).toEqual({
    path: "/api/v1/namespaces/mimir/pods/a-0:80/proxy/prepare?token=secret",
    message,
  });
});
