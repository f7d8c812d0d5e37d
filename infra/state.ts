import { RemovalPolicy } from "aws-cdk-lib";
import { AttributeType, Billing, ProjectionType, TableEncryptionV2, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import { Construct } from "constructs";
import type { OutriggerOptions } from "./options.ts";

/** Name of the index of due work: `dueShard`, `dueAt`. */
export const DUE_INDEX = "due";

/**
 * The one table: everything the hub remembers.
 *
 * It is encrypted with the account's AWS-managed KMS key for DynamoDB (`alias/aws/dynamodb`): each use shows up in
 * CloudTrail and it costs no monthly fee; a customer-managed key would cost $1 a month and protect against nothing more
 * as long as it has the same administrators.
 */
export class State extends Construct {
  readonly table: TableV2;

  constructor(scope: Construct, id: string, options: Pick<OutriggerOptions, "removalPolicy">) {
    super(scope, id);
    const retain = options.removalPolicy === "retain";
    this.table = new TableV2(this, "Table", {
      partitionKey: { name: "pk", type: AttributeType.STRING },
      sortKey: { name: "sk", type: AttributeType.STRING },
      billing: Billing.onDemand(),
      encryption: TableEncryptionV2.awsManagedKey(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: "expiresAt",
      deletionProtection: retain,
      removalPolicy: retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      globalSecondaryIndexes: [
        {
          indexName: DUE_INDEX,
          partitionKey: { name: "dueShard", type: AttributeType.STRING },
          sortKey: { name: "dueAt", type: AttributeType.NUMBER },
          projectionType: ProjectionType.KEYS_ONLY,
        },
      ],
    });
  }
}
