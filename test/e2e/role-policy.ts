import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import type { LocalState } from "../../local/state.ts";

interface PolicyDocument {
  Statement: { Action: string | string[] }[];
}

/** Takes one action out of a deployed role, as somebody at the console could. @param roleArn of a function's role. */
export async function takeAction(local: LocalState, roleArn: string, action: string): Promise<void> {
  const role = { RoleName: roleArn.replace(/^.*\//, ""), PolicyName: "Uses" };
  const answer = await callIam(local, { Action: "GetRolePolicy", ...role });
  const encoded = /<PolicyDocument>([^<]+)<\/PolicyDocument>/.exec(answer)?.[1] ?? "";
  const policy = JSON.parse(decodeURIComponent(encoded)) as PolicyDocument;
  const without = policy.Statement.map((statement) => ({
    ...statement,
    Action: [statement.Action].flat().filter((each) => each !== action),
  }));
  const PolicyDocument = JSON.stringify({ ...policy, Statement: without });
  await callIam(local, { Action: "PutRolePolicy", ...role, PolicyDocument });
}

/** One call of IAM's query API as root. @returns its XML. */
async function callIam({ endpoint, region, credentials }: LocalState, parameters: Record<string, string>) {
  const { hostname, port, host } = new URL(endpoint);
  const signer = new SignatureV4({ service: "iam", region, credentials, sha256: Sha256 });
  const body = new URLSearchParams({ Version: "2010-05-08", ...parameters }).toString();
  const headers = { host, "content-type": "application/x-www-form-urlencoded" };
  const request = { method: "POST", protocol: "http:", hostname, port: Number(port), path: "/", headers, body };
  const signed = await signer.sign(request);
  const answer = await fetch(endpoint, { method: "POST", headers: signed.headers, body });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`IAM ${parameters["Action"]}: ${text}`);
  return text;
}
