import { POD_TIMES } from "../control-plane/pod-behaviours.ts";
import type { TokenVerifier } from "../token-review.ts";
import type { ApiContext } from "./api/context.ts";
import { createIds } from "./api/ids.ts";
import { createTypeRegistry } from "./api/types.ts";
import { createAuthenticator } from "./auth/authenticate.ts";
import { bootstrap } from "./bootstrap.ts";
import { type Clock, realClock } from "./clock.ts";
import { aggregatedRoleController } from "./controllers/aggregated-roles.ts";
import { definitionController } from "./controllers/definitions.ts";
import { garbageController } from "./controllers/garbage.ts";
import { runKubelets } from "./controllers/kubelet.ts";
import { runController } from "./controllers/loop.ts";
import { namespaceController } from "./controllers/namespaces.ts";
import { nodeController } from "./controllers/nodes.ts";
import { quotaController } from "./controllers/quotas.ts";
import { schedulerController } from "./controllers/scheduler.ts";
import { statefulSetController } from "./controllers/stateful-set.ts";
import { volumeController } from "./controllers/volumes.ts";
import { createHandler, type Handler, type HandlerOptions } from "./http/handler.ts";
import { builtinTypes } from "./kinds/builtin.ts";
import { createStore, type Store } from "./store.ts";

/** The Kubernetes version that the embedded API follows. */
export const KUBERNETES_VERSION = "v1.35.4";

export interface ClusterCoreOptions {
  /** Default: the computer's. */
  clock?: Clock;
  /** From 0 up to 1; a seeded one makes everything drawn repeatable. Default Math.random. */
  random?: () => number;
  /** Judges bearer tokens; absent = all are refused. */
  verify?: TokenVerifier | undefined;
  /** From Running to Ready for pods whose annotations say nothing, milliseconds. Default 200. */
  podReadyAfterMs?: number;
  /** Of the cluster's authority. */
  caPem?: string;
  /** host:port that discovery names. */
  address?: () => string;
  podNetworkSocket?: HandlerOptions["podNetworkSocket"];
  onAnswer?: HandlerOptions["onAnswer"];
  /** Changes kept for watches. Default 1,000. */
  historyLimit?: number;
}

/** A cluster without a socket: its API and its controllers. */
export interface ClusterCore {
  handle: Handler;
  store: Store;
  /** Stops the controllers. */
  stop(): void;
}

/** Makes an empty cluster: the API with its default objects, and controllers on the given clock. No nodes. */
export function createClusterCore(options: ClusterCoreOptions = {}): ClusterCore {
  const { clock = realClock, random = Math.random, caPem = "", podReadyAfterMs = POD_TIMES.readyAfterMs } = options;
  const store = createStore(options.historyLimit);
  const context: ApiContext = { store, clock, types: createTypeRegistry(builtinTypes()), ids: createIds(random) };
  const access = bootstrap(context, caPem);
  const controllers = [
    definitionController(access, context),
    namespaceController(access, context, caPem),
    garbageController(access, store),
    quotaController(access, context),
    nodeController(access, clock, KUBERNETES_VERSION),
    volumeController(access),
    schedulerController(access, clock),
    statefulSetController(access, clock),
    aggregatedRoleController(access),
  ].map((controller) => runController(context, controller));
  const kubelets = runKubelets(access, store, clock, { readyAfterMs: podReadyAfterMs, random });
  return {
    store,
    handle: createHandler(context, {
      authenticate: createAuthenticator(options.verify, () => clock.now()),
      kubernetesVersion: KUBERNETES_VERSION,
      address: options.address ?? (() => "127.0.0.1"),
      podNetworkSocket: options.podNetworkSocket,
      ...(options.onAnswer && { onAnswer: options.onAnswer }),
    }),
    stop() {
      for (const stop of [...controllers, kubelets]) stop();
    },
  };
}
