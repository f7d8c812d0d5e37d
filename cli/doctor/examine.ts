import { ask, type Finding, orOk } from "./finding.ts";
import { judgeAccess, judgeClusters, judgeHub, judgeResources } from "./judge-clusters.ts";
import {
  HEARTBEAT_WINDOW_MS,
  judgeCredentials,
  judgeDeadLetters,
  judgeDispatch,
  judgeFunction,
  judgeQueue,
  judgeRules,
  judgeStack,
  judgeTriggers,
} from "./judge-stack.ts";
import { type DoctorPorts, FED_BY, FUNCTIONS, QUEUES, type StackFacts } from "./ports.ts";

/** Asks everything and judges it. What cannot be asked without an earlier answer is left out. */
export async function examine(ports: DoctorPorts, now: Date): Promise<Finding[]> {
  const identity = judgeCredentials(await ask(() => ports.identify()));
  if (identity.some(isWrong)) return identity;
  const stack = await ask(() => ports.readStack());
  const judged = judgeStack(stack, ports.stackName);
  if ("problem" in stack || judged.some(isWrong)) return [...identity, ...judged];
  const [machinery, clusters] = await Promise.all([
    examineMachinery(ports, stack.value, now),
    examineClusters(ports, stack.value, now),
  ]);
  return [...identity, ...judged, ...machinery, ...clusters];
}

export const isWrong = (finding: Finding): boolean => finding.result === "wrong";

async function examineMachinery(ports: DoctorPorts, stack: StackFacts, now: Date): Promise<Finding[]> {
  const output = (name: string): string => stack.outputs[name] ?? "";
  const queueName = (url: string): string => url.split("/").at(-1) ?? "";
  const windowStart = new Date(now.getTime() - HEARTBEAT_WINDOW_MS);
  const [functions, triggers, rules, queues, letters, heartbeats] = await Promise.all([
    Promise.all(
      FUNCTIONS.map(async (role) => {
        const name = output(`${role}Function`);
        return judgeFunction(name, await ask(() => ports.readFunction(name)));
      }),
    ),
    Promise.all(
      QUEUES.map(async (queue) => {
        const name = output(`${FED_BY[queue]}Function`);
        return judgeTriggers(name, await ask(() => ports.readTriggers(name)));
      }),
    ),
    ask(() => ports.readRules(output("BusName"))),
    Promise.all(
      QUEUES.map(async (queue) => {
        const url = output(`${queue}QueueUrl`);
        const fed = output(`${FED_BY[queue]}Function`);
        return judgeQueue(queue, url, fed, await ask(() => ports.readQueue(url)));
      }),
    ),
    Promise.all(
      QUEUES.map(async (queue) => {
        const url = output(`${queue}DeadLetterQueueUrl`);
        const asked = await ask(async () => ({ queue: await ports.readQueue(url), letters: await ports.peek(url) }));
        return judgeDeadLetters(queue, url, asked);
      }),
    ),
    ask(() => ports.countHeartbeats(windowStart, now)),
  ]);
  const times = { now, stackChangedAt: stack.changedAt };
  return [
    ...orOk(functions.flat(), "functions", "Functions", `all ${FUNCTIONS.length} can run`),
    ...orOk(triggers.flat(), "triggers", "Queues", "each feeds its function"),
    ...judgeRules(output("BusName"), queueName(output("RegistrationQueueUrl")), rules),
    ...orOk(queues.flat(), "queues", "Queues", "nothing piles up"),
    ...orOk(letters.flat(), "dead letters", "Dead-letter queues", "all empty"),
    ...judgeDispatch(output("DispatchFunction"), heartbeats, times),
  ];
}

async function examineClusters(ports: DoctorPorts, stack: StackFacts, now: Date): Promise<Finding[]> {
  const [clusters, resources] = await Promise.all([ask(() => ports.listClusters()), ask(() => ports.listResources())]);
  const hub = judgeHub(stack.outputs["ApiFunction"] ?? "", clusters, resources);
  if ("problem" in clusters || "problem" in resources) return hub;
  const active = clusters.value.clusters.filter(({ registration }) => registration.state === "Active");
  const access = await Promise.all(
    active.map(async (cluster) => judgeAccess(cluster.registration.name, await ask(() => ports.readAccess(cluster)))),
  );
  return [...hub, ...judgeClusters(clusters.value, now), ...judgeResources(resources.value, now), ...access.flat()];
}
