import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { CloudWatchClient, GetMetricStatisticsCommand } from "@aws-sdk/client-cloudwatch";
import { EventBridgeClient, ListRulesCommand, ListTargetsByRuleCommand } from "@aws-sdk/client-eventbridge";
import { GetFunctionCommand, LambdaClient, ListEventSourceMappingsCommand } from "@aws-sdk/client-lambda";
import { GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { askApi, askFleet } from "../api.ts";
import { type HubOptions, openHub } from "../hub.ts";
import { awsOf } from "../hub-aws.ts";
import { ClusterView, ResourceView } from "../views.ts";
import { readAccess } from "./access.ts";
import type { DoctorPorts } from "./ports.ts";

/** Dead letters looked at in one go. */
const PEEK = 10;
const HEARTBEAT_PERIOD_SECONDS = 60;
const NAMESPACE = "Outrigger";

/**
 * The doctor's questions, put to AWS and to the clusters there are kubeconfigs of.
 * @param kubeconfigs cluster → path of a kubeconfig with an administrator's rights.
 */
export function openDoctorPorts(options: HubOptions, kubeconfigs: Record<string, string>): DoctorPorts {
  const stackName = options.stack;
  const config = once(() => awsOf(options.local));
  const cloudFormation = once(async () => new CloudFormationClient(await config()));
  const lambda = once(async () => new LambdaClient(await config()));
  const events = once(async () => new EventBridgeClient(await config()));
  const sqs = once(async () => new SQSClient({ ...(await config()), useQueueUrlAsEndpoint: false }));
  const hub = once(async () => openHub(options, await config()));
  return {
    stackName,
    async identify() {
      const client = new STSClient(await config());
      const region = await client.config.region();
      const { Arn = "", Account = "" } = await client.send(new GetCallerIdentityCommand({}));
      return { arn: Arn, account: Account, region };
    },
    async readStack() {
      const { Stacks = [] } = await (await cloudFormation()).send(new DescribeStacksCommand({ StackName: stackName }));
      const [stack] = Stacks;
      const outputs = (stack?.Outputs ?? []).map(({ OutputKey = "", OutputValue = "" }) => [OutputKey, OutputValue]);
      return {
        status: stack?.StackStatus ?? "",
        changedAt: (stack?.LastUpdatedTime ?? stack?.CreationTime)?.toISOString(),
        outputs: Object.fromEntries(outputs) as Record<string, string>,
      };
    },
    async readFunction(name) {
      const reply = await (await lambda()).send(new GetFunctionCommand({ FunctionName: name }));
      const { State: state, StateReason: stateReason } = reply.Configuration ?? {};
      return { state, stateReason, reservedConcurrency: reply.Concurrency?.ReservedConcurrentExecutions };
    },
    async readTriggers(functionName) {
      const client = await lambda();
      const reply = await client.send(new ListEventSourceMappingsCommand({ FunctionName: functionName }));
      return (reply.EventSourceMappings ?? []).map(({ UUID = "", State = "", EventSourceArn = "" }) => ({
        id: UUID,
        state: State,
        queueArn: EventSourceArn,
      }));
    },
    async readRules(bus) {
      const client = await events();
      const { Rules = [] } = await client.send(new ListRulesCommand({ EventBusName: bus }));
      return Promise.all(
        Rules.map(async ({ Name = "", State = "" }) => {
          const { Targets = [] } = await client.send(new ListTargetsByRuleCommand({ Rule: Name, EventBusName: bus }));
          return { name: Name, state: State, targets: Targets.map(({ Arn = "" }) => Arn) };
        }),
      );
    },
    async readQueue(url) {
      const { Attributes = {} } = await (await sqs()).send(
        new GetQueueAttributesCommand({
          QueueUrl: url,
          AttributeNames: ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        }),
      );
      return {
        visible: Number(Attributes["ApproximateNumberOfMessages"] ?? 0),
        inFlight: Number(Attributes["ApproximateNumberOfMessagesNotVisible"] ?? 0),
      };
    },
    async peek(url) {
      const { Messages = [] } = await (await sqs()).send(
        new ReceiveMessageCommand({
          QueueUrl: url,
          MaxNumberOfMessages: PEEK,
          VisibilityTimeout: 0,
          MessageAttributeNames: ["All"],
        }),
      );
      return Messages.map(({ MessageAttributes }) => ({ reason: MessageAttributes?.["reason"]?.StringValue }));
    },
    async countHeartbeats(from, to) {
      const client = new CloudWatchClient(await config());
      const { Datapoints = [] } = await client.send(
        new GetMetricStatisticsCommand({
          Namespace: NAMESPACE,
          MetricName: "DispatchHeartbeat",
          Dimensions: [{ Name: "Stack", Value: stackName }],
          StartTime: from,
          EndTime: to,
          Period: HEARTBEAT_PERIOD_SECONDS,
          Statistics: ["Sum"],
        }),
      );
      return Datapoints.reduce((sum, { Sum = 0 }) => sum + Sum, 0);
    },
    async listClusters() {
      const { data, unreadable } = await askFleet(await hub(), { action: "cluster.list" });
      return { clusters: ClusterView.array().parse(data), unreadable };
    },
    listResources: async () => ResourceView.array().parse(await askApi(await hub(), { action: "resource.list" })),
    async readAccess({ registration }) {
      const path = kubeconfigs[registration.name] ?? (await localKubeconfig(options, registration.name));
      return path === undefined ? undefined : readAccess(path, registration);
    },
  };
}

async function localKubeconfig({ local }: HubOptions, cluster: string): Promise<string | undefined> {
  if (!local) return undefined;
  const { readLocalState } = await import("../../local/state.ts");
  return readLocalState()?.clusters.find(({ name }) => name === cluster)?.kubeconfig;
}

/** A client is made when it is first needed: without credentials that fails, and that is a finding. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
