import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { installPython, MINISTACK_PACKAGES } from "./install.ts";
import { findFreePort, isRunning, type LocalProcess, startProcess, tailOf } from "./process.ts";

/** The account, region and credentials of the local AWS. */
export const LOCAL_ACCOUNT = "000000000000";
export const LOCAL_REGION = "us-east-1";
export const LOCAL_SECRET_KEY = "test";

const here = dirname(fileURLToPath(import.meta.url));
/** Where what is installed or built for the local environment is kept, shared by all of its instances. */
export const DEFAULT_CACHE_DIR = resolve(here, "../../.outrigger");

export interface LocalAwsOptions {
  /** Logs and temporary files of this instance. */
  stateDir: string;
  /** Default: a free port. */
  port?: number;
  /**
   * More variables for MiniStack. The functions inherit them, e.g. `OUTRIGGER_FAULT_DIR`.
   * Nothing else of this process's environment is passed on.
   */
  env?: Record<string, string>;
  /** http URL that answers for EKS and ARC (`serveEks`), once signature and role of a request were found good. */
  eksEndpoint?: string;
  /** Each decision about a role is appended to this file, one JSON object a line. */
  decisionsFile?: string;
  /** true: it goes on when this process ends; stop it by its pid (`stopProcessGroup`). Default false. */
  detached?: boolean;
  /** Told the process id at once, before the local AWS answers. */
  onStarted?: (pid: number) => void;
  /** Told one line when something has to be installed first. */
  onProgress?: (line: string) => void;
  /** Where Python packages are installed. Default `.outrigger` of the checkout. */
  cacheDir?: string;
}

export interface LocalAws extends LocalProcess {
  /** e.g. `http://127.0.0.1:40123`. */
  endpoint: string;
  port: number;
  logFile: string;
}

/** Longest wait for MiniStack to answer. */
const READY_TIMEOUT_MS = 30_000;

/** @returns the variables that make an AWS SDK or the AWS CLI talk to the local AWS. */
export function localAwsEnvironment(endpoint: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: LOCAL_REGION,
    AWS_DEFAULT_REGION: LOCAL_REGION,
    AWS_ACCESS_KEY_ID: LOCAL_ACCOUNT,
    AWS_SECRET_ACCESS_KEY: LOCAL_SECRET_KEY,
    // No look at profiles or instance metadata of the machine.
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
  };
}

function miniStackEnvironment(endpoint: string, port: number, stateDir: string): Record<string, string> {
  const nodeFolder = dirname(process.execPath);
  return {
    ...localAwsEnvironment(endpoint),
    // Functions run with the `node` found first: the one running now, never an older one of the machine.
    PATH: [nodeFolder, "/usr/local/bin", "/usr/bin", "/bin"].join(":"),
    HOME: stateDir,
    TMPDIR: join(stateDir, "tmp"),
    LANG: "C.UTF-8",
    PYTHONUNBUFFERED: "1",
    GATEWAY_PORT: String(port),
    BIND_HOST: "127.0.0.1",
    MINISTACK_HOST: "127.0.0.1",
    MINISTACK_REGION: LOCAL_REGION,
    // Signatures are verified, and the functions may do what their roles allow.
    AUTH: "true",
    IOT_MTLS_ENABLED: "0",
    SFTP_ENABLED: "0",
    // MiniStack's own shim in the functions uses what Node deprecates.
    NODE_NO_WARNINGS: "1",
    // Away from any docker on the machine: MiniStack would clean up containers there.
    DOCKER_HOST: `unix://${join(stateDir, "no-docker.sock")}`,
  };
}

async function waitUntilReady(aws: LocalAws): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    const ready = await fetch(`${aws.endpoint}/_ministack/ready`, { signal: AbortSignal.timeout(2_000) }).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) return;
    if (!isRunning(aws.pid)) {
      throw new Error(
        `MiniStack ended while starting on port ${aws.port}. Its last words (${aws.logFile}):\n${tailOf(aws.logFile)}`,
      );
    }
    if (Date.now() > deadline) {
      await aws.stop();
      throw new Error(
        `MiniStack did not get ready within ${READY_TIMEOUT_MS / 1000} s on port ${aws.port}. ` +
          `Its last words (${aws.logFile}):\n${tailOf(aws.logFile)}`,
      );
    }
    await delay(50);
  }
}

/**
 * Starts the local AWS (MiniStack) on 127.0.0.1, installing it first where needed, and waits until it answers.
 * @throws Error when Python is missing (says what to install) or MiniStack does not come up (with its last words).
 */
export async function startLocalAws(options: LocalAwsOptions): Promise<LocalAws> {
  const stateDir = resolve(options.stateDir);
  const installation = await installPython(
    join(options.cacheDir ?? DEFAULT_CACHE_DIR, "python"),
    MINISTACK_PACKAGES,
    options.onProgress,
  );
  await mkdir(join(stateDir, "tmp"), { recursive: true });
  // MiniStack's shim for functions is CommonJS, whatever the package.json above the folder says of its files.
  await writeFile(join(stateDir, "tmp", "package.json"), '{"type":"commonjs"}\n');
  const port = options.port ?? (await findFreePort());
  const endpoint = `http://127.0.0.1:${port}`;
  const logFile = join(stateDir, "ministack.log");
  const started = startProcess(installation.python, [join(here, "start_ministack.py")], {
    cwd: stateDir,
    env: {
      ...miniStackEnvironment(endpoint, port, stateDir),
      ...(options.eksEndpoint === undefined ? {} : { OUTRIGGER_EKS_ENDPOINT: options.eksEndpoint }),
      ...(options.decisionsFile === undefined ? {} : { OUTRIGGER_IAM_LOG: options.decisionsFile }),
      ...installation.env,
      ...options.env,
    },
    logFile,
    detached: options.detached ?? false,
  });
  options.onStarted?.(started.pid);
  const aws: LocalAws = { ...started, endpoint, port, logFile };
  await waitUntilReady(aws);
  return aws;
}
