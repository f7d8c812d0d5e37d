import { changeClusters, clusterArn, type EksCluster, readClusters } from "./clusters.ts";
import type { EksRequest } from "./router.ts";

/** An error as the EKS API answers it; `code` is the exception's name, `more` what its body holds besides the message. */
export class EksError extends Error {
  override readonly name = "EksError";
  readonly status: number;
  readonly code: string;
  readonly more: Readonly<Record<string, unknown>>;

  constructor(status: number, code: string, message: string, more: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.more = more;
    this.status = status;
    this.code = code;
  }
}

interface Context {
  file: string;
  region: string;
  input: EksRequest["input"];
}

const OPERATIONS: Readonly<Record<string, (context: Context) => Promise<unknown>>> = {
  DescribeCluster: async (context) => ({ cluster: describeCluster(await findByName(context, text(context, "name"))) }),
  ListClusters: listClusters,
  ListTagsForResource: async (context) => ({ tags: (await findByArn(context)).tags }),
  TagResource: (context) => {
    const added = context.input["tags"] as Record<string, string>;
    return changeTags(context, (tags) => ({ ...tags, ...added }));
  },
  UntagResource: (context) => {
    const keys = [context.input["tagKeys"]].flat();
    return changeTags(context, (tags) =>
      Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.includes(key))),
    );
  },
};

/**
 * Carries out one operation on the clusters of a region.
 * @throws EksError with the exception the real service would send; 501 for operations that are not offered.
 */
export async function runOperation(request: EksRequest, file: string, region: string): Promise<unknown> {
  const run = OPERATIONS[request.operation];
  if (run === undefined) {
    const offered = Object.keys(OPERATIONS).join(", ");
    throw new EksError(
      501,
      "NotImplementedException",
      `The local EKS endpoint has no ${request.operation}; it offers ${offered}.`,
    );
  }
  return run({ file, region, input: request.input });
}

function text({ input }: Context, name: string): string {
  const value = input[name];
  if (typeof value !== "string") throw new EksError(400, "InvalidParameterException", `${name} is missing.`);
  return value;
}

async function findByName({ file, region }: Context, name: string): Promise<EksCluster> {
  const found = (await readClusters(file)).find((cluster) => cluster.name === name && cluster.region === region);
  if (found === undefined) throw new EksError(404, "ResourceNotFoundException", `No cluster found for name: ${name}.`);
  return found;
}

async function findByArn(context: Context): Promise<EksCluster> {
  const arn = text(context, "resourceArn");
  const found = (await readClusters(context.file)).find((cluster) => clusterArn(cluster) === arn);
  if (found === undefined) throw new EksError(404, "NotFoundException", `No resource found for arn: ${arn}.`);
  return found;
}

async function listClusters({ file, region, input }: Context): Promise<unknown> {
  const names = (await readClusters(file))
    .filter((cluster) => cluster.region === region)
    .map((cluster) => cluster.name);
  names.sort();
  const after = typeof input["nextToken"] === "string" ? Buffer.from(input["nextToken"], "base64url").toString() : "";
  const limit = Number(input["maxResults"] ?? 100);
  const page = names.filter((name) => name > after);
  const shown = page.slice(0, limit);
  const last = page.length > limit ? shown.at(-1) : undefined;
  return { clusters: shown, ...(last === undefined ? {} : { nextToken: Buffer.from(last).toString("base64url") }) };
}

async function changeTags(
  context: Context,
  change: (tags: Record<string, string>) => Record<string, string>,
): Promise<object> {
  const arn = clusterArn(await findByArn(context));
  await changeClusters(context.file, (clusters) =>
    clusters.map((cluster) => (clusterArn(cluster) === arn ? { ...cluster, tags: change(cluster.tags) } : cluster)),
  );
  return {};
}

/** The cluster as the API shows it; times are seconds since 1970. */
function describeCluster(cluster: EksCluster): unknown {
  return {
    name: cluster.name,
    arn: clusterArn(cluster),
    createdAt: Date.parse(cluster.createdAt) / 1000,
    version: cluster.version,
    endpoint: cluster.endpoint,
    roleArn: `arn:aws:iam::${cluster.accountId}:role/${cluster.name}-cluster`,
    resourcesVpcConfig: {
      subnetIds: [],
      securityGroupIds: [],
      endpointPublicAccess: true,
      endpointPrivateAccess: false,
    },
    kubernetesNetworkConfig: { serviceIpv4Cidr: "172.20.0.0/16", ipFamily: "ipv4" },
    status: cluster.status,
    certificateAuthority: { data: Buffer.from(cluster.caPem).toString("base64") },
    platformVersion: "eks.1",
    tags: cluster.tags,
    health: { issues: [] },
    accessConfig: { authenticationMode: "API" },
  };
}
