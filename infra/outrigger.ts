import { join } from "node:path";
import { CfnOutput, Stack, Stage } from "aws-cdk-lib";
import { type IVpc, SecurityGroup, type SubnetSelection } from "aws-cdk-lib/aws-ec2";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import type { EnvironmentInput, FunctionName } from "../functions/environment.ts";
import { LANES, type LaneName, type LaneSettings } from "../lib/work/lanes.ts";
import { Alarms } from "./alarms.ts";
import { functionCode } from "./bundle.ts";
import { HubDashboard } from "./dashboard.ts";
import { Events } from "./events.ts";
import { type FunctionNetwork, HubFunction } from "./functions.ts";
import type { QueueName } from "./names.ts";
import { type OutriggerOptions, type OutriggerOptionsInput, readOptions } from "./options.ts";
import { FedQueue } from "./queues.ts";
import { LARGEST_EVENT_AGE_SECONDS, Schedule } from "./schedule.ts";
import { State } from "./state.ts";

export interface OutriggerProps extends OutriggerOptionsInput {
  /** Run the functions in this VPC, to reach private cluster endpoints. It needs a way out to AWS (NAT or endpoints). */
  vpc?: IVpc;
  vpcSubnets?: SubnetSelection;
  /** Folder holding the functions' sources. Default: the shipped ones. */
  functionSources?: string;
}

/** An event that could not be applied comes again after 10, 20, 40, 80, 120, 120, … s: the last time after half an hour. */
const REGISTRATION = {
  batchSize: 10,
  timeoutSeconds: 60,
  maxConcurrency: 10,
  maxReceiveCount: 18,
  memoryMb: 512,
} as const;
/** Work that is lost with its message is found again by the index: a day is long. A cluster event is not. */
const RETENTION_DAYS: Record<QueueName, number> = { registration: 4, probe: 1, reconcile: 1, rollout: 1 };

/** The table of lanes with what the options say. */
function laneSettings(lane: LaneName, options: OutriggerOptions): LaneSettings {
  return {
    ...LANES[lane],
    maxConcurrency: options[`${lane}Concurrency`],
    timeoutSeconds: options[`${lane}TimeoutSeconds`],
  };
}

/**
 * A whole Outrigger hub: table, bus, queues, functions, schedule, alarms, dashboard. Embed it into a stack of your own, or
 * deploy `OutriggerStack`. One per stack.
 */
export class Outrigger extends Construct {
  readonly state: State;
  readonly events: Events;
  readonly queues: Record<QueueName, FedQueue>;
  readonly functions: Record<FunctionName, LambdaFunction>;
  readonly alarms: Alarms;
  /** Names this hub in the claims it leaves in clusters. */
  readonly hubId: string;

