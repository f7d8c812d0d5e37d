import { randomUUID } from "node:crypto";
import { pathToFileURL } from "node:url";
import type { Context } from "aws-lambda";

/**
 * Runs the deployed bundle of a lane's function in this process, so that nobody ends it when it stands still: Lambda
 * kills a function at its timeout, a machine that swaps or is paused does not. Asked over IPC, once.
 */
const [bundle = "", timeoutSeconds = "25"] = process.argv.slice(2);
const { handler } = (await import(pathToFileURL(bundle).href)) as {
  handler: (event: unknown, context: Context) => Promise<unknown>;
};

process.once("message", (event: unknown) => {
  const deadline = Date.now() + Number(timeoutSeconds) * 1000;
  const context = {
    functionName: "own-worker",
    functionVersion: "$LATEST",
    invokedFunctionArn: "arn:aws:lambda:us-east-1:000000000000:function:own-worker",
    memoryLimitInMB: "512",
    awsRequestId: randomUUID(),
    logGroupName: "own-worker",
    logStreamName: "own-worker",
    callbackWaitsForEmptyEventLoop: false,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  } as Context;
  // Woken past its deadline, the handler answers at once that its time is over, while the pass it began goes on: only
  // when nothing is left to do does this process end.
  void handler(event, context)
    .then(
      (result) => ({ result }),
      (error: unknown) => ({ error: String(error) }),
    )
    .then((reply) => process.send?.(reply, () => process.disconnect()));
});
process.send?.({ ready: true });
