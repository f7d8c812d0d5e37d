import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The AWS emulator (PyPI, MIT) and the decoder of the protocol the CloudWatch client speaks. */
export const MINISTACK_PACKAGES = ["ministack==1.5.33", "cbor2==5.9.0"] as const;

/** A Python program to start, with what it needs to find its packages. */
export interface PythonInstallation {
  python: string;
  env: Record<string, string>;
}

const OLDEST_PYTHON = [3, 10] as const;

/** @returns the Python to use. @throws Error saying what to install. */
async function findPython(): Promise<string> {
  const seen: string[] = [];
  for (const candidate of [process.env["PYTHON"], "python3", "python"]) {
    if (candidate === undefined || candidate === "") continue;
    try {
      const { stdout } = await run(candidate, ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]);
      const [major = 0, minor = 0] = stdout.trim().split(".").map(Number);
      if (major > OLDEST_PYTHON[0] || (major === OLDEST_PYTHON[0] && minor >= OLDEST_PYTHON[1])) return candidate;
      seen.push(`${candidate} is ${stdout.trim()}`);
    } catch {
      seen.push(`${candidate} not found`);
    }
  }
  throw new Error(
    `The local AWS needs Python ${OLDEST_PYTHON.join(".")} or later (${seen.join("; ")}). ` +
      "Install python3 with its venv module (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python) " +
      "or name one in the variable PYTHON.",
  );
}

async function createEnvironment(python: string, folder: string, packages: readonly string[]): Promise<void> {
  const pip = ["-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check", "--no-input"];
  try {
    await run(python, ["-m", "venv", folder]);
  } catch (venvFailure) {
    try {
      await rm(folder, { recursive: true, force: true });
      await run(python, [...pip, "--target", join(folder, "site"), ...packages]);
      return;
    } catch (pipFailure) {
      throw new Error(
        `${packages.join(", ")} could not be installed: ${python} has neither a working venv module ` +
          `(${lastLine(venvFailure)}) nor a working pip (${lastLine(pipFailure)}). ` +
          "Install python3-venv (Debian, Ubuntu) or pip, check that the package index can be reached, and try again.",
        { cause: pipFailure },
      );
    }
  }
  try {
    await run(join(folder, "bin", "python"), [...pip, ...packages]);
  } catch (failure) {
    throw new Error(
      `${packages.join(", ")} could not be installed with pip: ${lastLine(failure)}. ` +
        "Check that the Python package index can be reached, and try again.",
      { cause: failure },
    );
  }
}

/** @returns the last line a failed program wrote: pip and venv put the cause there. */
function lastLine(error: unknown): string {
  const written = error instanceof Error && "stderr" in error ? error.stderr : "";
  const text = typeof written === "string" && written.trim() !== "" ? written : String(error);
  return text.trim().split("\n").at(-1) ?? "";
}

/**
 * Installs pinned Python packages once, in an environment of their own; later calls find them there. Safe to call from
 * several processes at once.
 * @param cacheDir where environments are kept, e.g. `.outrigger/python`.
 * @param onProgress told one line when there is something to install.
 * @throws Error naming what to install when Python, venv or pip is missing.
 */
export async function installPython(
  cacheDir: string,
  packages: readonly string[],
  onProgress: (line: string) => void = () => undefined,
): Promise<PythonInstallation> {
  const folder = join(cacheDir, packages.join("+").replaceAll("==", "-"));
  if (!existsSync(join(folder, "installed"))) {
    const python = await findPython();
    onProgress(`installing ${packages.join(", ")} for ${python}, this once`);
    const building = `${folder}.${process.pid}`;
    await mkdir(cacheDir, { recursive: true });
    await rm(building, { recursive: true, force: true });
    await createEnvironment(python, building, packages);
    await writeFile(join(building, "installed"), `${python}\n`);
    try {
      await rename(building, folder);
    } catch {
      await rm(building, { recursive: true, force: true }); // Another process was faster.
    }
  }
  const venvPython = join(folder, "bin", "python");
  if (existsSync(venvPython)) return { python: venvPython, env: {} };
  return { python: await findPython(), env: { PYTHONPATH: join(folder, "site") } };
}