  /** @throws Error naming each wrong option. */
  constructor(scope: Construct, id: string, props: OutriggerProps = {}) {
    super(scope, id);
    const { vpc, vpcSubnets, functionSources, ...rest } = props;
    const options = readOptions(rest);
    const stack = Stack.of(this);
    const lanes = {
      registration: REGISTRATION,
      probe: laneSettings("probe", options),
      reconcile: laneSettings("reconcile", options),
      rollout: laneSettings("rollout", options),
    };
    const queueOf = (name: QueueName, id: string): FedQueue =>
      new FedQueue(this, id, { ...lanes[name], retentionDays: RETENTION_DAYS[name] });

    this.hubId = `${stack.stackName}.${stack.region}.${stack.account}`;
    this.state = new State(this, "State", options);
    this.queues = {
      registration: queueOf("registration", "Registration"),
      probe: queueOf("probe", "ProbeLane"),
      reconcile: queueOf("reconcile", "ReconcileLane"),
      rollout: queueOf("rollout", "RolloutLane"),
    };
    this.events = new Events(this, "Events", { registration: this.queues.registration, accounts: options.accounts });

    const { table } = this.state;
    const { bus } = this.events;
    const { registration, probe, reconcile, rollout } = this.queues;
    const bundles = functionCode({
      faults: options.faults,
      // With the assembly, which may refer to it.
      outdir: join(Stage.of(this)?.outdir ?? "cdk.out", `bundles-${this.node.addr}`),
      ...(functionSources === undefined ? {} : { source: functionSources }),
    });
    const common = {
      OUTRIGGER_TABLE: table.tableName,
      OUTRIGGER_HUB_ID: this.hubId,
      OUTRIGGER_LOG_LEVEL: options.logLevel,
      OUTRIGGER_LOCAL: options.local ? ("true" as const) : ("false" as const),
    };
    const onBus = { OUTRIGGER_BUS: bus.eventBusName };
    const lanesOut = {
      OUTRIGGER_RECONCILE_QUEUE_URL: reconcile.queue.queueUrl,
      OUTRIGGER_ROLLOUT_QUEUE_URL: rollout.queue.queueUrl,
    };
    const probesOut = { OUTRIGGER_PROBE_QUEUE_URL: probe.queue.queueUrl };
    const refused = (from: FedQueue) => ({ OUTRIGGER_DEAD_LETTER_QUEUE_URL: from.deadLetters.queueUrl });

    const network = vpc === undefined ? undefined : this.#network(vpc, vpcSubnets);
    const make = <F extends FunctionName>(
      name: F,
      description: string,
      environment: EnvironmentInput<F>,
      rest: {
        timeoutSeconds?: number;
        memoryMb?: number;
        fedBy?: QueueName;
        feedsItself?: boolean;
        droppedAfterSeconds?: number;
      } = {},
    ): LambdaFunction =>
      new HubFunction(this, name.charAt(0).toUpperCase() + name.slice(1), {
        name,
        description: `Outrigger: ${description}`,
        code: bundles[name],
        environment,
        timeoutSeconds: rest.timeoutSeconds ?? (rest.fedBy ? lanes[rest.fedBy].timeoutSeconds : 60),
        memoryMb: rest.memoryMb ?? (rest.fedBy ? lanes[rest.fedBy].memoryMb : 512),
        access: { table, bus, queues: this.queues, options },
        network,
        options,
        ...(rest.fedBy ? { fed: { by: this.queues[rest.fedBy], settings: lanes[rest.fedBy] } } : {}),
        ...(rest.feedsItself ? { feedsItself: true } : {}),
        ...(rest.droppedAfterSeconds === undefined ? {} : { droppedAfterSeconds: rest.droppedAfterSeconds }),
      }).function;

    this.functions = {
      register: make(
        "register",
        "cluster events to registrations",
        {
          ...common,
          ...onBus,
          ...lanesOut,
          ...probesOut,
          OUTRIGGER_REGISTRATION_QUEUE_URL: registration.queue.queueUrl,
          ...refused(registration),
          WATCH_NAMESPACE: options.watchNamespace.join(","),
        },
        { fedBy: "registration" },
      ),
      dispatch: make(
        "dispatch",
        "posts the work that is due, each minute",
        { ...common, ...lanesOut, ...probesOut },
        { droppedAfterSeconds: LARGEST_EVENT_AGE_SECONDS },
      ),
      probe: make(
        "probe",
        "probes clusters",
        { ...common, ...onBus, ...refused(probe) },
        { fedBy: "probe", feedsItself: true },
      ),
      reconcile: make(
        "reconcile",
        "reconciles resources",
        { ...common, ...onBus, ...lanesOut, ...refused(reconcile) },
        { fedBy: "reconcile", feedsItself: true },
      ),
      rollout: make(
        "rollout",
        "steps rollouts",
        { ...common, ...onBus, ...lanesOut, ...refused(rollout) },
        { fedBy: "rollout", feedsItself: true },
      ),
      api: make("api", "answers the outrigger command and keeps the hub's resources", {
        ...common,
        OUTRIGGER_RECONCILE_QUEUE_URL: lanesOut.OUTRIGGER_RECONCILE_QUEUE_URL,
      }),
    };
    new Schedule(this, "Schedule", { dispatch: this.functions.dispatch });
    this.alarms = new Alarms(this, "Alarms", { queues: this.queues, functions: this.functions, options });
    new HubDashboard(this, "Overview", { queues: this.queues, functions: this.functions, alarms: this.alarms.alarms });
    this.#output();
  }

  /** One security group for all functions: they only call out. */
  #network(vpc: IVpc, vpcSubnets: SubnetSelection | undefined): FunctionNetwork {
    const group = new SecurityGroup(this, "SecurityGroup", { vpc, description: "Outrigger functions: outbound only" });
    return { vpc, securityGroups: [group], ...(vpcSubnets === undefined ? {} : { vpcSubnets }) };
  }

  /** What the command line and the tests need to find the parts. */
  #output(): void {
    const title = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);
    const values: Record<string, string> = {
      TableName: this.state.table.tableName,
      BusName: this.events.bus.eventBusName,
      AlarmTopicArn: this.alarms.topic.topicArn,
      HubId: this.hubId,
    };
    for (const [name, { queue, deadLetters }] of Object.entries(this.queues)) {
      values[`${title(name)}QueueUrl`] = queue.queueUrl;
      values[`${title(name)}DeadLetterQueueUrl`] = deadLetters.queueUrl;
    }
    for (const [name, fn] of Object.entries(this.functions)) values[`${title(name)}Function`] = fn.functionName;
    // Those that talk to clusters: each needs an access entry there.
    for (const name of ["register", "probe", "reconcile", "rollout"] as const) {
      const { role } = this.functions[name];
      if (role !== undefined) values[`${title(name)}RoleArn`] = role.roleArn;
    }
    const stack = Stack.of(this);
    for (const [key, value] of Object.entries(values)) new CfnOutput(stack, key, { value });
  }
}
