import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { candidatesFor } from "../../cli/completion/candidates.ts";
import { SCRIPTS, SHELLS } from "../../cli/completion/scripts.ts";
import { buildProgram } from "../../cli/program.ts";
import { runCommand } from "../../cli/run.ts";

const program = buildProgram({ stdout: () => undefined, stderr: () => undefined }, async () => {
  throw new Error("no hub is to be asked");
});

describe("candidates", () => {
  const cases: [words: string[], candidates: string[]][] = [
    [["clu"], ["cluster"]],
    [["cluster", "re"], ["register"]],
    [["--stack", "Second", "cluster", "lis"], ["list"]],
    [["cluster", "list", "--sta"], ["--stack"]],
    [["--ver"], ["--version"]],
    [
      ["-o", ""],
      ["table", "json", "yaml"],
    ],
    [["cluster", "list", "--output", "j"], ["json"]],
    [["get", "multi"], []],
    [["get", "Multi"], ["MultiAZRollout"]],
    [["get", "MultiAZRollout", ""], []],
    [["get", "MultiAZRollout", "-n", "mimir", "--all"], ["--all-namespaces"]],
    [["get", "MultiAZRollout", "--watch", "--wat"], []],
    [["cluster", "register", "c", "--label", "a=b", "--lab"], ["--label"]],
    [
      ["completion", ""],
      ["bash", "zsh", "fish"],
    ],
    [["cluster", "get", ""], []],
  ];
  test.each(cases)("%j → %j", (words, candidates) => {
    expect(candidatesFor(program, words)).toEqual(candidates);
  });

  test("never show what only scripts call", () => {
    expect(candidatesFor(program, [""])).toContain("cluster");
    expect(candidatesFor(program, ["__"])).toEqual([]);
  });
});

test.each(SHELLS)("outrigger completion %s prints its script", async (shell) => {
  let stdout = "";
  const streams = { stdout: (text: string) => void (stdout += text), stderr: () => undefined };
  expect(await runCommand(["completion", shell], streams)).toBe(0);
  expect(stdout).toBe(SCRIPTS[shell]);
});

test("bash fills in what the command answers, words with options of its own included", () => {
  const answers = `outrigger() { printf '%s\\n' "$@" >&2; printf 'json\\nyaml\\n'; }`;
  const typed = `COMP_WORDS=(outrigger cluster list -o ""); COMP_CWORD=4; _outrigger; printf '%s ' "\${COMPREPLY[@]}"`;
  const script = SCRIPTS.bash.replace("2>/dev/null", "");
  const { stdout, stderr, status } = spawnSync("bash", ["-c", `${answers}\n${script}\n${typed}`], { encoding: "utf8" });
  expect(stdout).toBe("json yaml ");
  expect(stderr.split("\n")).toEqual(["__complete", "--", "cluster", "list", "-o", "", ""]);
  expect(status).toBe(0);
});
