import { createHash } from "node:crypto";
import { GetFunctionConfigurationCommand, LambdaClient, type LambdaClientConfig } from "@aws-sdk/client-lambda";
import { LOCAL_ACCOUNT } from "./start.ts";

/** The role of a deployed function, and the session it runs under. */
export interface RoleSession {
  /** What an access entry names. */
  roleArn: string;
  /** `arn:aws:sts::ACCOUNT:assumed-role/ROLE/FUNCTION`. */
  arn: string;
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
}

/**
 * The sessions of deployed functions. MiniStack makes a function's credentials from the ARNs of the function and its role
 * (`execution_credentials` in its ministack/core/lambda_runtime.py), so they can be told without asking it.
 * @throws Error naming the function that has no role.
 */
export async function readRoleSessions(
  aws: LambdaClientConfig,
  functionNames: readonly string[],
): Promise<RoleSession[]> {
  const lambda = new LambdaClient(aws);
  const read = async (FunctionName: string): Promise<RoleSession> => {
    const { FunctionArn, Role } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
    if (FunctionArn === undefined || Role === undefined) throw new Error(`Function ${FunctionName} has no role.`);
    return roleSession(FunctionArn, Role);
  };
  try {
    return await Promise.all(functionNames.map(read));
  } finally {
    lambda.destroy();
  }
}

/** The session of one function under its role. */
export function roleSession(functionArn: string, roleArn: string): RoleSession {
  const digest = sha256(`${functionArn}:${roleArn}`);
  const last = (arn: string): string => arn.replace(/^.*[:/]/, "");
  return {
    roleArn,
    arn: `arn:aws:sts::${LOCAL_ACCOUNT}:assumed-role/${last(roleArn)}/${last(functionArn)}`,
    accessKeyId: `ASIA${digest.slice(0, 16).toUpperCase()}`,
    secretAccessKey: sha256(`secret:${digest}`),
    sessionToken: sha256(`token:${digest}`),
  };
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
