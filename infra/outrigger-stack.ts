import { Stack, type StackProps } from "aws-cdk-lib";
import { Vpc } from "aws-cdk-lib/aws-ec2";
import type { Construct } from "constructs";
import type { AppOptions, OutriggerOptions } from "./options.ts";
import { Outrigger } from "./outrigger.ts";

export interface OutriggerStackProps extends StackProps {
  options: OutriggerOptions;
  /** A VPC to look up for the functions. The stack then needs an account and region in `env`. */
  vpcId?: AppOptions["vpcId"];
  functionSources?: string;
}

/** A stack holding one Outrigger and nothing else. */
export class OutriggerStack extends Stack {
  readonly outrigger: Outrigger;

  constructor(scope: Construct, id: string, props: OutriggerStackProps) {
    const { options, vpcId, functionSources, ...stackProps } = props;
    super(scope, id, { description: "Outrigger: control plane for fleets of Amazon EKS clusters", ...stackProps });
    this.outrigger = new Outrigger(this, "Outrigger", {
      ...options,
      ...(vpcId === undefined ? {} : { vpc: Vpc.fromLookup(this, "Vpc", { vpcId }) }),
      ...(functionSources === undefined ? {} : { functionSources }),
    });
  }
}
