import { describe, expect, test } from "vitest";
import { type TokenRules, verifyToken } from "../../local/token-verifier.ts";
import { presign, signToken, type TokenOptions, wrap } from "./sign-token.ts";

const now = new Date("2026-11-21T10:00:00Z");
const minutes = (count: number): Date => new Date(now.getTime() + count * 60_000);

const rules: TokenRules = {
  clusterName: "alpha",
  credentials: [
    { accessKeyId: "000000000000", secretAccessKey: "test", arn: "arn:aws:iam::000000000000:user/root" },
    {
      accessKeyId: "ASIA1",
      secretAccessKey: "s/cret+",
      sessionToken: "session/token+with=signs",
      arn: "arn:aws:sts::000000000000:assumed-role/outrigger-worker/fn@1",
    },
    { accessKeyId: "AKIA2", secretAccessKey: "test", arn: "arn:aws:iam::000000000000:user/stranger" },
  ],
  accessEntries: [
    { arn: "arn:aws:iam::000000000000:user/root", username: "root", groups: ["outrigger"] },
    {
      arn: "arn:aws:iam::000000000000:role/path/outrigger-worker",
      username: "outrigger:{{SessionName}}",
      groups: ["outrigger", "observers"],
    },
  ],
};

const valid: TokenOptions = {
  accessKeyId: "000000000000",
  secretAccessKey: "test",
  clusterName: "alpha",
  signedAt: now,
};
const assumed: TokenOptions = {
  ...valid,
  accessKeyId: "ASIA1",
  secretAccessKey: "s/cret+",
  sessionToken: "session/token+with=signs",
};

describe("a token is accepted", () => {
  const cases: [title: string, options: Partial<TokenOptions>, expected: object][] = [
    [
      "when a known user signed it for this cluster",
      {},
      { username: "root", groups: ["outrigger"], accessKeyId: "000000000000" },
    ],
    [
      "when an assumed role signed it, by the role's access entry and with the session's name",
      assumed,
      { username: "outrigger:fn-1", groups: ["outrigger", "observers"], sessionName: "fn@1" },
    ],
    ["when it was signed 14 minutes ago", { signedAt: minutes(-14) }, { username: "root" }],
    ["when it was signed by a clock 5 minutes ahead", { signedAt: minutes(5) }, { username: "root" }],
    ["when it was signed for the STS of another region", { region: "eu-central-1" }, { username: "root" }],
    ["when it was signed for a FIPS endpoint", { host: "sts-fips.us-east-1.amazonaws.com" }, { username: "root" }],
  ];

  test.each(cases)("%s", async (_title, options, expected) => {
    const verdict = verifyToken(await signToken({ ...valid, ...options }), rules, now);
    expect(verdict).toMatchObject({ authenticated: true, ...expected });
  });
});

describe("a signed request is refused", () => {
  const cases: [title: string, options: Partial<TokenOptions>, reason: RegExp][] = [
    ["for another cluster", { clusterName: "beta" }, /signed for another cluster than alpha/],
    ["with another secret", { secretAccessKey: "wrong" }, /signature does not match/],
    ["with an unknown access key", { accessKeyId: "AKIA9" }, /access key AKIA9 is not known/],
    [
      "without the session token of its access key",
      { ...assumed, sessionToken: "other" },
      /session token is not the one/,
    ],
    [
      "with a session token that its access key does not have",
      { sessionToken: "extra" },
      /session token is not the one/,
    ],
    [
      "by a principal without an access entry",
      { accessKeyId: "AKIA2" },
      /user\/stranger has no access entry in cluster alpha/,
    ],
    ["15 minutes after it was signed", { signedAt: minutes(-15) }, /expired/],
    ["15 minutes before it was signed", { signedAt: minutes(15) }, /in the future/],
    ["to the global endpoint", { host: "sts.amazonaws.com" }, /not a regional STS endpoint/],
    [
      "to a host that only ends like STS",
      { host: "sts.us-east-1.amazonaws.com.evil.example" },
      /not a regional STS endpoint/,
    ],
    ["to an STS of another region than the signature's", { host: "sts.eu-west-1.amazonaws.com" }, /credential scope/],
    ["to another service's scope", { service: "s3" }, /credential scope/],
    ["over http", { protocol: "http:" }, /not https/],
    ["with a path", { path: "/x" }, /has a path/],
    ["for another action", { query: { Action: "AssumeRole" } }, /action is AssumeRole/],
    ["with an unknown parameter", { query: { RoleArn: "x" } }, /RoleArn is not allowed/],
    ["that is valid for longer than 15 minutes", { expiresInSeconds: 3600 }, /X-Amz-Expires/],
    ["with another signed header", { headers: { "x-more": "1" } }, /signed headers are host;x-k8s-aws-id;x-more/],
    ["signed as POST", { method: "POST" }, /signature does not match/],
  ];

  test.each(cases)("%s", async (_title, options, reason) => {
    const verdict = verifyToken(await signToken({ ...valid, ...options }), rules, now);
    expect(verdict).toEqual({ authenticated: false, reason: expect.stringMatching(reason) as string });
  });
});

describe("a text is refused", () => {
  const cases: [title: string, change: (url: string) => string, reason: RegExp][] = [
    ["without the prefix", (url) => Buffer.from(url).toString("base64url"), /does not start with "k8s-aws-v1\."/],
    [
      "in padded base64",
      (url) => `k8s-aws-v1.${Buffer.from(`${url}==`).toString("base64")}=`,
      /not unpadded base64url/,
    ],
    ["longer than 4,096 bytes", (url) => wrap(`${url}&x=${"y".repeat(4_000)}`), /longer than 4096 bytes/],
    ["that holds no URL", () => wrap("hello"), /exactly one URL/],
    ["that holds two URLs", (url) => wrap(`${url} ${url}`), /exactly one URL/],
    ["with a user in the URL", (url) => wrap(url.replace("https://", "https://a:b@")), /a user/],
    ["with a port in the URL", (url) => wrap(url.replace(".com/", ".com:8443/")), /not a regional STS endpoint/],
    ["with a parameter twice", (url) => wrap(`${url}&Action=GetCallerIdentity`), /Action is there twice/],
    [
      "without a signature",
      (url) => wrap(url.replace(/X-Amz-Signature=\w+/, "X-Amz-Signature=")),
      /X-Amz-Signature is missing/,
    ],
    [
      "with a signature of another length",
      (url) => wrap(url.replace(/(X-Amz-Signature=\w+)\w/, "$1")),
      /signature does not match/,
    ],
    ["with a changed date", (url) => wrap(url.replace("T100000Z", "T100100Z")), /signature does not match/],
    ["with a date of another form", (url) => wrap(url.replace("20261121T100000Z", "yesterday")), /X-Amz-Date/],
  ];

  test.each(cases)("%s", async (_title, change, reason) => {
    const verdict = verifyToken(change(await presign(valid)), rules, now);
    expect(verdict).toEqual({ authenticated: false, reason: expect.stringMatching(reason) as string });
  });
});
