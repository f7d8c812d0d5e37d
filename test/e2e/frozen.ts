import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { GetFunctionConfigurationCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { z } from "zod";
import type { WorkKey } from "../../lib/work/keys.ts";
import { RECLAIM_AFTER_MS } from "../../lib/work/schedule.ts";
import { readRoleSessions } from "../../local/aws/role-sessions.ts";
import { localAwsEnvironment } from "../../local/aws.ts";
import { ROLLOUT_TIMEOUT_SECONDS, STACK, type Stage } from "./environment.ts";
import { arm } from "./faults.ts";
import { until } from "./groups.ts";

/** A worker of the rollout lane in a process of its own: same bundle, same variables, same role, same stack. */
export interface OwnWorker {
  /** Arms its own fault points; those of the deployed functions are elsewhere. */
  faultDirectory: string;
  /** Hands it one message of the queue. */
  give(message: unknown): void;
  isStopped(): boolean;
  /** SIGCONT. */
  wake(): void;
  /** Waits until nothing is left for it to do. @returns what it has written to its log. */
  ended(): Promise<string>;
  /** Ends it, whatever it is doing. */
  kill(): void;
}

const Ready = z.object({ ready: z.literal(true) });
const Template = z.object({
  Resources: z.record(
    z.string(),
    z.object({
      Properties: z
        .object({
          Description: z.unknown().optional(),
          Code: z.object({ S3Key: z.string().optional() }).loose().optional(),
        })
        .loose()
        .optional(),
    }),
  ),
});

const STRUCK_MS = 60_000;
const QUIET_MS = 6_000;

/** Starts one and waits until it has loaded the bundle. */
export async function startOwnWorker(stage: Stage, name: string): Promise<OwnWorker> {
  const folder = join(stage.directory, name);
  const faultDirectory = join(folder, "faults");
  mkdirSync(faultDirectory, { recursive: true });
  const logFile = join(folder, "worker.log");
  const log = openSync(logFile, "w");
  const [session] = await readRoleSessions(stage.hub.aws, [stage.outputs["RolloutFunction"] ?? ""]);
  if (session === undefined) throw new Error("The rollout function has no role.");
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, "own-worker.ts"), bundleOf(stage), String(ROLLOUT_TIMEOUT_SECONDS)],
    {
      stdio: ["ignore", log, log, "ipc"],
      env: {
        PATH: process.env["PATH"],
        ...(await variablesOf(stage)),
        ...localAwsEnvironment(stage.local.endpoint),
        AWS_ACCESS_KEY_ID: session.accessKeyId,
        AWS_SECRET_ACCESS_KEY: session.secretAccessKey,
        AWS_SESSION_TOKEN: session.sessionToken,
        OUTRIGGER_FAULT_DIR: faultDirectory,
      },
    },
  );
  closeSync(log);
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name}: its process could not be started.`);
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  const [first] = (await Promise.race([
    once(child, "message"),
    once(child, "exit").then(() => {
      throw new Error(`${name}: it ended while loading:\n${readFileSync(logFile, "utf8")}`);
    }),
  ])) as [unknown];
  Ready.parse(first);
  const exited = once(child, "exit");
  return {
    faultDirectory,
    give: (message) => void child.send(sqsEvent(message)),
    isStopped: () => /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, "utf8")),
    wake: () => void process.kill(pid, "SIGCONT"),
    async ended() {
      await exited;
      process.removeListener("exit", kill);
      return readFileSync(logFile, "utf8");
    },
    kill,
  };
}

/** The message that would bring a worker to a resource now. */
export async function messageFor({ store }: Pick<Stage, "store">, key: WorkKey) {
  const row = await until(`${key.name}: its row`, () => store.load(key), 60_000);
  return { version: 1, key, ticket: row.ticket, dueAt: Date.now(), hops: 0 };
}

function sqsEvent(message: unknown) {
  return { Records: [{ messageId: "own-worker", body: JSON.stringify(message) }] };
}

/** Lets a worker begin on a resource whose templates have just changed, and freezes it when its first batch is written down. */
export async function freezeBeforeActing(worker: OwnWorker, stage: Stage, key: WorkKey): Promise<void> {
  const armed = arm(worker.faultDirectory, "pencil-act", key, "stop");
  worker.give(await messageFor(stage, key));
  await armed.untilStruck(STRUCK_MS);
  await until(`${key.name}: its worker stands still`, async () => worker.isStopped() || undefined, STRUCK_MS);
}

/** Waits for a moment at which no worker of the hub will come to the resource for some seconds. */
export async function untilQuiet({ store }: Pick<Stage, "store">, key: WorkKey): Promise<void> {
  await until(
    `${key.name}: a quiet moment`,
    async () => {
      const row = await store.load(key);
      if (row === undefined || row.leaseUntil > 0) return undefined;
      const due = row.dueShard.startsWith("posted") ? row.dueAt - RECLAIM_AFTER_MS : row.dueAt;
      return due > Date.now() + QUIET_MS || undefined;
    },
    STRUCK_MS,
  );
}

/** The bundle of the rollout function as it was synthesised and deployed. */
function bundleOf({ awsDirectory }: Stage): string {
  const assembly = join(awsDirectory, `cdk.out-${STACK}`);
  const template = Template.parse(JSON.parse(readFileSync(join(assembly, `${STACK}.template.json`), "utf8")));
  const rollout = Object.values(template.Resources).find(
    ({ Properties }) => Properties?.Description === "Outrigger: steps rollouts",
  );
  const hash = rollout?.Properties?.Code?.S3Key?.replace(/\.zip$/, "");
  if (hash === undefined) throw new Error(`${assembly} holds no rollout function.`);
  return join(assembly, `asset.${hash}`, "index.mjs");
}

async function variablesOf({ hub, outputs }: Stage): Promise<Record<string, string>> {
  const client = new LambdaClient(hub.aws);
  const command = new GetFunctionConfigurationCommand({ FunctionName: outputs["RolloutFunction"] });
  const { Environment } = await client.send(command);
  client.destroy();
  return Environment?.Variables ?? {};
}
