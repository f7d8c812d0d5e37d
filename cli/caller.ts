import type { Hub } from "./hub.ts";

/** Who calls is asked only to be written down: nobody waits long for it, milliseconds. */
const TIMEOUT_MS = 5_000;

/** The ARN of whoever runs this command, as STS knows them; undefined when it does not answer. It needs no permission. */
export async function findCaller({ aws }: Hub): Promise<string | undefined> {
  const { GetCallerIdentityCommand, STSClient } = await import("@aws-sdk/client-sts");
  const client = new STSClient({ ...aws, maxAttempts: 1 });
  try {
    const abortSignal = AbortSignal.timeout(TIMEOUT_MS);
    return (await client.send(new GetCallerIdentityCommand({}), { abortSignal })).Arn;
  } catch {
    return undefined;
  } finally {
    client.destroy();
  }
}
