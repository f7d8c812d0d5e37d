import { GROUP_LABEL, GROUPS } from "../../local/demo/scenario.ts";
import type { LocalState } from "../../local/state.ts";

/** What to do with a demo that was left running: whole command lines, beginning with `outrigger`, and what they show. */
export function whatNext({ clusters }: Pick<LocalState, "clusters">): { line: string; shows: string }[] {
  const [cluster] = clusters;
  const [group] = GROUPS;
  if (cluster === undefined || group === undefined) return [];
  const { name, namespace } = group;
  return [
    { line: "outrigger --local cluster list", shows: "the clusters and their health" },
    { line: `outrigger --local cluster get ${cluster.name}`, shows: "what the last probe found" },
    { line: "outrigger --local get MultiAZRollout -A", shows: "every rollout" },
    {
      line: `outrigger --local reconcile MultiAZRollout/${name} -n ${namespace} --cluster ${cluster.name}`,
      shows: "one pass, now",
    },
    {
      line: `outrigger --local rollout status ${name} -n ${namespace} --cluster ${cluster.name}`,
      shows: "its zones and pods",
    },
    { line: `outrigger --local audit --cluster ${cluster.name}`, shows: "what was done, and when" },
    { line: "outrigger --local doctor", shows: "whether all is in order" },
    { line: "outrigger local down", shows: "stop it all" },
  ];
}

/** With kubectl, how to start another rollout in a demo that was left running, and how to watch it. */
export function rollAgain({ clusters }: Pick<LocalState, "clusters">): string[] {
  const [cluster] = clusters;
  const [group] = GROUPS;
  if (cluster === undefined || group === undefined) return [];
  const { name, namespace } = group;
  return [
    `kubectl --kubeconfig ${cluster.kubeconfig} -n ${namespace} rollout restart statefulset -l ${GROUP_LABEL}=${name}`,
    asTyped(`outrigger --local rollout watch ${name} -n ${namespace} --cluster ${cluster.name}`),
  ];
}

/**
 * How the command is called here: by npm in a checkout, by its name otherwise.
 * @param line beginning with `outrigger`.
 */
export function asTyped(line: string, byNpm = process.env["npm_lifecycle_event"] !== undefined): string {
  return byNpm ? line.replace(/^outrigger /, "npm run -s outrigger -- ") : line;
}
