import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { buildControlPlane } from "../../../local/control-plane/build.ts";
import { compareVersions, readRecipe } from "../../../local/control-plane/recipe.ts";

let folder: string;
let cacheDirectory: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "build-"));
  cacheDirectory = join(folder, "cache");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A stand-in for the Go command: says its version; `build` writes a file named after each command. */
async function fakeGo(version: string, build: string): Promise<string> {
  const path = join(folder, "go");
  const script = `#!/bin/sh
if [ "$1" = env ]; then echo go${version}; exit 0; fi
echo build >> ${folder}/calls
while [ "$1" != -o ]; do shift; done
output=$2; shift 2
${build}
`;
  await writeFile(path, script);
  await chmod(path, 0o755);
  return path;
}

const WRITES =
  'for package in "$@"; do case $output in */) echo x > "$output$(basename "$package")";; *) echo x > "$output";; esac; done';

describe("building the control plane", () => {
  test("says what to install when Go is missing", async () => {
    const building = buildControlPlane({ cacheDirectory, go: join(folder, "nowhere") });
    await expect(building).rejects.toThrow(/no ".*nowhere" on PATH\. Install Go 1\.26\.0 or newer/);
  });

  test("says what to install when Go is too old", async () => {
    const go = await fakeGo("1.24.3", WRITES);
    await expect(buildControlPlane({ cacheDirectory, go })).rejects.toThrow(
      /Go 1\.24\.3 is too old\. Install Go 1\.26\.0/,
    );
  });

  test("builds once for two callers at once, and not at all the next time", async () => {
    const go = await fakeGo("1.26.8", WRITES);
    const [first, second] = await Promise.all([1, 2].map(() => buildControlPlane({ cacheDirectory, go })));
    await buildControlPlane({ cacheDirectory, go: join(folder, "nowhere") });
    expect(first).toEqual(second);
    const binaries = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"];
    expect((await readdir(first?.directory ?? "")).sort()).toEqual(binaries);
    expect(await readFile(join(folder, "calls"), "utf8")).toBe("build\n".repeat(3));
  });

  test("leaves nothing behind when the compiler fails, and shows its last lines", async () => {
    const go = await fakeGo("1.26.8", "echo 'main.go:1:2: it does not compile' >&2; exit 1");
    await expect(buildControlPlane({ cacheDirectory, go })).rejects.toThrow(
      /etcd failed with exit code 1:\n.*does not compile/,
    );
    expect(await readdir(cacheDirectory)).toEqual([]);
  });

  test("takes over the lock of a process that has ended", async () => {
    const go = await fakeGo("1.26.8", WRITES);
    const { key } = await readRecipe();
    await mkdir(cacheDirectory);
    await writeFile(join(cacheDirectory, `${key}.lock`), "4194304");
    await buildControlPlane({ cacheDirectory, go });
    expect(await readdir(cacheDirectory)).toEqual([key]);
  });
});

test.each([
  ["1.26", "1.26.0", 0],
  ["1.26.8", "1.26.0", 1],
  ["1.9", "1.26.0", -1],
  ["2.0.0", "1.99.99", 1],
])("version %s against %s", (a, b, sign) => {
  expect(Math.sign(compareVersions(a, b))).toBe(sign);
});
