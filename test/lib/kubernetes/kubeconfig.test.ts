import { describe, expect, test } from "vitest";
import { authorityIdentity, KubeconfigError, readKubeconfig } from "../../../lib/kubernetes/kubeconfig.ts";
import { createCertificateAuthority } from "../../../local/control-plane/certificates.ts";

const authority = createCertificateAuthority("kubernetes");
const issued = authority.issue({ commonName: "outrigger" });
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const ca = base64(authority.certPem);
const certificate = base64(issued.certPem);
const key = base64(issued.keyPem);
const SECRET = "s3cr3t-value";

function kubeconfig(user: object | null, cluster: object = {}, rest: object = {}): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "prod", user: "admin" } }],
    clusters: [
      {
        name: "prod",
        cluster: { server: "https://k8s.example.com:6443/", "certificate-authority-data": ca, ...cluster },
      },
    ],
    users: [{ name: "admin", user }],
    ...rest,
  });
}

const read = (text: string, local = false): ReturnType<typeof readKubeconfig> =>
  readKubeconfig(text, { source: "secret prod/kubeconfig", local });

describe("a kubeconfig gives access", () => {
  test("with a token", async () => {
    const access = read(kubeconfig({ token: SECRET }));
    expect(access).toMatchObject({ server: "https://k8s.example.com:6443", caPem: authority.certPem });
    await expect(access.token?.({ renew: false })).resolves.toBe(SECRET);
    expect(access.clientCertificate).toBeUndefined();
  });

  test("with a client certificate and no token", () => {
    const access = read(kubeconfig({ "client-certificate-data": certificate, "client-key-data": key }));
    expect(access.clientCertificate).toEqual({ certPem: issued.certPem, keyPem: issued.keyPem });
    expect(access.token).toBeUndefined();
  });

  test("with another TLS name, and a context other than the current one", () => {
    const text = kubeconfig({ token: SECRET }, { "tls-server-name": "kubernetes" }, { "current-context": "" });
    expect(readKubeconfig(text, { source: "s", context: "c" })).toMatchObject({ serverName: "kubernetes" });
  });

  test("written as YAML", () => {
    const yaml = `
apiVersion: v1
current-context: c
contexts: [{name: c, context: {cluster: prod, user: admin, namespace: x}}]
clusters:
- name: prod
  cluster: {server: https://10.0.0.1, certificate-authority-data: ${ca}}
users:
- {name: admin, user: {token: ${SECRET}}}
`;
    expect(read(yaml)).toMatchObject({ server: "https://10.0.0.1" });
  });

  test("without verifying the server, in the local environment only", () => {
    expect(read(kubeconfig({ token: SECRET }, { "insecure-skip-tls-verify": true }), true).insecureSkipTlsVerify).toBe(
      true,
    );
  });
});

const token = { token: SECRET };
const REFUSED: [name: string, kubeconfig: string, message: string][] = [
  [
    "an exec user",
    kubeconfig({ exec: { command: "aws", env: SECRET } }),
    'user "admin" runs a command for its credentials (exec)',
  ],
  [
    "an auth-provider user",
    kubeconfig({ "auth-provider": { name: "gcp", token: SECRET } }),
    'user "admin" uses an auth-provider',
  ],
  ["a password", kubeconfig({ username: "a", password: SECRET }), 'user "admin" logs in with user name and password'],
  ["a token file", kubeconfig({ tokenFile: "/t" }), 'user "admin" reads its token from a file'],
  ["a certificate file", kubeconfig({ "client-certificate": "/c" }), "kubectl config view --flatten --raw"],
  ["impersonation", kubeconfig({ ...token, as: "x" }), 'user "admin" impersonates another user'],
  ["no credentials", kubeconfig({}), 'user "admin" has no credentials'],
  ["an empty user", kubeconfig(null), 'user "admin" has no credentials'],
  ["half a pair", kubeconfig({ "client-key-data": base64(SECRET) }), 'user "admin" has only one of'],
  [
    "an unreadable key",
    kubeconfig({ "client-certificate-data": certificate, "client-key-data": base64(SECRET) }),
    'user "admin" has client-key-data that is no base64',
  ],
  [
    "an unreadable CA",
    kubeconfig(token, { "certificate-authority-data": base64(SECRET) }),
    'cluster "prod" has certificate-authority-data',
  ],
  ["a CA file", kubeconfig(token, { "certificate-authority": "/ca" }), 'cluster "prod" names a CA file'],
  [
    "no verification",
    kubeconfig(token, { "insecure-skip-tls-verify": true }),
    'cluster "prod" has insecure-skip-tls-verify',
  ],
  ["a proxy", kubeconfig(token, { "proxy-url": "http://p" }), 'cluster "prod" is reached through a proxy'],
  [
    "plain http",
    kubeconfig(token, { server: "http://k8s" }),
    'cluster "prod" has the server "http://k8s"; give an https URL',
  ],
  [
    "credentials in the URL",
    kubeconfig(token, { server: `https://u:${SECRET}@k8s` }),
    "has credentials in its server URL",
  ],
  ["no current context", kubeconfig(token, {}, { "current-context": "" }), "has no current-context; set it with"],
  ["an unknown context", kubeconfig(token, {}, { "current-context": "d" }), 'has no context "d"; it has "c"'],
  ["no contexts", kubeconfig(token, {}, { contexts: null }), 'has no context "c"; it has none'],
  ["a missing cluster", kubeconfig(token, {}, { clusters: [] }), 'names the cluster "prod", of which there is none'],
  ["a missing user", kubeconfig(token, {}, { users: null }), 'names the user "admin", of which there is none'],
  ["no server", kubeconfig(token, { server: 5 }), "is no kubeconfig: clusters.0.cluster.server: must be text"],
  ["no map", `- ${SECRET}`, "is no kubeconfig: it: must be an object"],
  ["broken YAML", `a: ${SECRET}: b`, "is no kubeconfig: not readable as YAML at line 1"],
];

describe("a kubeconfig is refused, by name and without its secrets, for", () => {
  test.each(REFUSED)("%s", (_name, text, message) => {
    const refused = (): unknown => read(text);
    expect(refused).toThrow(KubeconfigError);
    expect(refused).toThrow(`secret prod/kubeconfig: `);
    expect(refused).toThrow(message);
    expect(refused).not.toThrow(SECRET);
    expect(refused).not.toThrow(base64(SECRET));
  });
});

test("a cluster without ARN is its certificate authority, or its URL when that is a public one", () => {
  const server = "https://k8s.example.com";
  const other = createCertificateAuthority("kubernetes");
  const identity = authorityIdentity({ server, caPem: authority.certPem });
  expect(identity).toMatch(/^ca:[0-9a-f]{64}$/);
  expect(authorityIdentity({ server: "https://moved", caPem: `# comment\n${authority.certPem}` })).toBe(identity);
  expect(authorityIdentity({ server, caPem: other.certPem })).not.toBe(identity);
  expect(authorityIdentity({ server })).not.toBe(authorityIdentity({ server: "https://moved" }));
});
