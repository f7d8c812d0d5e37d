import { Duration, RemovalPolicy } from "aws-cdk-lib";
import type { ISecurityGroup, IVpc, SubnetSelection } from "aws-cdk-lib/aws-ec2";
import {
  Architecture,
  type CfnFunction,
  Code,
  EventSourceMapping,
  Function as LambdaFunction,
  RecursiveLoop,
  Runtime,
} from "aws-cdk-lib/aws-lambda";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import type { EnvironmentInput, FunctionName } from "../functions/environment.ts";
import type { LaneSettings } from "../lib/work/lanes.ts";
import { type AccessProps, FunctionRole } from "./access.ts";
import type { OutriggerOptions } from "./options.ts";
import type { FedQueue } from "./queues.ts";

/** Where in a VPC the functions run. */
export interface FunctionNetwork {
  vpc: IVpc;
  vpcSubnets?: SubnetSelection;
  securityGroups: ISecurityGroup[];
}

/** Everything about a function that is not the same for all of them. */
export interface HubFunctionProps<F extends FunctionName> {
  name: F;
  description: string;
  /** Folder with the bundle. */
  code: string;
  environment: EnvironmentInput<F>;
  timeoutSeconds: number;
  memoryMb: number;
  access: Omit<AccessProps, "function" | "logGroup" | "inVpc">;
  network: FunctionNetwork | undefined;
  options: Pick<OutriggerOptions, "logRetentionDays" | "removalPolicy">;
  /** The queue that feeds it. */
  fed?: { by: FedQueue; settings: Pick<LaneSettings, "batchSize" | "maxConcurrency"> };
  /**
   * For a function that is invoked without anybody waiting for it: how old, in seconds, an invocation may get before it is
   * dropped. One that fails is not tried again. Lambda's own defaults are two more tries within six hours.
   */
  droppedAfterSeconds?: number;
  /** true for a function that rightly feeds itself through a queue: Lambda would stop it after about 16 hops. */
  feedsItself?: boolean;
}

/** One function of the hub with its log group, its role and, when a queue feeds it, the event source mapping. */
export class HubFunction<F extends FunctionName> extends Construct {
  readonly function: LambdaFunction;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: HubFunctionProps<F>) {
    super(scope, id);
    this.logGroup = new LogGroup(this, "Logs", {
      retention: props.options.logRetentionDays,
      removalPolicy: props.options.removalPolicy === "retain" ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    const { role } = new FunctionRole(this, "Access", {
      ...props.access,
      function: props.name,
      logGroup: this.logGroup,
      inVpc: props.network !== undefined,
    });
    this.function = new LambdaFunction(this, "Function", {
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: Code.fromAsset(props.code),
      handler: "index.handler",
      role,
      logGroup: this.logGroup,
      timeout: Duration.seconds(props.timeoutSeconds),
      memorySize: props.memoryMb,
      environment: { ...(props.environment as Record<string, string>) },
      ...props.network,
      ...(props.droppedAfterSeconds === undefined
        ? {}
        : { retryAttempts: 0, maxEventAge: Duration.seconds(props.droppedAfterSeconds) }),
      ...(props.feedsItself === true ? { recursiveLoop: RecursiveLoop.ALLOW } : {}),
    });
    // The CDK's dependency on the role repeats what the reference to the role says already.
    if (props.network === undefined) (this.function.node.defaultChild as CfnFunction).addDeletionOverride("DependsOn");
    if (props.fed) {
      new EventSourceMapping(this, "Feed", {
        target: this.function,
        eventSourceArn: props.fed.by.queue.queueArn,
        batchSize: props.fed.settings.batchSize,
        maxConcurrency: props.fed.settings.maxConcurrency,
        reportBatchItemFailures: true,
      });
    }
  }
}
