import { execFile, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { type BuildStep, compareVersions } from "./recipe.ts";

const GO_ENVIRONMENT = { CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "-buildvcs=false -mod=readonly" };
const PROGRESS_EVERY_MS = 10_000;

/**
 * Makes sure that a Go able to build the modules is there.
 * @throws Error naming what to install when Go is missing or older than `needed` (and not allowed to fetch a newer toolchain).
 */
export async function requireGo(go: string, needed: string, directory: string): Promise<void> {
  const install = `Install Go ${needed} or newer (https://go.dev/dl) and put it on PATH, or use embedded clusters (--kubernetes embedded), which need none.`;
  let found: string;
  try {
    const { stdout } = await promisify(execFile)(go, ["env", "GOVERSION"], {
      cwd: directory,
      env: { ...process.env, ...GO_ENVIRONMENT },
    });
    found = stdout.trim().replace(/^go/, "");
  } catch (error) {
    const cause = (error as NodeJS.ErrnoException).code === "ENOENT" ? `no "${go}" on PATH` : lastLine(error);
    throw new Error(`The local control plane cannot be built: ${cause}. ${install}`, { cause: error });
  }
  if (compareVersions(found, needed) < 0) {
    throw new Error(`The local control plane cannot be built: Go ${found} is too old. ${install}`);
  }
}

function lastLine(error: unknown): string {
  const text = (error as { stderr?: string }).stderr?.trim() || String(error);
  return text.split("\n").at(-1) ?? text;
}

/**
 * Runs one `go build`; binaries go into `output` under the names of the step's commands.
 * @throws Error with the compiler's last lines.
 */
export async function goBuild(
  go: string,
  step: BuildStep,
  directory: string,
  output: string,
  onProgress: (line: string) => void,
): Promise<void> {
  const names = Object.keys(step.commands);
  const packages = Object.values(step.commands);
  const target = packages.length === 1 ? `${output}/${names[0]}` : `${output}/`;
  const args = ["build", "-v", "-trimpath", "-ldflags", step.linkerFlags, "-o", target, ...packages];
  const child = spawn(go, args, {
    cwd: directory,
    env: { ...process.env, ...GO_ENVIRONMENT },
    stdio: ["ignore", "ignore", "pipe"],
  });
  onProgress(`building ${names.join(", ")}`);
  const exit = new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  const tail: string[] = [];
  let compiled = 0;
  let downloaded = 0;
  let reportedAt = Date.now();
  for await (const line of createInterface({ input: child.stderr })) {
    if (line.startsWith("go: downloading ")) downloaded += 1;
    else if (/^[\w.~/-]+$/.test(line)) compiled += 1;
    else tail.push(line);
    if (Date.now() - reportedAt < PROGRESS_EVERY_MS) continue;
    reportedAt = Date.now();
    onProgress(`building ${names.join(", ")}: ${downloaded} modules fetched, ${compiled} packages compiled`);
  }
  const code = await exit;
  if (code !== 0) {
    throw new Error(`go build of ${names.join(", ")} failed with exit code ${code}:\n${tail.slice(-20).join("\n")}`);
  }
}
