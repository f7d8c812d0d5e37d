import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, type Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { type IVpc, Vpc } from "aws-cdk-lib/aws-ec2";
import { afterAll } from "vitest";
import { FUNCTION_NAMES } from "../../infra/bundle.ts";
import { type OutriggerOptionsInput, readOptions } from "../../infra/options.ts";
import { OutriggerStack } from "../../infra/outrigger-stack.ts";

/** A resource of a CloudFormation template. */
export interface Resource {
  Type: string;
  Properties: Record<string, unknown>;
  DeletionPolicy?: string;
}

const temporary = mkdtempSync(join(tmpdir(), "outrigger-infra-"));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

/** @returns a new folder, gone after the tests of the file. */
export const newFolder = (): string => mkdtempSync(join(temporary, "-"));

/** @returns an app whose assembly is gone after the tests of the file. */
export const newApp = (): App => new App({ outdir: newFolder() });

/** @returns a folder with the same source for each function. */
export function sourcesOf(content: string): string {
  const folder = newFolder();
  for (const name of FUNCTION_NAMES) writeFileSync(join(folder, `${name}.ts`), content);
  return folder;
}

const tiny = sourcesOf("export const handler = async () => {};\n");

/** @returns a folder with one tiny source per function: what is in the bundles does not matter to most tests. */
export const tinySources = (): string => tiny;

export interface Synthesised {
  resources: Record<string, Resource>;
  outputs: Record<string, { Value: unknown }>;
}

/** @returns what a stack becomes. */
export function inspect(stack: Stack): Synthesised {
  const { Resources, Outputs } = Template.fromStack(stack).toJSON() as {
    Resources: Record<string, Omit<Resource, "Properties"> & Partial<Resource>>;
    Outputs: Synthesised["outputs"];
  };
  const resources = Object.entries(Resources).map(([id, resource]) => [
    id,
    { ...resource, Properties: resource.Properties ?? {} },
  ]);
  return { resources: Object.fromEntries(resources) as Synthesised["resources"], outputs: Outputs };
}

/** @returns what `OutriggerStack` becomes with these options. */
export function synthesise(options: OutriggerOptionsInput = {}, stackName = "Outrigger"): Synthesised {
  const sources = tinySources();
  return inspect(new OutriggerStack(newApp(), stackName, { options: readOptions(options), functionSources: sources }));
}

/** @returns the resources of a type, as [logical id, resource]. */
export const ofType = ({ resources }: Synthesised, type: string): [string, Resource][] =>
  Object.entries(resources).filter(([, resource]) => resource.Type === type);

/** @returns a VPC that exists already, as far as a template is concerned. */
export function someVpc(stack: Stack): IVpc {
  return Vpc.fromVpcAttributes(stack, "Vpc", {
    vpcId: "vpc-0123456789abcdef0",
    availabilityZones: ["eu-west-1a"],
    privateSubnetIds: ["subnet-0123456789abcdef0"],
  });
}
