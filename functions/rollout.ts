import { createAlarms } from "../lib/aws/alarms.ts";
import { createZonalShifts } from "../lib/aws/zonal-shifts.ts";
import { createHomes } from "../lib/hub/home.ts";
import { createPrometheus } from "../lib/rollouts/prometheus.ts";
import { createRolloutReconciler } from "../lib/rollouts/reconcile.ts";
import { openLane, serveLane } from "./lane.ts";

const hub = openLane("rollout");
const homes = createHomes({ hub: hub.hub, work: hub.store });
const gates = {
  alarmState: createAlarms(),
  loadHealth: (cluster: string) => hub.registry.loadHealth(cluster),
  queryPrometheus: createPrometheus(hub),
  zonalShifts: createZonalShifts(hub.eksClients),
};

/** Fed by the rollout queue, or invoked directly: steps the rollouts of resources. */
export const handler = serveLane(hub, { reconcilers: [createRolloutReconciler(homes, gates)] });
