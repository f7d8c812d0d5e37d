import { Agent, request } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createCertificateAuthority } from "../../local/control-plane/certificates.ts";
import { serveTokenReviews, type TokenReviewServer } from "../../local/token-review.ts";
import { verifyTestToken } from "../contract/kubernetes/test-tokens.ts";

/** Of Go's HTTP client, with which an API server asks. */
const API_SERVER_IDLE_SECONDS = 90;

const authority = createCertificateAuthority("token reviews");
const dispatcher = new Agent({ connect: { ca: authority.certPem } });
let server: TokenReviewServer;

beforeAll(async () => {
  const serving = authority.issue({ commonName: "reviews", hosts: ["127.0.0.1"] });
  server = await serveTokenReviews({ verify: verifyTestToken, ...serving });
});

afterAll(async () => {
  await dispatcher.destroy();
  await server?.close();
});

test("a connection that is idle is left for the API server to end: a review that met the end would refuse a good token", async () => {
  const review = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token: "test:bob:team" } };
  const body = JSON.stringify(review);
  const { statusCode, headers, body: answer } = await request(server.url, { dispatcher, method: "POST", body });
  expect(statusCode).toBe(200);
  expect(await answer.json()).toMatchObject({ status: { authenticated: true, user: { username: "bob" } } });
  const [, seconds] = /timeout=(\d+)/.exec(String(headers["keep-alive"])) ?? [];
  expect(Number(seconds)).toBeGreaterThan(API_SERVER_IDLE_SECONDS);
});
