import { describe, expect, test } from "vitest";
import { roleSession } from "../../local/aws/role-sessions.ts";
import { letIn } from "../../local/hub-access.ts";
import { verifyToken } from "../../local/token-verifier.ts";
import type { TokenRulesFile } from "../../local/token-webhook.ts";
import { signToken } from "./sign-token.ts";

const clusterName = "east";
const NOBODY: TokenRulesFile = { clusterName, credentials: [], accessEntries: [] };
const session = (name: string) =>
  roleSession(
    `arn:aws:lambda:us-east-1:000000000000:function:Outrigger-${name}`,
    `arn:aws:iam::000000000000:role/Outrigger-${name}Role`,
  );
const [probe, rollout] = [session("Probe"), session("Rollout")];

test("the session of a function is the one the local AWS gives it", () => {
  // As printed by execution_credentials of MiniStack 1.5.33.
  expect(probe).toEqual({
    roleArn: "arn:aws:iam::000000000000:role/Outrigger-ProbeRole",
    arn: "arn:aws:sts::000000000000:assumed-role/Outrigger-ProbeRole/Outrigger-Probe",
    accessKeyId: "ASIA1652C0D235E116F8",
    secretAccessKey: "0e03b1142796ca48779706d967d23a0abf47846b3b98534affdc161413ea9907",
    sessionToken: "029fc3c023719d35775bd2968c891db9ef3a614ceaa8a4117a4d88623bb41ed2",
  });
});

describe("a local cluster", () => {
  const judge = async (rules: TokenRulesFile) =>
    verifyToken(await signToken({ ...probe, clusterName }), rules, new Date());

  test("lets in nobody by itself", async () => {
    expect(await judge(NOBODY)).toMatchObject({ authenticated: false });
  });

  test("lets in a role that was given an access entry, as the hub's group", async () => {
    expect(await judge(letIn(NOBODY, [probe]))).toMatchObject({
      authenticated: true,
      username: "outrigger",
      groups: ["outrigger"],
      arn: probe.arn,
    });
  });

  test("lets in no other role", async () => {
    expect(await judge(letIn(NOBODY, [rollout]))).toMatchObject({ authenticated: false });
  });

  test("goes on letting in those of before when another hub comes", async () => {
    expect(await judge(letIn(letIn(NOBODY, [probe]), [rollout]))).toMatchObject({ authenticated: true });
  });
});
