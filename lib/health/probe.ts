import type { KubernetesClient } from "../kubernetes/client.ts";
import type { EmittedDetail } from "../registry/emitted-events.ts";
import type { Registration } from "../registry/registration.ts";
import type { RegistryStore } from "../registry/store.ts";
import type { ProbeMessage } from "../work/messages.ts";
import type { Clock, EventBus, Log, Metrics } from "../work/ports.ts";
import { assessHealth } from "./assess.ts";
import type { HealthObservation } from "./observation.ts";
import { observeHealth, observeNoAccess } from "./observe.ts";
import { planHealth } from "./plan.ts";
import type { HealthClass } from "./row.ts";

/** Clusters probed at the same time for one message. */
const CONCURRENCY = 10;
/** Milliseconds for each of the two requests: both must fit into the lane's timeout, whatever happens. */
const REQUEST_TIMEOUT_MS = 8_000;

export interface ProbePorts {
  registry: Pick<RegistryStore, "load" | "loadHealth" | "saveHealth">;
  connect(registration: Registration): Promise<KubernetesClient>;
  bus: EventBus;
  metrics: Metrics;
  clock: Clock;
  log: Log;
}

/** What became of one cluster of a message. `skipped`: not registered any more, or without the capability `observe`; `unknown`: AWS did not say how to reach it. */
export interface ProbeOutcome {
  cluster: string;
  result: HealthClass | "skipped" | "unknown";
}

/**
 * Probes the clusters of one message. A sick cluster is a result, never an error, and never touches its neighbours.
 * @throws what the hub's own table throws: the message goes back to the queue. A lost probe is made good by the next.
 */
export async function runProbe(ports: ProbePorts, message: ProbeMessage): Promise<ProbeOutcome[]> {
  const waiting = [...new Set(message.clusters)];
  const outcomes: ProbeOutcome[] = [];
  const failures: unknown[] = [];
  const probeNext = async (): Promise<void> => {
    for (let cluster = waiting.shift(); cluster !== undefined; cluster = waiting.shift()) {
      try {
        outcomes.push({ cluster, result: await probeCluster(ports, cluster) });
      } catch (error) {
        ports.log("error", "Probe not completed", {
          cluster,
          cause: error instanceof Error ? error.message : String(error),
        });
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, probeNext));
  if (failures.length > 0) throw failures[0];
  return outcomes.sort((a, b) => (a.cluster < b.cluster ? -1 : 1));
}

async function probeCluster(ports: ProbePorts, cluster: string): Promise<ProbeOutcome["result"]> {
  const [registration, previous] = await Promise.all([
    ports.registry.load(cluster),
    ports.registry.loadHealth(cluster),
  ]);
  if (registration?.state !== "Active" || !registration.capabilities.includes("observe")) return "skipped";
  const observation = await observe(ports, registration);
  if (observation === undefined) return "unknown";
  const assessment = assessHealth(observation, cluster);
  if (assessment.latencyMs !== undefined) ports.metrics.add("ProbeLatency", assessment.latencyMs);
  const { write, transition } = planHealth(registration, previous, assessment);
  // Another probe that wrote meanwhile also told of it.
  if (write === undefined || !(await ports.registry.saveHealth(write, previous)) || transition === undefined)
    return assessment.class;
  const failed = assessment.checks.filter(({ ok }) => !ok).map(({ name, message }) => `${name}: ${message}`);
  const detail: EmittedDetail<"Cluster Health Changed"> = {
    cluster,
    ...transition,
    observedAt: assessment.observedAt,
    failed,
    ...(assessment.nodes === undefined ? {} : { nodes: assessment.nodes }),
  };
  ports.log("info", "Cluster health changed", detail);
  try {
    await ports.bus.put([{ detailType: "Cluster Health Changed", detail }]);
  } catch (error) {
    ports.log("warn", "Event not sent", { cluster, cause: error instanceof Error ? error.message : String(error) });
  }
  return assessment.class;
}

/** No client is an observation too, unless AWS was only too busy: that says nothing about the cluster. */
async function observe(ports: ProbePorts, registration: Registration): Promise<HealthObservation | undefined> {
  let client: KubernetesClient;
  try {
    client = await ports.connect(registration);
  } catch (error) {
    const readyz = observeNoAccess(error);
    if (readyz !== undefined) return { readyz, observedAt: new Date(ports.clock.now()).toISOString() };
    ports.log("warn", "Cluster not probed", {
      cluster: registration.name,
      cause: error instanceof Error ? error.message : String(error),
    });
    return undefined;
  }
  return observeHealth(client, { timeoutMs: REQUEST_TIMEOUT_MS, clock: ports.clock });
}
