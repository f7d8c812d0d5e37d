import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";
import * as der from "./der.ts";

/** A private key and its certificate, both PEM. */
export interface KeyAndCertificate {
  keyPem: string;
  certPem: string;
}

/** A certificate authority that can issue. */
export interface CertificateAuthority extends KeyAndCertificate {
  issue(request: CertificateRequest): KeyAndCertificate;
}

export interface CertificateRequest {
  commonName: string;
  /** Kubernetes reads these as the groups of a client certificate's user. */
  organizations?: readonly string[];
  /** DNS names and IP addresses; present makes it a serving certificate, absent a client certificate. */
  hosts?: readonly string[];
}

const VALID_DAYS = 365;
const DAY_MS = 86_400_000;
const ECDSA_WITH_SHA256 = der.sequence(der.objectIdentifier("1.2.840.10045.4.3.2"));
const [COMMON_NAME, ORGANIZATION] = ["2.5.4.3", "2.5.4.10"];
const [SUBJECT_KEY_ID, KEY_USAGE, SUBJECT_ALT_NAME] = ["2.5.29.14", "2.5.29.15", "2.5.29.17"];
const [BASIC_CONSTRAINTS, AUTHORITY_KEY_ID, EXTENDED_KEY_USAGE] = ["2.5.29.19", "2.5.29.35", "2.5.29.37"];
const [SERVER_AUTH, CLIENT_AUTH] = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"];

/** Makes a fresh certificate authority (ECDSA P-256, valid for a year) whose key never leaves this computer. */
export function createCertificateAuthority(commonName: string): CertificateAuthority {
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = distinguishedName({ commonName });
  const keyId = keyIdOf(keys.publicKey);
  const authority = { name, keyId, privateKey: keys.privateKey };
  const extensions = [
    extension(BASIC_CONSTRAINTS, der.sequence(der.boolean(true)), true),
    extension(KEY_USAGE, der.bitString(Buffer.from([0b1000_0110]), 1), true),
    extension(SUBJECT_KEY_ID, der.octetString(keyId)),
  ];
  return {
    keyPem: privatePem(keys.privateKey),
    certPem: certificate(name, keys.publicKey, extensions, authority),
    issue: (request) => issue(request, authority),
  };
}

interface Issuer {
  name: Buffer;
  keyId: Buffer;
  privateKey: KeyObject;
}

function issue(request: CertificateRequest, issuer: Issuer): KeyAndCertificate {
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const usage = request.hosts === undefined ? CLIENT_AUTH : SERVER_AUTH;
  const extensions = [
    extension(KEY_USAGE, der.bitString(Buffer.from([0b1000_0000]), 7), true),
    extension(EXTENDED_KEY_USAGE, der.sequence(der.objectIdentifier(usage))),
    extension(AUTHORITY_KEY_ID, der.sequence(der.tagged(0x80, issuer.keyId))),
  ];
  if (request.hosts !== undefined) {
    extensions.push(extension(SUBJECT_ALT_NAME, der.sequence(...request.hosts.map(generalName))));
  }
  return {
    keyPem: privatePem(keys.privateKey),
    certPem: certificate(distinguishedName(request), keys.publicKey, extensions, issuer),
  };
}

function certificate(subject: Buffer, publicKey: KeyObject, extensions: Buffer[], issuer: Issuer): string {
  const now = Date.now();
  const serial = randomBytes(16);
  serial[0] = (serial[0] ?? 0) & 0x7f || 1;
  const body = der.sequence(
    der.tagged(0xa0, der.integer(Buffer.from([2]))),
    der.integer(serial),
    ECDSA_WITH_SHA256,
    issuer.name,
    der.sequence(der.time(new Date(now - 300_000)), der.time(new Date(now + VALID_DAYS * DAY_MS))),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    der.tagged(0xa3, der.sequence(...extensions)),
  );
  const signature = sign("sha256", body, issuer.privateKey);
  const whole = der.sequence(body, ECDSA_WITH_SHA256, der.bitString(signature));
  const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function distinguishedName(request: CertificateRequest): Buffer {
  const attribute = (type: string, value: string): Buffer =>
    der.set(der.sequence(der.objectIdentifier(type), der.utf8String(value)));
  const organizations = (request.organizations ?? []).map((organization) => attribute(ORGANIZATION, organization));
  return der.sequence(...organizations, attribute(COMMON_NAME, request.commonName));
}

function extension(type: string, value: Buffer, critical = false): Buffer {
  return der.sequence(der.objectIdentifier(type), ...(critical ? [der.boolean(true)] : []), der.octetString(value));
}

function generalName(host: string): Buffer {
  if (isIP(host) === 4) return der.tagged(0x87, Buffer.from(host.split(".").map(Number)));
  if (isIP(host) !== 0)
    throw new Error(`A serving certificate for ${host} is not supported: use an IPv4 address or a DNS name.`);
  return der.tagged(0x82, Buffer.from(host, "latin1"));
}

/** RFC 5280 section 4.2.1.2 (1) with SHA-256 cut to 20 bytes (RFC 7093). */
function keyIdOf(publicKey: KeyObject): Buffer {
  const spki = publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(spki.subarray(-65)).digest().subarray(0, 20);
}

function privatePem(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

/** An RSA key pair for signing service account tokens. */
export function createServiceAccountKey(): { privatePem: string; publicPem: string } {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const publicPem = createPublicKey(privateKey).export({ type: "spki", format: "pem" }).toString();
  return { privatePem: privatePem(privateKey), publicPem };
}
