import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { type OutriggerOptionsInput, readOptions } from "../../infra/options.ts";
import { OutriggerStack } from "../../infra/outrigger-stack.ts";
import { installPython } from "../../local/aws/install.ts";
import { DEFAULT_CACHE_DIR } from "../../local/aws/start.ts";
import { newApp, tinySources } from "../infra/synthesis.ts";

const run = promisify(execFile);
const CFN_LINT = ["cfn-lint==1.58.0"] as const;

const variants: Record<string, OutriggerOptionsInput> = {
  "as it comes": {},
  "with other accounts": {
    accounts: ["111111111111"],
    assumeRoles: ["arn:aws:iam::111111111111:role/outrigger"],
    alarmTopicArn: "arn:aws:sns:eu-west-1:111111111111:on-call",
  },
};

test.each(Object.entries(variants))("cfn-lint finds nothing %s", async (_, options) => {
  const { python, env } = await installPython(join(DEFAULT_CACHE_DIR, "python"), CFN_LINT);
  const app = newApp();
  new OutriggerStack(app, "Outrigger", { options: readOptions(options), functionSources: tinySources() });
  app.synth();
  const template = join(app.outdir, "Outrigger.template.json");
  const lint = [
    "-c",
    "from cfnlint.runner import main; main()",
    "--non-zero-exit-code",
    "informational",
    "--",
    template,
  ];
  const found = await run(python, lint, { env: { ...process.env, ...env } }).then(
    ({ stdout, stderr }) => stdout + stderr,
    // Also of one that ended without a word.
    ({ stdout = "", stderr = "", message }: { stdout?: string; stderr?: string; message: string }) =>
      stdout + stderr || message,
  );
  expect(found.trim()).toBe("");
});
