import { Stack } from "aws-cdk-lib";
import { CfnEventBusPolicy, EventBus, Match, Rule } from "aws-cdk-lib/aws-events";
import { SqsQueue } from "aws-cdk-lib/aws-events-targets";
import { Construct } from "constructs";
import { ACCEPTED_EVENTS } from "../lib/registry/events.ts";
import type { FedQueue } from "./queues.ts";

/** Source of everything the hub itself puts on its bus. */
export const OWN_SOURCE = "outrigger";

/** The hub's bus, and the rule that brings cluster events from it to the registration queue. */
export class Events extends Construct {
  readonly bus: EventBus;

  constructor(scope: Construct, id: string, props: { registration: FedQueue; accounts: readonly string[] }) {
    super(scope, id);
    this.bus = new EventBus(this, "Bus", {
      // CloudFormation makes no names for buses: this one is unique as long as stack names are.
      eventBusName: `${Stack.of(this).stackName}-cluster-events`,
      description: "Cluster events to Outrigger, and what it reports",
    });
    for (const account of props.accounts) {
      const statementId = `ClusterEventsFrom${account}`;
      new CfnEventBusPolicy(this, statementId, {
        eventBusName: this.bus.eventBusName,
        statementId,
        statement: {
          Sid: statementId,
          Effect: "Allow",
          Principal: { AWS: account },
          Action: "events:PutEvents",
          Resource: this.bus.eventBusArn,
          // Nobody else speaks as the hub.
          Condition: { StringNotEquals: { "events:source": OWN_SOURCE } },
        },
      });
    }
    new Rule(this, "Registration", {
      description: "Cluster events to the registration queue",
      eventBus: this.bus,
      // Never what the hub itself emits: it would feed itself.
      eventPattern: { source: Match.anythingBut(OWN_SOURCE), detailType: Object.keys(ACCEPTED_EVENTS) },
      targets: [new SqsQueue(props.registration.queue, { deadLetterQueue: props.registration.deadLetters })],
    });
  }
}
