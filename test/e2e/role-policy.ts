import { LOCAL_ACCOUNT } from "../../local/aws.ts";
import { callIam } from "../aws/iam.ts";

interface Policy {
  Statement: { Action: string | string[] }[];
}

/** Takes one action out of a deployed role, as somebody at the console could. @param roleArn of a function's role. */
export async function takeAction(endpoint: string, roleArn: string, action: string): Promise<void> {
  const account = { endpoint, accountId: LOCAL_ACCOUNT };
  const role = { RoleName: roleArn.replace(/^.*\//, ""), PolicyName: "Uses" };
  const answer = await callIam(account, { Action: "GetRolePolicy", ...role });
  const encoded = /<PolicyDocument>([^<]+)<\/PolicyDocument>/.exec(answer)?.[1] ?? "";
  const policy = JSON.parse(decodeURIComponent(encoded)) as Policy;
  const Statement = policy.Statement.map((statement) => ({
    ...statement,
    Action: [statement.Action].flat().filter((each) => each !== action),
  })).filter(({ Action }) => Action.length > 0);
  const PolicyDocument = JSON.stringify({ ...policy, Statement });
  await callIam(account, { Action: "PutRolePolicy", ...role, PolicyDocument });
}
