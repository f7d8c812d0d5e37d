import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import { LOCAL_REGION } from "../../local/aws.ts";

/**
 * One call of IAM's query API as the root of an account.
 * @returns its XML.
 * @throws Error with what IAM answered.
 */
export async function callIam(
  { endpoint, accountId }: { endpoint: string; accountId: string },
  parameters: Record<string, string>,
): Promise<string> {
  const { hostname, port, host } = new URL(endpoint);
  const credentials = { accessKeyId: accountId, secretAccessKey: "test" };
  const signer = new SignatureV4({ service: "iam", region: LOCAL_REGION, credentials, sha256: Sha256 });
  const body = new URLSearchParams({ Version: "2010-05-08", ...parameters }).toString();
  const headers = { host, "content-type": "application/x-www-form-urlencoded" };
  const request = { method: "POST", protocol: "http:", hostname, port: Number(port), path: "/", headers, body };
  const signed = await signer.sign(request);
  const answer = await fetch(endpoint, { method: "POST", headers: signed.headers, body });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`IAM ${parameters["Action"]}: ${text}`);
  return text;
}
