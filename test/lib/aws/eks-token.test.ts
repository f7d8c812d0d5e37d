import { describe, expect, test } from "vitest";
import { createEksTokenSource, type SigningCredentials, signEksToken } from "../../../lib/aws/eks-token.ts";
import { verifyToken } from "../../../local/token-verifier.ts";

const MINUTE_MS = 60_000;
const NOW = new Date("2026-11-21T10:00:00.000Z");
const credentials: SigningCredentials = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "secret/+key",
  sessionToken: "session+/=",
};
const arn = "arn:aws:sts::111122223333:assumed-role/hub/outrigger";
const rules = {
  clusterName: "prod",
  credentials: [{ ...credentials, arn }],
  accessEntries: [{ arn: "arn:aws:iam::111122223333:role/hub", username: "outrigger", groups: ["outrigger"] }],
};

describe("a token", () => {
  test("is a presigned GET of the regional STS, bound to the cluster's name", async () => {
    const token = await signEksToken({ clusterName: "prod", region: "eu-west-1" }, credentials, NOW);
    expect(token).toMatch(/^k8s-aws-v1\.[A-Za-z0-9_-]+$/);
    const url = new URL(Buffer.from(token.slice("k8s-aws-v1.".length), "base64url").toString());
    expect(url.origin).toBe("https://sts.eu-west-1.amazonaws.com");
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      Action: "GetCallerIdentity",
      Version: "2011-06-15",
      "X-Amz-Date": "20261121T100000Z",
      "X-Amz-Expires": "60",
      "X-Amz-SignedHeaders": "host;x-k8s-aws-id",
      "X-Amz-Security-Token": "session+/=",
    });
    expect(verifyToken(token, rules, NOW)).toMatchObject({ authenticated: true, username: "outrigger" });
    expect(verifyToken(token, { ...rules, clusterName: "other" }, NOW)).toMatchObject({ authenticated: false });
  });

  test("goes to the STS of its partition, whatever endpoint the environment sets", async () => {
    process.env["AWS_ENDPOINT_URL"] = "http://127.0.0.1:4566";
    try {
      const token = await signEksToken({ clusterName: "prod", region: "cn-north-1" }, credentials, NOW);
      const url = Buffer.from(token.slice("k8s-aws-v1.".length), "base64url").toString();
      expect(new URL(url).host).toBe("sts.cn-north-1.amazonaws.com.cn");
    } finally {
      delete process.env["AWS_ENDPOINT_URL"];
    }
  });

  test("that EKS would find too long is not made", async () => {
    const long = { ...credentials, sessionToken: "x".repeat(4_000) };
    await expect(signEksToken({ clusterName: "prod", region: "eu-west-1" }, long, NOW)).rejects.toThrow(
      "EKS cluster prod",
    );
  });
});

describe("the tokens of a cluster", () => {
  function source(expiration?: Date): {
    token: (renew?: boolean) => Promise<string>;
    at: (ms: number) => void;
    asked: unknown[];
  } {
    let now = NOW.getTime();
    const asked: unknown[] = [];
    const tokens = createEksTokenSource(
      { clusterName: "prod", region: "eu-west-1" },
      async (options) => {
        asked.push(options);
        return { ...credentials, ...(expiration === undefined ? {} : { expiration }) };
      },
      () => now,
    );
    return { token: (renew = false) => tokens({ renew }), at: (ms) => void (now = NOW.getTime() + ms), asked };
  }

  test("are used for 14 minutes", async () => {
    const { token, at } = source();
    const first = await token();
    at(14 * MINUTE_MS - 1);
    expect(await token()).toBe(first);
    at(14 * MINUTE_MS);
    expect(await token()).not.toBe(first);
  });

  test("are given up a minute before their credentials expire", async () => {
    const { token, at } = source(new Date(NOW.getTime() + 5 * MINUTE_MS));
    const first = await token();
    at(4 * MINUTE_MS - 1);
    expect(await token()).toBe(first);
    at(4 * MINUTE_MS);
    expect(await token()).not.toBe(first);
  });

  test("are renewed on demand, with fresh credentials", async () => {
    const { token, at, asked } = source();
    const first = await token();
    at(1_000);
    expect(await token(true)).not.toBe(first);
    expect(asked).toEqual([{}, { forceRefresh: true }]);
  });

  test("are signed once for callers that ask at the same time, and anew after a failure", async () => {
    let calls = 0;
    const tokens = createEksTokenSource({ clusterName: "prod", region: "eu-west-1" }, async () => {
      calls += 1;
      if (calls === 1) throw new Error("no credentials");
      return credentials;
    });
    await Promise.allSettled([tokens({ renew: false }), tokens({ renew: false })]);
    expect(calls).toBe(1);
    await expect(tokens({ renew: false })).resolves.toMatch(/^k8s-aws-v1\./);
  });
});
