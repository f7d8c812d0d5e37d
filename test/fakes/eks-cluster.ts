import { createCertificateAuthority } from "../../local/control-plane/certificates.ts";
import type { EksCluster } from "../../local/eks/clusters.ts";

/** A cluster for the local EKS endpoint, in us-east-1 of the local account. */
export const eksClusterOf = (name: string): EksCluster => ({
  name,
  region: "us-east-1",
  accountId: "000000000000",
  endpoint: `https://${name}.gr7.us-east-1.eks.amazonaws.com`,
  caPem: createCertificateAuthority(name).certPem,
  createdAt: "2026-11-01T00:00:00.000Z",
  version: "1.35",
  status: "ACTIVE",
  tags: {},
});
