import { STATEFUL_SETS } from "../kubernetes/types.ts";
import type { WorkKey } from "../work/keys.ts";
import { scheduleWork } from "../work/post.ts";
import { capabilityOfKind, coversNamespace, RESOURCES_OF } from "./capabilities.ts";
import { discoveryKey } from "./discovery-key.ts";
import type { ResourceChangedDetail } from "./events.ts";
import type { RegisterPorts } from "./ports.ts";
import { didYouMean } from "./problems.ts";
import type { Capability } from "./registration.ts";

/** Kinds that the discovery pass itself looks at: the labels of StatefulSets, for the guard. */
const LOOKED_AT: Readonly<Record<string, Capability>> = { [STATEFUL_SETS.kind]: "rollouts" };

/** Looks at a resource now; one that is not known yet is looked for now. */
export async function changeResource(
  ports: Pick<RegisterPorts, "registry" | "work" | "queue" | "clock" | "log">,
  detail: ResourceChangedDetail,
): Promise<{ type: "done" } | { type: "rejected"; problems: string[] }> {
  const { cluster, kind, namespace, name } = detail;
  const registration = await ports.registry.load(cluster);
  if (registration?.state !== "Active") {
    const state =
      registration === undefined
        ? "not registered"
        : registration.state === "Deregistering"
          ? "being deregistered"
          : "deregistered";
    return {
      type: "rejected",
      problems: [`detail.cluster: cluster ${cluster} is ${state}; register it first (\`outrigger cluster register\`)`],
    };
  }
  const lookedAt = LOOKED_AT[kind];
  const capability = capabilityOfKind(kind) ?? lookedAt;
  if (capability === undefined) {
    const kinds = Object.values(RESOURCES_OF).flatMap((types) => types.map((type) => type.kind));
    const suggestion = didYouMean(kind, kinds) ?? kinds.join(", ");
    return {
      type: "rejected",
      problems: [`detail.kind: nothing here reconciles ${kind}; did you mean ${suggestion}?`],
    };
  }
  const problems = [
    registration.capabilities.includes(capability)
      ? ""
      : `detail.kind: cluster ${cluster} is registered without the capability \`${capability}\`, which ${kind} needs; add it with Cluster Updated`,
    coversNamespace(registration, namespace)
      ? ""
      : `detail.namespace: cluster ${cluster} is registered for the namespaces ${registration.namespaces.join(", ")} only, not for "${namespace}"; add it with Cluster Updated`,
  ].filter((problem) => problem !== "");
  if (problems.length > 0) return { type: "rejected", problems };
  const key: WorkKey = { cluster, home: "cluster", kind, namespace, name };
  const known = lookedAt === undefined ? await ports.work.load(key) : undefined;
  await scheduleWork(
    { ...ports, store: ports.work },
    known === undefined ? discoveryKey(cluster) : key,
    ports.clock.now(),
  );
  return { type: "done" };
}
