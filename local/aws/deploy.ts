import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { LOCAL_ACCOUNT, LOCAL_REGION, localAwsEnvironment } from "./start.ts";

const run = promisify(execFile);
const checkout = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

export interface SynthesisOptions {
  /** Synthesised assembly and logs of the CDK go here. */
  stateDir: string;
  /** Default `Outrigger`. */
  stackName?: string;
  /** More CDK context, e.g. `{ faults: "true" }`; see `infra/options.ts`. `local` and `removalPolicy` are set already. */
  context?: Record<string, string>;
  /** The CDK app. Default: that of the checkout. */
  app?: string;
}

export interface DeployOptions extends SynthesisOptions {
  endpoint: string;
  /** Of `synthesiseLocal` with the same options, when it was begun before. */
  assembly?: Promise<string>;
}

/** The stack's outputs by name, e.g. `TableName`. */
export type StackOutputs = Record<string, string>;

interface Cdk {
  (log: string, ...args: string[]): Promise<void>;
}

/** The CDK's command line, each run with a log of its own. */
function commandLine(endpoint: string, stateDir: string): Cdk {
  const require = createRequire(import.meta.url);
  const cdk = join(dirname(require.resolve("aws-cdk/package.json")), "bin", "cdk");
  const env = {
    ...localAwsEnvironment(endpoint),
    PATH: [dirname(process.execPath), process.env["PATH"]].join(":"),
    HOME: stateDir,
    CI: "true",
    CDK_DISABLE_VERSION_CHECK: "1",
    CDK_DEFAULT_ACCOUNT: LOCAL_ACCOUNT,
    CDK_DEFAULT_REGION: LOCAL_REGION,
  };
  return async (log, ...args) => {
    const logFile = join(stateDir, `cdk-${log}.log`);
    try {
      const { stdout, stderr } = await run(process.execPath, [cdk, ...args], {
        cwd: checkout,
        env,
        maxBuffer: 1 << 26,
      });
      await writeFile(logFile, stdout + stderr);
    } catch (failure) {
      const { stdout = "", stderr = "" } = failure as { stdout?: string; stderr?: string };
      await writeFile(logFile, stdout + stderr);
      const tail = (stdout + stderr).trimEnd().split("\n").slice(-20).join("\n");
      throw new Error(
        `cdk ${args[0] ?? ""} failed against ${endpoint}. All of it is in ${logFile}; it ends with:\n${tail}`,
        {
          cause: failure,
        },
      );
    }
  };
}

/** Nobody is asked: a synthesis looks nothing up. */
const NO_ENDPOINT = "http://127.0.0.1:1";

const stackOf = ({ stackName }: SynthesisOptions): string => stackName ?? "Outrigger";

/**
 * Runs `cdk synth` of the app, which needs no AWS yet.
 * @returns the folder of the assembly.
 * @throws Error as `deployLocal`.
 */
export async function synthesiseLocal(options: SynthesisOptions): Promise<string> {
  const stateDir = resolve(options.stateDir);
  const assembly = join(stateDir, `cdk.out-${stackOf(options)}`);
  await mkdir(stateDir, { recursive: true });
  await rm(assembly, { recursive: true, force: true });
  const context = { local: "true", removalPolicy: "destroy", stackName: stackOf(options), ...options.context };
  const app = options.app ?? "npm run -s app";
  const cdk = commandLine(NO_ENDPOINT, stateDir);
  await cdk("synth", "synth", "--quiet", "--app", app, "--output", assembly, ...contextArguments(context));
  return assembly;
}

/**
 * Runs the real `cdk bootstrap` and `cdk deploy` of the app against a local AWS. May be repeated.
 * @returns the stack's outputs.
 * @throws Error with the end of the CDK's own words, and where all of them are.
 */
export async function deployLocal(options: DeployOptions): Promise<StackOutputs> {
  const stateDir = resolve(options.stateDir);
  const stackName = stackOf(options);
  const outputs = join(stateDir, `outputs-${stackName}.json`);
  await mkdir(stateDir, { recursive: true });
  const cdk = commandLine(options.endpoint, stateDir);
  const [assembly] = await Promise.all([
    options.assembly ?? synthesiseLocal(options),
    cdk("bootstrap", "bootstrap", `aws://${LOCAL_ACCOUNT}/${LOCAL_REGION}`, "--app", ""),
  ]);
  const unattended = ["--require-approval", "never", "--method", "direct", "--outputs-file", outputs];
  await cdk("deploy", "deploy", "--app", assembly, ...unattended, stackName);
  const written = JSON.parse(await readFile(outputs, "utf8")) as Record<string, StackOutputs>;
  const found = written[stackName];
  if (found === undefined) throw new Error(`Stack ${stackName} was deployed without outputs: look into ${outputs}.`);
  return found;
}

function contextArguments(context: Record<string, string>): string[] {
  return Object.entries(context).flatMap(([key, value]) => ["--context", `${key}=${value}`]);
}
