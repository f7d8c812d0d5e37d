import { createHash, createHmac } from "node:crypto";
import dns from "node:dns";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EKSClient } from "@aws-sdk/client-eks";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { createEksClients } from "../../../lib/aws/eks-clients.ts";
import { createZonalShifts } from "../../../lib/aws/zonal-shifts.ts";
import { putCluster } from "../../../local/eks/clusters.ts";
import { serveEks } from "../../../local/eks.ts";
import { eksClusterOf } from "../../fakes/eks-cluster.ts";
import { registrationOf } from "../../fakes/registration.ts";
import { beginShift, cancelShift } from "../../local/arc-request.ts";

const registration = registrationOf("prod");
const ARN = "arn:aws:eks:us-east-1:000000000000:cluster/prod";
const PATH = `/managedresources/${encodeURIComponent(ARN)}`;

/** ARC, answering whatever a test wants. */
let answer: (response: ServerResponse, request: IncomingMessage) => void;
let requests: IncomingMessage[];
const arc = createServer((request, response) => {
  requests.push(request);
  answer(response, request);
});
const url = (): string => `http://127.0.0.1:${(arc.address() as AddressInfo).port}`;
const json =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (response: ServerResponse) =>
    void response.writeHead(status, headers).end(JSON.stringify(body));
const refuse = (status: number, code: string) =>
  json(status, { message: "said by ARC" }, { "x-amzn-errortype": `${code}:http://internal` });
const inTurn =
  (...answers: ((response: ServerResponse) => void)[]) =>
  (response: ServerResponse) =>
    (answers.length > 1 ? answers.shift() : answers[0])?.(response);

const NONE = { appliedWeights: {}, zonalShifts: [] };
const ask = (target = registration) => createZonalShifts(createEksClients())(target);

