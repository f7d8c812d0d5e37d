import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import * as z from "zod";
import type { ClusterAccess } from "./client.ts";
import { problemsInWords } from "./issue-in-words.ts";
import { readYaml, YamlError } from "./yaml.ts";

/** A kubeconfig that cannot be used. Names the context, cluster or user and the next step; never holds a secret value. */
export class KubeconfigError extends Error {
  override readonly name = "KubeconfigError";
}

const text = z.string().min(1);
const Cluster = z.looseObject({
  server: text,
  "certificate-authority-data": text.optional(),
  "tls-server-name": text.optional(),
  "insecure-skip-tls-verify": z.boolean().optional(),
});
const User = z.looseObject({
  token: text.optional(),
  "client-certificate-data": text.optional(),
  "client-key-data": text.optional(),
});
const Kubeconfig = z.looseObject({
  "current-context": z.string().optional(),
  clusters: entries(z.object({ name: text, cluster: Cluster })),
  contexts: entries(z.object({ name: text, context: z.looseObject({ cluster: text, user: text }) })),
  users: entries(z.object({ name: text, user: User.nullish().transform((user) => user ?? {}) })),
});

/** kubectl writes empty lists as null. */
function entries<T extends z.ZodType>(entry: T): z.ZodType<z.output<T>[]> {
  const list = z.array(entry).nullish();
  return list.transform((items) => items ?? []);
}

export interface KubeconfigOptions {
  /** Names the kubeconfig in errors, e.g. `secret prod/kubeconfig`. */
  source: string;
  /** Default: the kubeconfig's `current-context`. */
  context?: string;
  /** The local environment: `insecure-skip-tls-verify` is allowed. */
  local?: boolean;
}

const SERVICE_ACCOUNT = "use a service account's token or a client certificate, held in the kubeconfig itself";

/** What a user entry may not use, and why. */
const REFUSED_USER: readonly (readonly [key: string, problem: string])[] = [
  ["exec", `runs a command for its credentials (exec), and nothing can be run here; ${SERVICE_ACCOUNT}`],
  ["auth-provider", `uses an auth-provider, which Kubernetes removed in 1.26; ${SERVICE_ACCOUNT}`],
  ["username", `logs in with user name and password, which Kubernetes removed in 1.19; ${SERVICE_ACCOUNT}`],
  ["password", `logs in with user name and password, which Kubernetes removed in 1.19; ${SERVICE_ACCOUNT}`],
  ["tokenFile", "reads its token from a file (tokenFile), and there are no files here; put the value into `token`"],
  [
    "client-certificate",
    "names a certificate file; run `kubectl config view --flatten --raw` to put it into the kubeconfig",
  ],
  ["client-key", "names a key file; run `kubectl config view --flatten --raw` to put it into the kubeconfig"],
  ["as", "impersonates another user (as); bind the permissions to the user itself"],
];
const REFUSED_CLUSTER: readonly (readonly [key: string, problem: string])[] = [
  ["certificate-authority", "names a CA file; run `kubectl config view --flatten --raw` to put it into the kubeconfig"],
  [
    "proxy-url",
    "is reached through a proxy (proxy-url), which is not supported; give a server that can be reached directly",
  ],
];

/** Reads the access to one cluster out of a kubeconfig. Throws `KubeconfigError`. */
export function readKubeconfig(kubeconfig: string, options: KubeconfigOptions): ClusterAccess {
  const config = parse(kubeconfig, options.source);
  const refuse = (problem: string): never => {
    throw new KubeconfigError(`${options.source}: ${problem}`);
  };
  const contextName = options.context ?? config["current-context"] ?? "";
  if (contextName === "") refuse("has no current-context; set it with `kubectl config use-context NAME`");
  const named = config.contexts.find(({ name }) => name === contextName)?.context;
  const context = named ?? refuse(`has no context ${quote(contextName)}; it has ${names(config.contexts)}`);
  const cluster =
    config.clusters.find(({ name }) => name === context.cluster)?.cluster ??
    refuse(`context ${quote(contextName)} names the cluster ${quote(context.cluster)}, of which there is none`);
  const user =
    config.users.find(({ name }) => name === context.user)?.user ??
    refuse(`context ${quote(contextName)} names the user ${quote(context.user)}, of which there is none`);
  const refuseCluster = (problem: string): never => refuse(`cluster ${quote(context.cluster)} ${problem}`);
  const refuseUser = (problem: string): never => refuse(`user ${quote(context.user)} ${problem}`);
  return { ...clusterAccess(cluster, options.local === true, refuseCluster), ...userAccess(user, refuseUser) };
}

