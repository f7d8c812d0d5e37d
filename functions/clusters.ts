import { createSecretsClient } from "../lib/aws/clients.ts";
import { createAccessResolver, createIdentityResolver } from "../lib/aws/cluster-access.ts";
import { createConnector } from "../lib/aws/connect.ts";
import { createEksClients } from "../lib/aws/eks-clients.ts";
import { keepGuard } from "../lib/guards/keep.ts";
import { leaveGuard } from "../lib/guards/leave.ts";
import type { InstallCustomResources, TakeBack } from "../lib/registry/ports.ts";
import { releaseClaims } from "../lib/rollouts/claims.ts";

/** Loaded by the first registration: most starts are for something else. */
const installCustomResources: InstallCustomResources = async (client, registration) => {
  const install = await import("../lib/registry/install.ts");
  return install.installCustomResources(client, registration);
};

/** Loaded by the first resource that goes. */
const takeBack: TakeBack = async (resource) => {
  const preparations = await import("../lib/rollouts/take-back.ts");
  return preparations.takeBack(resource);
};

/** The way to clusters: who one is, a pooled client for it, what is put into it and taken back. */
export function openClusters(env: { OUTRIGGER_LOCAL: "true" | "false" }) {
  const local = env.OUTRIGGER_LOCAL === "true";
  const eksClients = createEksClients();
  const resolveAccess = createAccessResolver({ secrets: createSecretsClient(), local, eksClients });
  return {
    local,
    eksClients,
    connect: createConnector({ resolveAccess }),
    resolveIdentity: createIdentityResolver(resolveAccess),
    installCustomResources,
    keepGuard,
    leaveGuard,
    takeBack,
    releaseClaims,
  };
}
