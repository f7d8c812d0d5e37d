import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type TLSSocket } from "node:tls";
import { expect, test } from "vitest";
import { createCertificateAuthority } from "../../../local/control-plane/certificates.ts";

const authority = createCertificateAuthority("test-ca");

test("an authority is its own issuer and may sign certificates", () => {
  const certificate = new X509Certificate(authority.certPem);
  expect([certificate.subject, certificate.issuer, certificate.ca]).toEqual(["CN=test-ca", "CN=test-ca", true]);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
});

test("a client certificate carries user and groups", () => {
  const { certPem } = authority.issue({ commonName: "ann", organizations: ["system:masters", "ops"] });
  const certificate = new X509Certificate(certPem);
  expect(certificate.subject.split("\n")).toEqual(["O=system:masters", "O=ops", "CN=ann"]);
  expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
  expect(certificate.verify(new X509Certificate(authority.certPem).publicKey)).toBe(true);
});

test("a serving certificate names its hosts", () => {
  const { certPem } = authority.issue({ commonName: "server", hosts: ["127.0.0.1", "localhost"] });
  expect(new X509Certificate(certPem).subjectAltName).toBe("IP Address:127.0.0.1, DNS:localhost");
});

test("a handshake with both certificates succeeds", async () => {
  const serving = authority.issue({ commonName: "server", hosts: ["127.0.0.1"] });
  const client = authority.issue({ commonName: "ann" });
  const server = createServer({ key: serving.keyPem, cert: serving.certPem, ca: authority.certPem, requestCert: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, "secureConnection") as Promise<[TLSSocket]>;
  const socket = connect({ host: "127.0.0.1", port, ca: authority.certPem, key: client.keyPem, cert: client.certPem });
  const [peer] = await accepted;
  expect([peer.authorized, peer.getPeerCertificate().subject.CN]).toEqual([true, "ann"]);
  socket.destroy();
  server.close();
});

test("a serving certificate for an IPv6 address is refused by name", () => {
  expect(() => authority.issue({ commonName: "server", hosts: ["::1"] })).toThrow(
    "A serving certificate for ::1 is not supported",
  );
});
