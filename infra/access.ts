import { ArnFormat, Stack, Validations } from "aws-cdk-lib";
import type { TableV2 } from "aws-cdk-lib/aws-dynamodb";
import type { EventBus } from "aws-cdk-lib/aws-events";
import { Effect, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { LogGroup } from "aws-cdk-lib/aws-logs";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { FunctionName } from "../functions/environment.ts";
import type { QueueName } from "./names.ts";
import type { OutriggerOptions } from "./options.ts";
import { DUE_INDEX } from "./state.ts";

/** What a function uses, and nothing else: its role is made from this row. */
interface Uses {
  /** DynamoDB actions on the table. A transaction needs those of its parts. */
  table: readonly (
    | "GetItem"
    | "BatchGetItem"
    | "PutItem"
    | "UpdateItem"
    | "DeleteItem"
    | "ConditionCheckItem"
    | "Query"
  )[];
  /** Whether it queries the index of due work. */
  dueIndex?: true;
  /** Whether it says itself when a message that failed comes again. */
  redelivers?: true;
  /** The queue it is fed from: it reads that one, and puts what it cannot parse into its dead-letter queue. */
  reads?: QueueName;
  sends: readonly QueueName[];
  putsEvents?: true;
  /** Whether it talks to clusters: EKS, roles in other accounts, kubeconfig secrets. */
  clusters?: true;
  /** Whether it looks up the alarms that rollouts name as gates. */
  alarms?: true;
  /** Whether it asks for zonal shifts of clusters. */
  zonalShifts?: true;
}

const USES: Record<FunctionName, Uses> = {
  register: {
    table: ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query"],
    reads: "registration",
    redelivers: true,
    sends: ["probe", "reconcile", "rollout"],
    putsEvents: true,
    clusters: true,
  },
  dispatch: { table: ["GetItem", "UpdateItem", "Query"], dueIndex: true, sends: ["probe", "reconcile", "rollout"] },
  probe: { table: ["GetItem", "PutItem"], reads: "probe", sends: [], putsEvents: true, clusters: true },
  reconcile: {
    table: ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem", "Query"],
    reads: "reconcile",
    redelivers: true,
    sends: ["reconcile", "rollout"],
    putsEvents: true,
    clusters: true,
  },
  rollout: {
    table: ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"],
    reads: "rollout",
    redelivers: true,
    sends: ["rollout"],
    putsEvents: true,
    clusters: true,
    alarms: true,
    zonalShifts: true,
  },
  api: {
    table: ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem", "Query"],
    sends: ["reconcile"],
  },
};

export interface AccessProps {
  function: FunctionName;
  table: TableV2;
  bus: EventBus;
  queues: Record<QueueName, { queue: Queue; deadLetters: Queue }>;
  logGroup: LogGroup;
  inVpc: boolean;
  options: Pick<OutriggerOptions, "assumeRoles" | "kubeconfigSecrets">;
}

/** A statement; `wildcard` says why its resources cannot be named one by one. */
interface Grant {
  sid: string;
  actions: readonly string[];
  resources: readonly string[];
  wildcard?: string;
  conditions?: Record<string, Record<string, readonly string[]>>;
}

/** Secrets Manager adds six random characters to the name in the ARN. */
const secretPattern = (name: string): string => (name.endsWith("*") ? name : `${name}-??????`);

function clusterGrants(stack: Stack, options: AccessProps["options"]): Grant[] {
  const secret = (name: string): string =>
    stack.formatArn({
      service: "secretsmanager",
      resource: "secret",
      resourceName: secretPattern(name),
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  const grants: Grant[] = [
    {
      sid: "DescribeClusters",
      actions: ["eks:DescribeCluster"],
      resources: [`arn:${stack.partition}:eks:*:${stack.account}:cluster/*`],
      wildcard: "Clusters are registered while the hub runs, in any region: their names are not known here. Read only.",
    },
    {
      sid: "ReadKubeconfigs",
      actions: ["secretsmanager:GetSecretValue"],
      resources: options.kubeconfigSecrets.map(secret),
      wildcard: "Kubeconfigs are stored while the hub runs, under the names the option kubeconfigSecrets allows.",
    },
  ];
  if (options.assumeRoles.length === 0) return grants;
  return [
    ...grants,
    {
      sid: "AssumeClusterRoles",
      actions: ["sts:AssumeRole"],
      resources: options.assumeRoles,
      wildcard: "Whoever deployed the hub named these roles in the option assumeRoles.",
    },
  ];
}

const ALARMS_GRANT: Grant = {
  sid: "ReadAlarms",
  actions: ["cloudwatch:DescribeAlarms"],
  resources: ["*"],
  wildcard:
    "CloudWatch tells of composite alarms only to those who may describe all. Rollouts name alarms while the hub runs. Read only.",
};

/** ARC knows the resources of others by a condition: its actions have no resource types of their own. */
const zonalShiftsGrant = ({ partition, account }: Stack): Grant => ({
  sid: "ReadZonalShifts",
  actions: ["arc-zonal-shift:GetManagedResource"],
  resources: ["*"],
  conditions: {
    StringLike: { "arc-zonal-shift:ResourceIdentifier": [`arn:${partition}:eks:*:${account}:cluster/*`] },
  },
  wildcard: "The condition limits it to EKS clusters of this account, which is where ARC looks. Read only.",
});

const VPC_GRANT: Grant = {
  sid: "JoinVpc",
  actions: [
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
  ],
  resources: ["*"],
  wildcard: "Lambda itself makes and removes these network interfaces: they have no ARN one could name beforehand.",
};

function grantsOf(stack: Stack, { table, queues, bus, ...props }: AccessProps): Grant[] {
  const uses = USES[props.function];
  const grants: Grant[] = [
    {
      sid: "WriteLogs",
      actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
      resources: [props.logGroup.logGroupArn],
    },
    { sid: "State", actions: uses.table.map((action) => `dynamodb:${action}`), resources: [table.tableArn] },
  ];
  if (uses.dueIndex)
    grants.push({ sid: "DueWork", actions: ["dynamodb:Query"], resources: [`${table.tableArn}/index/${DUE_INDEX}`] });
  const targets = uses.sends.map((name) => queues[name].queue.queueArn);
  if (uses.reads) {
    const { queue, deadLetters } = queues[uses.reads];
    grants.push({
      sid: "TakeMessages",
      actions: [
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        ...(uses.redelivers ? ["sqs:ChangeMessageVisibility"] : []),
      ],
      resources: [queue.queueArn],
    });
    targets.push(deadLetters.queueArn);
  }
  if (targets.length > 0) grants.push({ sid: "PostMessages", actions: ["sqs:SendMessage"], resources: targets });
  if (uses.putsEvents)
    grants.push({ sid: "ReportEvents", actions: ["events:PutEvents"], resources: [bus.eventBusArn] });
  if (uses.clusters) grants.push(...clusterGrants(stack, props.options));
  if (uses.alarms) grants.push(ALARMS_GRANT);
  if (uses.zonalShifts) grants.push(zonalShiftsGrant(stack));
  if (props.inVpc) grants.push(VPC_GRANT);
  return grants;
}

/** @returns an ARN as findings of cdk-nag print it: references as `<AWS::Account>`. */
function printed(stack: Stack, arn: string): string {
  const resolved: unknown = stack.resolve(arn);
  if (typeof resolved === "string") return resolved;
  const [, parts] = (resolved as { "Fn::Join": [string, (string | { Ref: string })[]] })["Fn::Join"];
  return parts.map((part) => (typeof part === "string" ? part : `<${part.Ref}>`)).join("");
}

/** The role of one function, with only what the function uses. */
export class FunctionRole extends Construct {
  readonly role: Role;

  constructor(scope: Construct, id: string, props: AccessProps) {
    super(scope, id);
    const stack = Stack.of(this);
    const grants = grantsOf(stack, props);
    const statements = grants.map(
      ({ sid, actions, resources, conditions = {} }) =>
        new PolicyStatement({
          sid,
          effect: Effect.ALLOW,
          actions: [...actions],
          resources: [...resources],
          conditions,
        }),
    );
    this.role = new Role(this, "Role", {
      description: `What Outrigger's function ${props.function} may do`,
      assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
      inlinePolicies: { Uses: new PolicyDocument({ statements }) },
    });
    for (const { resources, wildcard } of grants) {
      if (wildcard === undefined) continue;
      for (const resource of resources) {
        Validations.of(this.role).acknowledge({
          id: `AwsSolutions-IAM5[Resource::${printed(stack, resource)}]`,
          reason: wildcard,
        });
      }
    }
  }
}
