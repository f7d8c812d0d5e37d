import { App } from "aws-cdk-lib";
import { describe, expect, test } from "vitest";
import { readContext, readOptions } from "../../infra/options.ts";
import { newFolder } from "./synthesis.ts";

const fromContext = (context: Record<string, unknown>) => readContext(new App({ context, outdir: newFolder() }));

describe("the CDK context is refused, naming the option and the rule, when", () => {
  const cases: Record<string, [Record<string, unknown>, string]> = {
    "an option is unknown": [{ loglevel: "INFO" }, "unknown option loglevel (did you mean logLevel?)"],
    "an option is like none": [{ fleet: "a" }, "unknown option fleet (there are logLevel,"],
    "the log level is unknown": [{ logLevel: "LOUD" }, "logLevel must be one of DEBUG, INFO, WARN, ERROR."],
    "a concurrency is below what SQS allows": [{ rolloutConcurrency: "1" }, "rolloutConcurrency must be at least 2"],
    "a concurrency is above what SQS allows": [{ probeConcurrency: "1001" }, "probeConcurrency must be at most 1000"],
    "a concurrency is no number": [{ reconcileConcurrency: "many" }, "reconcileConcurrency must be a number"],
    "a timeout is longer than Lambda's": [
      { rolloutTimeoutSeconds: "901" },
      "rolloutTimeoutSeconds must be at most 900 s",
    ],
    "a rollout would have no time to write": [
      { rolloutTimeoutSeconds: "24" },
      "rolloutTimeoutSeconds must be at least 25 s: a pass reads its cluster first, and begins no write with less than 13 s left",
    ],
    "a pass of the reconcile lane would have no time to write": [
      { reconcileTimeoutSeconds: "13" },
      "reconcileTimeoutSeconds must be at least 25 s: a pass",
    ],
    "a probe would have no time for its requests": [
      { probeTimeoutSeconds: "19" },
      "probeTimeoutSeconds must be at least 20 s: a probe makes two requests, and each may take 8 s",
    ],
    "an account is none": [{ accounts: "123" }, "accounts must be an AWS account id: 12 digits"],
    "a role is no ARN": [{ assumeRoles: "admin" }, "assumeRoles must be the ARN of an IAM role"],
    "a role's account is a wildcard": [{ assumeRoles: "arn:aws:iam::*:role/outrigger" }, "assumeRoles must be the ARN"],
    "a role is in an account that is not listed": [
      { accounts: "111111111111", assumeRoles: "arn:aws:iam::222222222222:role/outrigger" },
      "222222222222, which is not in accounts; add 222222222222 there or drop the role",
    ],
    "the topic is no SNS topic": [
      { alarmTopicArn: "arn:aws:sqs:eu-west-1:111111111111:x" },
      "alarmTopicArn must be the ARN of an SNS topic",
    ],
    "the removal policy is unknown": [{ removalPolicy: "keep" }, "removalPolicy must be one of retain, destroy"],
    "a flag is neither true nor false": [{ local: "yes" }, "local Invalid"],
    "fault points are asked for outside the local environment": [
      { faults: "true" },
      "faults fault points kill functions",
    ],
    "the stack name is none": [{ stackName: "1st" }, "stackName must start with a letter"],
    "the VPC is none": [{ vpcId: "my-vpc" }, "vpcId must be the id of a VPC"],
    "a namespace is none": [{ watchNamespace: "team-a,Team_B" }, "watchNamespace must be the name of a namespace"],
    "logs are kept for days CloudWatch does not know": [{ logRetentionDays: "31" }, "logRetentionDays must be 1, 3,"],
  };
  test.each(Object.entries(cases))("%s", (_, [context, message]) => {
    expect(() => fromContext(context)).toThrow(message);
    expect(() => fromContext(context)).toThrow("CDK context (-c KEY=VALUE or cdk.json)");
  });
});

describe("options are read", () => {
  test("with defaults for all of them", () => {
    expect(fromContext({})).toEqual({
      app: { stackName: "Outrigger" },
      outrigger: {
        logLevel: "INFO",
        logRetentionDays: 30,
        probeConcurrency: 50,
        reconcileConcurrency: 50,
        rolloutConcurrency: 50,
        probeTimeoutSeconds: 60,
        reconcileTimeoutSeconds: 120,
        rolloutTimeoutSeconds: 120,
        accounts: [],
        assumeRoles: [],
        kubeconfigSecrets: ["outrigger/*"],
        watchNamespace: [],
        runbooks: "docs/runbooks",
        removalPolicy: "retain",
        local: false,
        faults: false,
      },
    });
  });

  test("from the command line, where all values are strings", () => {
    const { app, outrigger } = fromContext({
      stackName: "Fleet-2",
      local: "true",
      faults: "true",
      rolloutConcurrency: "7",
      accounts: "111111111111, 222222222222",
      assumeRoles: "arn:aws:iam::111111111111:role/fleet/*",
    });
    expect(app.stackName).toBe("Fleet-2");
    expect(outrigger).toMatchObject({
      local: true,
      faults: true,
      rolloutConcurrency: 7,
      accounts: ["111111111111", "222222222222"],
      assumeRoles: ["arn:aws:iam::111111111111:role/fleet/*"],
    });
  });

  test("leaving alone what the CDK itself keeps in the context", () => {
    const context = {
      "@aws-cdk/core:stackRelativeExports": true,
      "aws:cdk:enable-path-metadata": true,
      "vpc-provider:account=111111111111:region=eu-west-1": {},
    };
    expect(() => fromContext(context)).not.toThrow();
  });

  test("from properties of the construct, naming all wrong ones at once", () => {
    expect(() => readOptions({ probeConcurrency: 0, rolloutTimeoutSeconds: 901 })).toThrow(
      "Properties of the Outrigger construct: probeConcurrency must be at least 2; rolloutTimeoutSeconds must be at most 900 s. " +
        "Correct it and synthesise again.",
    );
  });
});
