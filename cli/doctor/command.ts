import { resolve } from "node:path";
import type { CommandEnvironment } from "../command-environment.ts";
import { CommandFailure } from "../failure.ts";
import { checkName } from "../names.ts";
import { type Output, printData } from "../output.ts";
import { typedPath } from "../typed-path.ts";
import { examine, isWrong } from "./examine.ts";
import type { Finding } from "./finding.ts";
import type { DoctorPorts } from "./ports.ts";

/** Makes the doctor's ports once the options are known to be right. */
export type OpenDoctorPorts = (kubeconfigs: Record<string, string>) => Promise<DoctorPorts>;

/**
 * `outrigger doctor`: looks at everything the hub needs and names the fix for what is wrong.
 * @throws CommandFailure when something is wrong.
 */
export async function runDoctor(
  { output }: Pick<CommandEnvironment, "output">,
  options: { kubeconfig?: Record<string, string> },
  open: OpenDoctorPorts,
): Promise<void> {
  const given = Object.entries(options.kubeconfig ?? {});
  for (const [cluster] of given) checkName("Cluster", cluster);
  const ports = await open(Object.fromEntries(given.map(([cluster, path]) => [cluster, resolve(typedPath(path))])));
  const findings = await examine(ports, new Date());
  await print(output, findings);
  const problems = findings.filter(isWrong);
  if (problems.length === 0) return;
  throw new CommandFailure({
    object: `Hub ${ports.stackName}`,
    cause: `${problems.length} of ${findings.length} findings are wrong`,
    nextStep: "Follow the fixes above, then run `outrigger doctor` again",
  });
}

async function print(output: Output, findings: readonly Finding[]): Promise<void> {
  if (output.format !== "table") return printData(output, findings);
  const { default: pc } = await import("picocolors");
  const marks = { ok: pc.green("ok     "), unknown: pc.yellow("unknown"), wrong: pc.red("wrong  ") };
  const width = Math.max(...findings.map(({ check }) => check.length));
  for (const finding of findings) {
    output.line(`${marks[finding.result]}  ${finding.check.padEnd(width)}  ${finding.object}: ${finding.message}`);
    if (finding.result === "wrong") output.line(`${" ".repeat(width + 11)}fix: ${finding.fix}`);
  }
}