function parse(kubeconfig: string, source: string): z.infer<typeof Kubeconfig> {
  let content: unknown;
  try {
    content = readYaml(kubeconfig, source);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    const problem = `${source}: is no kubeconfig: not readable as YAML at line ${error.line}, column ${error.column}`;
    throw new KubeconfigError(problem);
  }
  const parsed = Kubeconfig.safeParse(content);
  if (parsed.success) return parsed.data;
  throw new KubeconfigError(`${source}: is no kubeconfig: ${problemsInWords(parsed.error).join("; ")}`);
}

function clusterAccess(
  cluster: z.infer<typeof Cluster>,
  local: boolean,
  refuse: (problem: string) => never,
): Pick<ClusterAccess, "server" | "caPem" | "serverName" | "insecureSkipTlsVerify"> {
  for (const [key, problem] of REFUSED_CLUSTER) if (cluster[key] !== undefined) refuse(problem);
  const insecure = cluster["insecure-skip-tls-verify"] === true;
  if (insecure && !local) {
    refuse("has insecure-skip-tls-verify, so anybody could pose as it; give its certificate-authority-data instead");
  }
  const url = URL.parse(cluster.server);
  if (url === null) return refuse("has a server that is no URL; give an https URL");
  if (url.username !== "" || url.password !== "")
    refuse("has credentials in its server URL; give them in the user entry");
  if (url.protocol !== "https:") refuse(`has the server ${quote(cluster.server)}; give an https URL`);
  const data = cluster["certificate-authority-data"];
  const serverName = cluster["tls-server-name"];
  return {
    server: cluster.server.replace(/\/+$/, ""),
    ...(data === undefined ? {} : { caPem: certificates(data, "certificate-authority-data", refuse) }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(insecure ? { insecureSkipTlsVerify: true } : {}),
  };
}

function userAccess(
  user: z.infer<typeof User>,
  refuse: (problem: string) => never,
): Pick<ClusterAccess, "token" | "clientCertificate"> {
  for (const [key, problem] of REFUSED_USER) if (user[key] !== undefined) refuse(problem);
  const { token, "client-certificate-data": certificate, "client-key-data": key } = user;
  if ((certificate === undefined) !== (key === undefined)) {
    refuse("has only one of client-certificate-data and client-key-data; give both");
  }
  if (token === undefined && certificate === undefined) refuse(`has no credentials; ${SERVICE_ACCOUNT}`);
  return {
    ...(token === undefined ? {} : { token: () => Promise.resolve(token) }),
    ...(certificate === undefined || key === undefined
      ? {}
      : {
          clientCertificate: {
            certPem: certificates(certificate, "client-certificate-data", refuse),
            keyPem: privateKey(key, refuse),
          },
        }),
  };
}

function certificates(base64: string, field: string, refuse: (problem: string) => never): string {
  const pem = Buffer.from(base64, "base64").toString("utf8");
  try {
    for (const block of pemBlocks(pem)) new X509Certificate(block);
    if (pemBlocks(pem).length > 0) return pem;
  } catch {
    // Refused below, without quoting what was there.
  }
  return refuse(`has ${field} that is no base64 of PEM certificates`);
}

function privateKey(base64: string, refuse: (problem: string) => never): string {
  const pem = Buffer.from(base64, "base64").toString("utf8");
  try {
    createPrivateKey(pem);
    return pem;
  } catch {
    return refuse("has client-key-data that is no base64 of a PEM private key");
  }
}

function pemBlocks(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
}

/**
 * Who a cluster without ARN is: `ca:` and the SHA-256 of its authority's certificates; of its URL when its certificate
 * comes from a public authority.
 */
export function authorityIdentity(access: Pick<ClusterAccess, "caPem" | "server">): string {
  const hash = createHash("sha256");
  if (access.caPem === undefined) return `ca:${hash.update(access.server).digest("hex")}`;
  for (const block of pemBlocks(access.caPem)) hash.update(new X509Certificate(block).raw);
  return `ca:${hash.digest("hex")}`;
}

const quote = (name: string): string => JSON.stringify(name);

function names(entries: readonly { name: string }[]): string {
  return entries.length === 0 ? "none" : entries.map(({ name }) => quote(name)).join(", ");
}
