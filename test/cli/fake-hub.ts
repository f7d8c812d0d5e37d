import type { Hub } from "../../cli/hub.ts";

/** A hub that answers from a script and remembers what it was sent. */
export interface FakeHub extends Hub {
  invocations: { functionName: string; payload: unknown }[];
  events: { detailType: string; detail: unknown }[];
}

export function fakeHub(answer: (payload: { action: string }) => unknown): FakeHub {
  const invocations: FakeHub["invocations"] = [];
  const events: FakeHub["events"] = [];
  return {
    invocations,
    events,
    outputs: {
      BusName: "bus",
      ApiFunction: "api",
      ReconcileFunction: "reconcile",
      RolloutFunction: "rollout",
      // Nobody listens on port 1: looking for rejections finds none.
      RegistrationDeadLetterQueueUrl: "http://127.0.0.1:1/000000000000/rejected",
    },
    aws: {
      requestHandler: { requestTimeout: 1000, connectionTimeout: 1000, throwOnRequestTimeout: true },
      endpoint: "http://127.0.0.1:1",
      region: "us-east-1",
      credentials: { accessKeyId: "000000000000", secretAccessKey: "test" },
    },
    async invoke(functionName, payload) {
      invocations.push({ functionName, payload });
      return answer(payload as { action: string });
    },
    async putEvent(detailType, detail) {
      events.push({ detailType, detail });
      return `event-${events.length}`;
    },
  };
}
