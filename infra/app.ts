import { App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { readContext } from "./options.ts";
import { OutriggerStack } from "./outrigger-stack.ts";

/** The app of `cdk.json`. Options come from the context; a wrong one ends the synthesis with one sentence. */
function synthesise(): void {
  const app = new App();
  const { app: where, outrigger: options } = readContext(app);
  const account = process.env["CDK_DEFAULT_ACCOUNT"];
  const region = process.env["CDK_DEFAULT_REGION"];
  new OutriggerStack(app, where.stackName, {
    options,
    ...(where.vpcId === undefined ? {} : { vpcId: where.vpcId }),
    ...(account === undefined || region === undefined ? {} : { env: { account, region } }),
  });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  app.synth();
}

try {
  synthesise();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
