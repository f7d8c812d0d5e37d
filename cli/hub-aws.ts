import type { LocalState } from "../local/state.ts";
import { CommandFailure } from "./failure.ts";

/** What every AWS client of the command is made with. */
export interface AwsConfig {
  requestHandler: { requestTimeout: number; connectionTimeout: number; throwOnRequestTimeout: boolean };
  endpoint?: string;
  region?: string;
  credentials?: { accessKeyId: string; secretAccessKey: string };
}

const REQUEST_HANDLER = { requestTimeout: 15_000, connectionTimeout: 5_000, throwOnRequestTimeout: true };

/**
 * The clients' config for this machine's credentials, or for the local environment.
 * @throws CommandFailure when the local environment is asked for and not running.
 */
export async function awsOf(local: boolean): Promise<AwsConfig> {
  if (!local) return { requestHandler: REQUEST_HANDLER };
  const { readLocalState } = await import("../local/state.ts");
  const state = readLocalState();
  if (state !== undefined) return localAws(state);
  throw new CommandFailure({
    object: "Local environment",
    cause: "it is not running",
    nextStep: "Start it with `npm run -s outrigger -- local up`",
  });
}

/** The clients' config for a local environment. */
export function localAws(local: Pick<LocalState, "endpoint" | "region" | "credentials">): AwsConfig {
  const { endpoint, region, credentials } = local;
  // A copy: the SDK writes notes of its own into the credentials it is given.
  return { requestHandler: REQUEST_HANDLER, endpoint, region, credentials: { ...credentials } };
}
