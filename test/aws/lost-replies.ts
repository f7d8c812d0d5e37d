import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";

/** Makes a client lose replies: below the SDK's retries a write is applied and its reply is thrown away, once when asked. */
export function loseReplies(client: DynamoDBClient, writes: ReadonlySet<string>): { next: boolean } {
  const lose = { next: false };
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      if (!lose.next || !writes.has(String(context["commandName"]))) return result;
      lose.next = false;
      throw Object.assign(new Error("The connection was cut after the write."), { name: "TimeoutError" });
    },
    { step: "finalizeRequest", priority: "low", name: "losingReplies" },
  );
  return lose;
}
