import { describe, expect, it } from "vitest";
import type { KubernetesClient } from "../../../lib/kubernetes/client.ts";
import { ApiError } from "../../../lib/kubernetes/errors.ts";
import { refusedStatus } from "../../../lib/rollouts/status.ts";
import { StatusWriter } from "../../../lib/rollouts/status-writer.ts";
import type { Session } from "../../../lib/work/reconciler.ts";
import { LeaseLostError } from "../../../lib/work/verdict.ts";

const resource = { metadata: { name: "ingester", namespace: "mimir", generation: 3 } };
const status = refusedStatus(resource, { phase: "Held", reason: "AlarmActive", message: "m" }, "2026-11-20T10:00:00Z");

/** A writer whose cluster answers each write with the next of these. */
function writerOf(answers: (Error | undefined)[]): StatusWriter {
  const patch = async (): Promise<unknown> => {
    const answer = answers.shift();
    if (answer !== undefined) throw answer;
    return {};
  };
  const client = { patch } as unknown as KubernetesClient;
  const session = {
    client,
    now: () => Date.parse("2026-11-20T10:00:00Z"),
    lease: { mayWrite: () => true },
    log: () => {},
  };
  return new StatusWriter(session as unknown as Session, resource);
}

const forbidden = new ApiError({
  status: 403,
  reason: "Forbidden",
  request: "PATCH /apis/rollout.grafana.com/v1alpha1/namespaces/mimir/multiazrollouts/ingester/status",
  message: 'multiazrollouts "ingester" is forbidden: User "outrigger" cannot patch resource "multiazrollouts/status"',
});

describe("the status the hub keeps", () => {
  it("is the resource's own while it can be written", async () => {
    const writer = writerOf([undefined]);
    writer.offer(status);
    await writer.flush();
    expect(writer.kept(status)).toEqual(status);
  });

  it("says why the resource could not be told, and what to do", async () => {
    const writer = writerOf([forbidden, forbidden]);
    writer.offer(status);
    await writer.flush();
    const [condition] = writer.kept(status).conditions.filter(({ type }) => type === "StatusWritten");
    expect(condition).toMatchObject({ status: "False", reason: "Forbidden", observedGeneration: 3 });
    for (const part of [
      "multiazrollouts/ingester/status",
      "cannot patch",
      "Apply the ClusterRole of the capability rollouts",
    ]) {
      expect(condition?.message).toContain(part);
    }
  });

  it("is all there is where the lease has too little left for the write", async () => {
    const writer = writerOf([new LeaseLostError("The lease has too little time left.")]);
    writer.offer(status);
    await writer.flush();
    expect(writer.kept(status)).toEqual(status);
  });

  it("says nothing of it once a write got through", async () => {
    const writer = writerOf([forbidden, undefined]);
    writer.offer(status);
    await writer.flush();
    expect(writer.kept(status)).toEqual(status);
  });
});
