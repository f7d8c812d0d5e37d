import { z } from "zod";
import { askApi } from "../api.ts";
import { nextStepElsewhere } from "../elsewhere.ts";
import { CommandFailure, UsageError } from "../failure.ts";
import type { Hub } from "../hub.ts";
import { checkName } from "../names.ts";
import { parseTarget } from "../target.ts";
import { ResourceView } from "../views.ts";

/** How people name a rollout. */
export interface RolloutName {
  namespace: string;
  cluster?: string;
}

const KIND = "MultiAZRollout";

const Zone = z.object({
  name: z.string(),
  statefulSets: z.array(z.string()),
  replicas: z.number(),
  updated: z.number(),
  available: z.number(),
  phase: z.string(),
  /** A letter for each pod, see `ZoneStatus` of lib/rollouts. */
  pods: z.string().optional(),
  unready: z.array(z.string()).default([]),
});

/** A rollout as the hub knows it. */
export const RolloutView = ResourceView.extend({
  status: z
    .looseObject({
      phase: z.string(),
      currentZone: z.string().optional(),
      updated: z.string().optional(),
      updatedReplicas: z.number().default(0),
      replicas: z.number().default(0),
      /** Names the rollout under way, or the last one. */
      rollout: z.string().optional(),
      startedAt: z.string().optional(),
      finishedAt: z.string().optional(),
      gates: z.array(z.object({ name: z.string(), state: z.string() })).default([]),
      zones: z.array(Zone).default([]),
      approval: z.object({ token: z.string(), of: z.string() }).optional(),
      conditions: z.array(
        z.object({ type: z.string(), status: z.string(), reason: z.string(), message: z.string() }).loose(),
      ),
    })
    .optional(),
});
export type RolloutView = z.infer<typeof RolloutView>;

/** e.g. `MultiAZRollout mimir/ingester in prod`. */
export const describeRollout = ({ kind, namespace, name, cluster }: RolloutView["key"]): string =>
  `${kind} ${namespace}/${name} in ${cluster}`;

/** The words that name it on a command line. */
export const argumentsOf = ({ name, namespace, cluster }: RolloutView["key"]): string =>
  `${name} -n ${namespace} --cluster ${cluster}`;

/** What its status says first: the Ready condition. */
export const readyOf = ({ status }: RolloutView) => status?.conditions.find(({ type }) => type === "Ready");

/**
 * @param text the name; as for other commands, its kind may stand before it: `MultiAZRollout/ingester`.
 * @throws UsageError when no rollout can have this name: then nobody needs to be asked.
 */
export function parseRolloutName(text: string, { namespace, cluster }: RolloutName): string {
  checkName("Cluster", cluster);
  const { kind, name } = parseTarget(text.includes("/") ? text : `${KIND}/${text}`, namespace);
  if (kind !== KIND) throw new UsageError(`${text}: ${kind} is not rolled. Name a ${KIND}, e.g. ingester.`);
  return name;
}

/** The rollouts of this name, as the hub's table has them; no cluster is asked. */
export async function listRollouts(hub: Hub, name: string, where: RolloutName): Promise<RolloutView[]> {
  const all = RolloutView.array().parse(await askApi(hub, { action: "resource.list", kind: KIND, ...where }));
  return all.filter(({ key }) => key.name === name);
}

/**
 * The one rollout of this name.
 * @throws CommandFailure when the hub knows none, UsageError when it knows several.
 */
export async function findRollout(hub: Hub, name: string, { namespace, cluster }: RolloutName): Promise<RolloutView> {
  const [first, ...others] = await listRollouts(hub, name, {
    namespace,
    ...(cluster === undefined ? {} : { cluster }),
  });
  if (first === undefined) {
    throw new CommandFailure({
      object: `${KIND} ${namespace}/${name}`,
      cause: `the hub knows none of this name${cluster === undefined ? "" : ` in cluster ${cluster}`}`,
      nextStep: await nextStepElsewhere(hub, { kind: KIND, namespace, name, cluster }),
    });
  }
  if (others.length === 0) return first;
  const clusters = [first, ...others].map(({ key }) => key.cluster);
  throw new UsageError(
    `${KIND} ${namespace}/${name}: there is one in each of ${clusters.join(", ")}. Say which with --cluster.`,
  );
}
