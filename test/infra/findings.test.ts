import { Stack, Validations } from "aws-cdk-lib";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { AwsSolutionsChecks } from "cdk-nag";
import { expect, test } from "vitest";
import type { OutriggerOptionsInput } from "../../infra/options.ts";
import { Outrigger } from "../../infra/outrigger.ts";
import { newApp, someVpc, tinySources } from "./synthesis.ts";

/** @returns the rules of cdk-nag's AwsSolutions pack an app breaks. */
function findings(build: (stack: Stack) => void): string[] {
  const app = newApp();
  const stack = new Stack(app, "Checked");
  build(stack);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  try {
    app.synth();
    return [];
  } catch (failure) {
    return [...String(failure).matchAll(/AwsSolutions-[A-Z0-9]+/g)].map(([rule]) => rule);
  }
}

const role = "arn:aws:iam::111111111111:role/outrigger-*";
const VARIANTS: Record<string, OutriggerOptionsInput> = {
  "as it comes": {},
  "with other accounts": { accounts: ["111111111111"], assumeRoles: [role], kubeconfigSecrets: ["prod/*", "test"] },
  "with a topic of one's own": { alarmTopicArn: "arn:aws:sns:eu-west-1:111111111111:on-call" },
};

test.each(Object.entries(VARIANTS))("cdk-nag finds nothing %s", (_, options) => {
  expect(
    findings((stack) => new Outrigger(stack, "Outrigger", { ...options, functionSources: tinySources() })),
  ).toEqual([]);
});

test("cdk-nag finds nothing about the functions in a VPC", () => {
  const inVpc = findings((stack) => {
    const vpc = someVpc(stack);
    new Outrigger(stack, "Outrigger", { vpc, functionSources: tinySources() });
  });
  expect(inVpc).toEqual([]);
});

test("it would find a queue that takes connections without TLS", () => {
  expect(findings((stack) => new Queue(stack, "Open"))).toEqual(
    expect.arrayContaining([expect.stringContaining("SQS4")]),
  );
});
