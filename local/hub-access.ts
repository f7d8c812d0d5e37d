import { localAws } from "../cli/hub-aws.ts";
import { HUB_GROUP } from "../lib/registry/rbac.ts";
import type { StackOutputs } from "./aws/deploy.ts";
import { type RoleSession, readRoleSessions } from "./aws/role-sessions.ts";
import { readTokenRules, writeTokenRules } from "./control-plane/tokens.ts";
import type { LocalState } from "./state.ts";
import type { TokenRulesFile } from "./token-webhook.ts";

const ROLE_OUTPUT = /^(\w+)RoleArn$/;

/**
 * What people do on AWS with `aws eks create-access-entry`: the role of each function that talks to clusters becomes the user
 * `outrigger` in the hub's group. Hubs that were let in before stay.
 * @param outputs of the hub's stack.
 * @param clusterFolders data folders of the local clusters.
 */
export async function admitHub(
  local: Pick<LocalState, "endpoint" | "region" | "credentials">,
  outputs: StackOutputs,
  clusterFolders: readonly string[],
): Promise<void> {
  const functions = Object.keys(outputs).flatMap((output) => {
    const name = ROLE_OUTPUT.exec(output)?.[1];
    return name === undefined ? [] : [outputs[`${name}Function`] ?? ""];
  });
  const sessions = await readRoleSessions(localAws(local), functions);
  for (const folder of clusterFolders) await writeTokenRules(folder, letIn(await readTokenRules(folder), sessions));
}

/** The rules of a cluster, with an access entry for each role. */
export function letIn(rules: TokenRulesFile, sessions: readonly RoleSession[]): TokenRulesFile {
  const credentials = sessions.map(({ roleArn: _roleArn, ...session }) => session);
  const entries = sessions.map(({ roleArn }) => ({ arn: roleArn, username: "outrigger", groups: [HUB_GROUP] }));
  return {
    ...rules,
    credentials: [...rules.credentials, ...credentials],
    accessEntries: [...rules.accessEntries, ...entries],
  };
}