beforeAll(() => new Promise<void>((resolve) => void arc.listen(0, "127.0.0.1", resolve)));
afterAll(() => {
  arc.closeAllConnections();
  arc.close();
});
beforeEach(() => {
  requests = [];
  answer = json(200, NONE);
  vi.stubEnv("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
  vi.stubEnv("AWS_ENDPOINT_URL_ARC_ZONAL_SHIFT", url());
  vi.stubEnv("AWS_REGION", "eu-west-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "AKHUB");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
  vi.stubEnv("AWS_SESSION_TOKEN", "session");
});
afterEach(() => vi.unstubAllEnvs());

const shift = (awayFrom: string, appliedStatus = "APPLIED") => ({
  appliedStatus,
  awayFrom,
  startTime: 1.7e9,
  expiryTime: 1.8e9,
});
const KNOWN: Record<string, [answer: object, awayFrom: string[]]> = {
  "nothing is shifted": [NONE, []],
  "a zonal shift is active": [{ ...NONE, zonalShifts: [shift("use1-az1")] }, ["use1-az1"]],
  "an autoshift is active": [{ ...NONE, autoshifts: [shift("use1-az4")] }, ["use1-az4"]],
  "two are active, of which one is overruled": [
    { ...NONE, zonalShifts: [shift("use1-az2"), shift("use1-az1", "NOT_APPLIED")], autoshifts: [shift("use1-az2")] },
    ["use1-az1", "use1-az2"],
  ],
  "a practice run is on": [
    { ...NONE, zonalShifts: [{ ...shift("use1-az3"), shiftType: "PRACTICE_RUN" }], autoshifts: null },
    ["use1-az3"],
  ],
};

describe("the zones a cluster is shifted away from are told when", () => {
  test.each(Object.entries(KNOWN))("%s", async (_what, [body, awayFrom]) => {
    answer = json(200, body);
    expect(await ask()).toEqual({ result: "Known", awayFrom });
  });

  test("the cluster is not enabled for zonal shift: there are none", async () => {
    answer = refuse(404, "ResourceNotFoundException");
    expect(await ask()).toEqual({ result: "Known", awayFrom: [] });
    expect(requests).toHaveLength(1);
  });

  test("the cluster is known by a kubeconfig: there are none, and nobody is asked", async () => {
    const target = registrationOf("prod", { access: { type: "kubeconfig", secret: "prod" } });
    expect(await ask(target)).toEqual({ result: "Known", awayFrom: [] });
    expect(requests).toHaveLength(0);
  });

  test("ARC answers at the second attempt", async () => {
    for (const first of [
      refuse(429, "ThrottlingException"),
      refuse(500, "InternalServerException"),
      json(503, {}),
      (response: ServerResponse) => void response.destroy(),
    ]) {
      answer = inTurn(first, json(200, NONE));
      expect(await ask()).toEqual({ result: "Known", awayFrom: [] });
    }
    expect(requests).toHaveLength(8);
  });
});

describe("nobody may tell, which is an answer, when", () => {
  test("the hub's role lacks the permission; it is not asked again at once", async () => {
    answer = refuse(403, "AccessDeniedException");
    const reading = await ask();
    expect(reading).toMatchObject({ result: "Unavailable", reason: "AccessDenied" });
    expect(reading).toHaveProperty("message", expect.stringContaining(`Zonal shifts of ${ARN} cannot be looked up`));
    expect(reading).toHaveProperty("message", expect.stringContaining("said by ARC"));
    expect(reading).toHaveProperty("message", expect.stringContaining("allow arc-zonal-shift:GetManagedResource"));
    expect(requests).toHaveLength(1);
  });
});

describe("it is an error, which holds the rollout, when ARC", () => {
  const rows: Record<string, [(response: ServerResponse) => void, string]> = {
    throttles: [refuse(429, "ThrottlingException"), "said by ARC"],
    breaks: [refuse(500, "InternalServerException"), "answered 500"],
    "refuses the request": [refuse(400, "ValidationException"), "answered 400: said by ARC"],
    "is something else that knows no such path": [json(404, { error: "no route" }), "answered 404"],
    "answers an empty object": [json(200, {}), "something else than a managed resource"],
    "answers no JSON": [(response) => void response.end("<html>"), "something else than a managed resource"],
    "answers without end": [
      (response) => {
        response.writeHead(200);
        response.write("x".repeat(1_100_000));
      },
      "more than 1000000 bytes",
    ],
    redirects: [json(302, {}, { location: "http://127.0.0.1:1" }), "answered 302"],
    "closes the connection": [(response) => void response.destroy(), "cannot be reached"],
  };
  test.each(Object.entries(rows))("%s", async (_what, [broken, says]) => {
    answer = broken;
    await expect(ask()).rejects.toThrow(says);
  });

  test("does not answer within 2.5 s, twice", async () => {
    const attempts: AbortController[] = [];
    const timeout = vi.spyOn(AbortSignal, "timeout").mockImplementation(() => {
      const attempt = new AbortController();
      attempts.push(attempt);
      return attempt.signal;
    });
    onTestFinished(() => timeout.mockRestore());
    answer = () => attempts.at(-1)?.abort();
    await expect(ask()).rejects.toThrow("did not answer within 2.5 s");
    expect(timeout.mock.calls).toEqual([[2_500], [2_500]]);
    expect(requests).toHaveLength(2);
  });

  test.each([
    ["ENOTFOUND", "DNS knows no such name (ENOTFOUND); look at the resolver"],
    ["EAI_AGAIN", "getaddrinfo EAI_AGAIN"],
  ])("has a name that DNS does not tell: %s", async (code, says) => {
    vi.stubEnv("AWS_ENDPOINT_URL_ARC_ZONAL_SHIFT", "");
    vi.stubEnv("AWS_ENDPOINT_URL", "");
    const unresolved = Object.assign(new Error(`getaddrinfo ${code}`), { code });
    const lookup = vi
      .spyOn(dns, "lookup")
      .mockImplementation(((_name: string, _options: object, done: (error: Error) => void) =>
        done(unresolved)) as unknown as typeof dns.lookup);
    await expect(ask()).rejects.toThrow(`https://arc-zonal-shift.us-east-1.amazonaws.com cannot be reached: ${says}`);
    expect(lookup).toHaveBeenCalledTimes(2);
    lookup.mockRestore();
  });

  test("is not there", async () => {
    vi.stubEnv("AWS_ENDPOINT_URL_ARC_ZONAL_SHIFT", "http://127.0.0.1:1");
    await expect(ask()).rejects.toThrow("http://127.0.0.1:1 cannot be reached");
  });
});

/** Signature Version 4, worked out again from what arrived. */
function signatureOf(request: IncomingMessage, secret: string, region: string): string {
  const { authorization = "", ...headers } = request.headers;
  const [, signed = ""] = /SignedHeaders=([^,]+)/.exec(authorization) ?? [];
  const sha = (text: string): string => createHash("sha256").update(text).digest("hex");
  const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
  const lines = signed.split(";").map((name) => `${name}:${String(headers[name])}\n`);
  const path = (request.url ?? "").split("/").map(encodeURIComponent).join("/");
  const canonical = [request.method, path, "", lines.join(""), signed, sha("")].join("\n");
  const date = String(headers["x-amz-date"]);
  const scope = [date.slice(0, 8), region, "arc-zonal-shift", "aws4_request"];
  const key = scope.reduce<string | Buffer>((last, part) => hmac(last, part), `AWS4${secret}`);
  return hmac(key, ["AWS4-HMAC-SHA256", date, scope.join("/"), sha(canonical)].join("\n")).toString("hex");
}

describe("a request", () => {
  test("is GetManagedResource, signed for the cluster's region with the hub's credentials", async () => {
    await ask();
    const [request] = requests;
    expect(request).toMatchObject({ method: "GET", url: PATH, headers: { "x-amz-security-token": "session" } });
    const { authorization = "" } = request?.headers ?? {};
    expect(authorization).toMatch(/Credential=AKHUB\/\d{8}\/us-east-1\/arc-zonal-shift\/aws4_request/);
    expect(request && signatureOf(request, "secret", "us-east-1")).toBe(/Signature=(\w+)/.exec(authorization)?.[1]);
  });

  test("of a cluster in another account is signed with the role its registration names, assumed once", async () => {
    const assumed: string[] = [];
    const fields =
      "<AccessKeyId>AKROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>";
    const credentials = `<Credentials>${fields}<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>`;
    const sts = createServer((request, response) => {
      assumed.push(request.url ?? "");
      const result = `<AssumeRoleResult>${credentials}</AssumeRoleResult>`;
      response.setHeader("content-type", "text/xml").end(`<AssumeRoleResponse>${result}</AssumeRoleResponse>`);
    });
    await new Promise<void>((resolve) => void sts.listen(0, "127.0.0.1", resolve));
    vi.stubEnv("AWS_ENDPOINT_URL_STS", `http://127.0.0.1:${(sts.address() as AddressInfo).port}`);
    const roleArn = "arn:aws:iam::222222222222:role/outrigger";
    const access = { ...registration.access, roleArn, externalId: "right" } as typeof registration.access;
    const zonalShifts = createZonalShifts(createEksClients());
    await zonalShifts({ access });
    answer = refuse(403, "AccessDeniedException");
    expect(await zonalShifts({ access })).toHaveProperty("message", expect.stringContaining(`to the role ${roleArn}`));
    expect(requests.map(({ headers }) => /Credential=(\w+)/.exec(headers.authorization ?? "")?.[1])).toEqual([
      "AKROLE",
      "AKROLE",
    ]);
    expect(assumed).toHaveLength(1);
    sts.closeAllConnections();
    sts.close();
  });

  test("uses the connection of the one before", async () => {
    const zonalShifts = createZonalShifts(createEksClients());
    await zonalShifts(registration);
    await zonalShifts(registration);
    const [first, second] = requests.map(({ socket }) => socket.remotePort);
    expect(second).toBe(first);
  });

  test("goes to AWS_ENDPOINT_URL where ARC has no endpoint of its own there", async () => {
    vi.stubEnv("AWS_ENDPOINT_URL_ARC_ZONAL_SHIFT", "");
    vi.stubEnv("AWS_ENDPOINT_URL", `${url()}/base/`);
    await ask();
    expect(requests[0]?.url).toBe(`/base${PATH}`);
  });

  test.each([
    ["us-east-1", {}, "arc-zonal-shift.us-east-1.amazonaws.com"],
    ["cn-north-1", {}, "arc-zonal-shift.cn-north-1.amazonaws.com.cn"],
    ["us-gov-west-1", { useFipsEndpoint: true }, "arc-zonal-shift-fips.us-gov-west-1.amazonaws.com"],
    ["eu-west-1", { useDualstackEndpoint: true }, "arc-zonal-shift.eu-west-1.api.aws"],
    ["eusc-de-east-1", {}, "arc-zonal-shift.eusc-de-east-1.amazonaws.eu"],
  ])("goes to the endpoint of its region and partition: %s %o", async (region, options, host) => {
    vi.stubEnv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    const { endpointOf } = await import("../../../lib/aws/arc-managed-resource.ts");
    const client = new EKSClient({ region, ...options });
    expect((await endpointOf(client, region)).href).toBe(`https://${host}/`);
    client.destroy();
  });
});

test("the local endpoint answers as ARC does, while a shift is on and after", async () => {
  const folder = await mkdtemp(join(tmpdir(), "outrigger-arc-"));
  const file = join(folder, "clusters.json");
  const local = await serveEks({ file });
  vi.stubEnv("AWS_ENDPOINT_URL_ARC_ZONAL_SHIFT", local.url);
  try {
    await putCluster(file, eksClusterOf("prod"));
    expect(await ask()).toEqual({ result: "Known", awayFrom: [] });
    const id = await beginShift(local.url, ARN, "use1-az1");
    expect(await ask()).toEqual({ result: "Known", awayFrom: ["use1-az1"] });
    await cancelShift(local.url, id);
    expect(await ask()).toEqual({ result: "Known", awayFrom: [] });
    expect(await ask(registrationOf("unknown"))).toEqual({ result: "Known", awayFrom: [] });
  } finally {
    await local.close();
    await rm(folder, { recursive: true, force: true });
  }
});
