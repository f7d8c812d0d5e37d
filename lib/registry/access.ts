import type { Access } from "./registration.ts";

const EKS_ARN = /^arn:(aws[a-z-]*):eks:([a-z0-9-]+):(\d{12}):cluster\/([0-9A-Za-z][0-9A-Za-z_-]{0,99})$/;

/** The parts of an EKS cluster's ARN. */
export interface EksArn {
  partition: string;
  region: string;
  accountId: string;
  clusterName: string;
}

/** @returns the parts, or undefined when the text is no ARN of an EKS cluster. */
export function parseEksArn(arn: string): EksArn | undefined {
  const match = EKS_ARN.exec(arn);
  if (match === null) return undefined;
  const [, partition, region, accountId, clusterName] = match;
  if (partition === undefined || region === undefined || accountId === undefined || clusterName === undefined)
    return undefined;
  return { partition, region, accountId, clusterName };
}

/** AWS partitions are told by the region's prefix. */
function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  if (region.startsWith("us-gov-")) return "aws-us-gov";
  return "aws";
}

/** The fields of an event that say how the cluster is reached; exactly one kind is set. */
export interface AccessFields {
  name: string;
  arn?: string | undefined;
  region?: string | undefined;
  accountId?: string | undefined;
  kubeconfigSecret?: string | undefined;
  roleArn?: string | undefined;
  externalId?: string | undefined;
}

/**
 * Which access a valid event means. With region and account the EKS cluster has the registration's own name.
 * @throws Error when the fields name no access; a parsed event always names one.
 */
export function accessOf(fields: AccessFields): Access {
  if (fields.kubeconfigSecret !== undefined) return { type: "kubeconfig", secret: fields.kubeconfigSecret };
  const arn =
    fields.arn ??
    `arn:${partitionOf(fields.region ?? "")}:eks:${fields.region}:${fields.accountId}:cluster/${fields.name}`;
  const parts = parseEksArn(arn);
  if (parts === undefined)
    throw new Error(`The event of cluster ${fields.name} names no access: ${arn} is no ARN of an EKS cluster.`);
  return {
    type: "eks",
    clusterName: parts.clusterName,
    arn,
    region: parts.region,
    accountId: parts.accountId,
    ...(fields.roleArn === undefined ? {} : { roleArn: fields.roleArn }),
    ...(fields.externalId === undefined ? {} : { externalId: fields.externalId }),
  };
}

/** The access as people read it in messages. */
export function describeAccess(access: Access): string {
  return access.type === "eks" ? access.arn : `kubeconfig secret ${access.secret}`;
}
