import { z } from "zod";
import { LocalState } from "./state.ts";

/** Kinds of local clusters: our small Kubernetes API in the host's process, or the real programs, built with Go. */
export const KUBERNETES = ["embedded", "real"] as const;
export type LocalKubernetes = (typeof KUBERNETES)[number];

/** What a local environment is to be made of. */
export const EnvironmentOptions = z.strictObject({
  /** Folder that holds everything of this environment. */
  directory: z.string().min(1),
  /** Clusters to start, by name. */
  clusters: z.array(z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9-]{0,99}$/)),
  kubernetes: z.enum(KUBERNETES).default("real"),
  /** Clusters of the user's own: name → path of a kubeconfig. */
  ownClusters: z.record(z.string(), z.string()).default({}),
  /** It goes on when the process that asked for it ends. */
  detached: z.boolean().default(false),
  stack: z.string().default("Outrigger"),
  /** More CDK context, e.g. `{"faults": "true"}`. */
  context: z.record(z.string(), z.string()).default({}),
  /** More variables for the functions, e.g. `OUTRIGGER_FAULT_DIR`. */
  functionVariables: z.record(z.string(), z.string()).default({}),
  /** From Running to Ready for pods whose annotations say nothing, milliseconds. */
  podReadyAfterMs: z.number().optional(),
  nodesPerZone: z.int().min(1).optional(),
  /** `monitorInterval` and `discoverInterval` of the registrations. Short by default: somebody is watching. */
  lookEvery: z.string().default("10s"),
  /** Each API server writes an audit log, the local AWS what it decides about roles (`decisionsFile`). */
  audit: z.boolean().default(false),
});
export type EnvironmentOptions = z.output<typeof EnvironmentOptions>;
export type EnvironmentRequest = z.input<typeof EnvironmentOptions>;

/** What the host of an environment tells the process that asked for it. */
export const HostMessage = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("progress"), line: z.string() }),
  z.strictObject({ type: z.literal("ready"), state: LocalState }),
  z.strictObject({ type: z.literal("failed"), message: z.string() }),
]);
export type HostMessage = z.infer<typeof HostMessage>;
