import type { KubernetesClient } from "../../../lib/kubernetes/client.ts";
import type { GatePorts } from "../../../lib/rollouts/ask-gates.ts";
import type { WorkKey } from "../../../lib/work/keys.ts";
import type { Clock } from "../../../lib/work/ports.ts";
import type { FakeWorkStore } from "../../fakes/work-store.ts";
import type { ClientOptions, Written } from "../client.ts";
import type { ClusterModel } from "../model.ts";
import type { Random } from "./chance.ts";
import type { PostFault } from "./post-office.ts";
import type { Process } from "./process.ts";
import type { TableFault } from "./table.ts";

/** A write of ours, and who made it. */
export interface OwnWrite extends Written {
  /** The claim under which it may be made. */
  owner: string;
  /** The invocation that sent it. */
  process: Process;
  /** Whether another worker had taken the resource before it was sent. */
  leaseLost: boolean;
}

/** What people read of a status. */
export interface SavedStatus {
  phase?: string;
  conditions?: { reason: string }[];
  approval?: { token: string };
}

/** What the world does to a lane. */
export interface Surroundings {
  model: ClusterModel;
  random: Random;
  ports: GatePorts;
  /** Where the resources live. */
  home: WorkKey["home"];
  skewMs: number;
  /** Milliseconds an invocation has. */
  timeoutMs: () => number;
  client: (process: Process) => Omit<ClientOptions, "wrote">;
  table: (call: string) => TableFault | undefined;
  post: (kinds: readonly PostFault[]) => PostFault | undefined;
  overtaken: () => void;
  /** Told at each fault point; may kill or freeze the process. */
  reached: (point: string, process: Process) => void;
  wrote: (write: OwnWrite) => void;
  /** Told of each pod that is to be deleted, once that is saved. */
  intended: (pod: string, owner: string) => void;
  ended: (process: Process, tookMs: number) => void;
  failed: (error: unknown) => void;
  /** What a mutation makes of parts of the worker. */
  bend?: Bend | undefined;
}

/** Seams through which a worker can be made worse than it is. */
export interface Bend {
  client?: (client: KubernetesClient) => KubernetesClient;
  clock?: (process: Process) => Clock;
  store?: (store: FakeWorkStore) => void;
}
