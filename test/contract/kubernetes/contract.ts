import { afterAll, beforeAll, describe, test, vi } from "vitest";
import { ACCESS } from "./access.ts";
import { ADMISSION_POLICIES } from "./admission-policies.ts";
import { type ContractClient, createContractClient, type Subject } from "./client.ts";
import { CUSTOM_RESOURCES } from "./custom-resources.ts";
import { DEFINITIONS } from "./definitions.ts";
import { DELETIONS } from "./deletions.ts";
import { differenceRows, type Server } from "./differences.ts";
import { GUARDS } from "./guards.ts";
import { KINDS } from "./kinds.ts";
import { KUBELETS } from "./kubelets.ts";
import { LISTS } from "./lists.ts";
import { PATCHES } from "./patches.ts";
import { PROPAGATION } from "./propagation.ts";
import { REPLACEMENTS } from "./replacements.ts";
import { ROLES } from "./roles.ts";
import { runRow } from "./run.ts";
import { STATEFUL_SET_SCALE } from "./stateful-set-scale.ts";
import { STATEFUL_SET_UPDATES } from "./stateful-set-updates.ts";
import { STATEFUL_SETS } from "./stateful-sets.ts";
import type { Row } from "./step.ts";
import { STRUCTURED_PATCHES } from "./structured-patches.ts";
import { TABLES } from "./tables.ts";
import { VERBS } from "./verbs.ts";
import { WATCHES } from "./watches.ts";

const GROUPS: Readonly<Record<string, readonly Row[]>> = {
  "verbs and errors": [...VERBS, ...REPLACEMENTS, ...KINDS],
  patches: [...PATCHES, ...STRUCTURED_PATCHES],
  lists: [...LISTS, ...TABLES],
  watches: WATCHES,
  "deletes and preconditions": [...DELETIONS, ...PROPAGATION],
  StatefulSets: [...STATEFUL_SETS, ...STATEFUL_SET_UPDATES, ...STATEFUL_SET_SCALE],
  "authentication and RBAC": [...ACCESS, ...ROLES],
  "custom resources": [...CUSTOM_RESOURCES, ...DEFINITIONS],
  "admission policies": [...ADMISSION_POLICIES, ...GUARDS],
  "nodes and pods": KUBELETS,
};

/** What a Kubernetes API does, as far as Outrigger and its tests rely on it; run on the embedded one and on the real one. */
export function kubernetesContract(server: Server, open: () => Promise<Subject>): void {
  let client: ContractClient;
  vi.setConfig({ maxConcurrency: 16 });
  beforeAll(async () => {
    client = createContractClient(await open());
  });
  afterAll(async () => client?.close());
  const groups = { ...GROUPS, [`known differences: the ${server} API`]: differenceRows(server) };
  for (const [group, rows] of Object.entries(groups)) {
    describe.concurrent(group, () => {
      test.each(rows)("$title", async (row) => runRow(client, row));
    });
  }
}
