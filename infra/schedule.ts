import { Stack } from "aws-cdk-lib";
import { Effect, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { CfnSchedule, CfnScheduleGroup } from "aws-cdk-lib/aws-scheduler";
import { Construct } from "constructs";

/** The oldest tick that is still delivered to `dispatch`, and still worked on by it, seconds: the next one is due by then. */
export const LARGEST_EVENT_AGE_SECONDS = 60;

/**
 * Fires `dispatch` each minute. A tick that fails is not tried again: the next one does its work. Scheduler hands a tick
 * to Lambda without waiting, so its retry policy ends there; what follows is said on the function (`droppedAfterSeconds`).
 */
export class Schedule extends Construct {
  constructor(scope: Construct, id: string, props: { dispatch: LambdaFunction }) {
    super(scope, id);
    const stack = Stack.of(this);
    const group = new CfnScheduleGroup(this, "Group");
    const role = new Role(this, "Role", {
      description: "Lets EventBridge Scheduler fire Outrigger's dispatch",
      assumedBy: new ServicePrincipal("scheduler.amazonaws.com", {
        conditions: { StringEquals: { "aws:SourceAccount": stack.account } },
      }),
      inlinePolicies: {
        Fire: new PolicyDocument({
          statements: [
            new PolicyStatement({
              effect: Effect.ALLOW,
              actions: ["lambda:InvokeFunction"],
              resources: [props.dispatch.functionArn],
            }),
          ],
        }),
      },
    });
    new CfnSchedule(this, "EachMinute", {
      description: "Outrigger: post the work that is due",
      groupName: group.ref,
      scheduleExpression: "rate(1 minute)",
      flexibleTimeWindow: { mode: "OFF" },
      target: {
        arn: props.dispatch.functionArn,
        roleArn: role.roleArn,
        // Scheduler puts the time the tick was to come in place of the attribute.
        input: JSON.stringify({ source: "schedule", scheduledTime: "<aws.scheduler.scheduled-time>" }),
        retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: LARGEST_EVENT_AGE_SECONDS },
      },
    });
  }
}
