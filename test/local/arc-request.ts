import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";

/** Asks ARC zonal shift of the local EKS endpoint, signed for us-east-1 as the AWS CLI does it. */
export async function askArc(
  endpoint: string,
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; body: unknown }> {
  const url = new URL(path, endpoint);
  const signer = new SignatureV4({
    service: "arc-zonal-shift",
    region: "us-east-1",
    credentials: { accessKeyId: "000000000000", secretAccessKey: "test" },
    sha256: Sha256,
  });
  const content = body === undefined ? {} : { body: JSON.stringify(body) };
  const { headers } = await signer.sign({
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { host: url.host },
    ...content,
  });
  const response = await fetch(url, { method, headers, ...content });
  const type = response.headers.get("x-amzn-errortype");
  const answer = (await response.json()) as object;
  return { status: response.status, body: type === null ? answer : { type, ...answer } };
}

/** Begins a shift of a cluster away from a zone. @returns its id. */
export async function beginShift(endpoint: string, arn: string, awayFrom: string): Promise<string> {
  const shift = { resourceIdentifier: arn, awayFrom, expiresIn: "1h", comment: "drill" };
  const { status, body } = await askArc(endpoint, "POST", "/zonalshifts", shift);
  if (status !== 201) throw new Error(`no shift of ${arn} was begun: ${JSON.stringify(body)}`);
  return (body as { zonalShiftId: string }).zonalShiftId;
}

export const cancelShift = (endpoint: string, id: string) => askArc(endpoint, "DELETE", `/zonalshifts/${id}`);
