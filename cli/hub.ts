import { z } from "zod";
import { CommandFailure } from "./failure.ts";
import { type AwsConfig, awsOf } from "./hub-aws.ts";

export { type AwsConfig, localAws } from "./hub-aws.ts";

/** How the command finds the deployed stack. */
export interface HubOptions {
  stack: string;
  /** Use the local environment's endpoint and credentials. */
  local: boolean;
}

/** The outputs of the stack which the command uses. */
const StackOutputs = z.object({
  BusName: z.string(),
  ApiFunction: z.string(),
  ReconcileFunction: z.string(),
  RolloutFunction: z.string(),
  RegistrationDeadLetterQueueUrl: z.string(),
});
export type StackOutputs = z.infer<typeof StackOutputs>;

/** Longer than any function of ours may run. */
const INVOKE_TIMEOUT_MS = 150_000;

/** One deployed stack, as seen from the command line. */
export interface Hub {
  readonly outputs: StackOutputs;
  /** Invokes a function and returns its parsed answer. */
  invoke(functionName: string, payload: unknown): Promise<unknown>;
  /** Puts one event on the stack's bus. @returns the event's id. */
  putEvent(detailType: string, detail: unknown): Promise<string>;
  /** Tells people what is wrong and keeps nothing from going on; the same only once. */
  warn?(text: string): void;
  /** A config for further AWS clients: region, and in the local environment endpoint and credentials. */
  readonly aws: AwsConfig;
}

/**
 * Finds a stack by its name.
 * @throws CommandFailure when there is no such stack, no credentials, or no answer.
 */
export async function findHub(options: HubOptions): Promise<Hub> {
  return openHub(options, await awsOf(options.local));
}

/** As `findHub`, with the clients' config given. */
export async function openHub(options: HubOptions, aws: AwsConfig): Promise<Hub> {
  const outputs = await readOutputs(options, aws);
  return {
    outputs,
    aws,
    async invoke(functionName, payload) {
      const { InvokeCommand, LambdaClient } = await import("@aws-sdk/client-lambda");
      const requestHandler = { ...aws.requestHandler, requestTimeout: INVOKE_TIMEOUT_MS };
      const client = new LambdaClient({ ...aws, requestHandler, maxAttempts: 1 });
      const command = new InvokeCommand({ FunctionName: functionName, Payload: Buffer.from(JSON.stringify(payload)) });
      const reply = await client.send(command).catch(explain(`Function ${functionName}`, options));
      client.destroy();
      return readReply(functionName, reply.FunctionError, Buffer.from(reply.Payload ?? []).toString());
    },
    async putEvent(detailType, detail) {
      const { EventBridgeClient, PutEventsCommand } = await import("@aws-sdk/client-eventbridge");
      const client = new EventBridgeClient(aws);
      const entry = {
        EventBusName: outputs.BusName,
        Source: "outrigger.cli",
        DetailType: detailType,
        Detail: JSON.stringify(detail),
      };
      const reply = await client
        .send(new PutEventsCommand({ Entries: [entry] }))
        .catch(explain(`Bus ${outputs.BusName}`, options));
      client.destroy();
      const result = reply.Entries?.[0];
      if (result?.EventId !== undefined) return result.EventId;
      throw new CommandFailure({
        object: `Bus ${outputs.BusName}`,
        cause: `the event "${detailType}" was refused: ${result?.ErrorMessage ?? "no reason given"}`,
        nextStep: "Correct it and send it again",
      });
    },
  };
}

async function readOutputs(options: HubOptions, aws: AwsConfig): Promise<StackOutputs> {
  const { CloudFormationClient, DescribeStacksCommand } = await import("@aws-sdk/client-cloudformation");
  const client = new CloudFormationClient(aws);
  const { Stacks = [] } = await client
    .send(new DescribeStacksCommand({ StackName: options.stack }))
    .catch(explain(`Stack ${options.stack}`, options));
  client.destroy();
  const outputs = (Stacks[0]?.Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]);
  const parsed = StackOutputs.safeParse(Object.fromEntries(outputs));
  if (parsed.success) return parsed.data;
  throw new CommandFailure({
    object: `Stack ${options.stack}`,
    cause: `it has no output ${parsed.error.issues.map((issue) => issue.path.join(".")).join(", ")}`,
    nextStep: "Deploy this version of Outrigger to it, or name another stack with --stack",
  });
}

function readReply(functionName: string, functionError: string | undefined, text: string): unknown {
  if (functionError === undefined) return text === "" ? undefined : (JSON.parse(text) as unknown);
  const parsed = z.object({ errorMessage: z.string() }).safeParse(JSON.parse(text === "" ? "{}" : text));
  throw new CommandFailure({
    object: `Function ${functionName}`,
    cause: parsed.success ? parsed.data.errorMessage : `it failed (${functionError})`,
    nextStep: "Look into its log group, then try again",
  });
}

/** Turns an error of an AWS client into one clear line. */
function explain(object: string, options: HubOptions): (error: unknown) => never {
  return (error) => {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    const failure = (cause: string, nextStep: string): CommandFailure =>
      new CommandFailure({ object, cause, nextStep }, { cause: error });
    if (/does not exist/.test(message)) {
      throw failure("it does not exist in this account and region", "Deploy it, or name another with --stack");
    }
    if (name === "CredentialsProviderError" || /Region is missing/.test(message)) {
      throw failure(
        message.trim(),
        "Set AWS credentials and region (AWS_PROFILE, AWS_REGION), or use --local for the local environment",
      );
    }
    if (/ECONNREFUSED|ENOTFOUND|ETIMEDOUT|TimeoutError/.test(`${name} ${message}`)) {
      throw failure(
        message.trim() || "no answer",
        options.local ? "Start the local environment again with `outrigger local up`" : "Check network and region",
      );
    }
    throw failure(`${name}: ${message}`, "Check the permissions of your credentials, then try again");
  };
}
