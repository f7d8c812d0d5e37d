import { createHash } from "node:crypto";
import type { z } from "zod";
import type { ResourceType } from "./client.ts";
import { contains } from "./contains.ts";
import type { KubernetesObject } from "./objects.ts";
import { type StructuralSchema, structuralSchema } from "./structural-schema.ts";

/** A column of `kubectl get`. */
export interface PrinterColumn {
  name: string;
  type: "string" | "integer" | "number" | "boolean" | "date";
  jsonPath: string;
  description?: string;
  /** 0 or absent = always shown, above 0 = with `-o wide`. */
  priority?: number;
}

/** A custom resource of ours: what its definition is generated from. */
export interface CustomResource {
  group: string;
  version: string;
  kind: string;
  plural: string;
  shortNames?: readonly string[];
  /** Default true. */
  namespaced?: boolean;
  description?: string;
  /** Schema of `spec` as people write it. */
  spec: z.ZodType;
  /** Schema of `status`; absent = anything. */
  status?: z.ZodType;
  columns?: readonly PrinterColumn[];
}

export interface CustomResourceDefinition extends KubernetesObject {
  spec: {
    group: string;
    scope: "Namespaced" | "Cluster";
    names: { kind: string; listKind: string; plural: string; singular: string; shortNames?: string[] };
    versions: CustomResourceVersion[];
  };
  /** `conditions` is null until the API server has looked at the definition. */
  status?: { conditions?: { type: string; status: string; reason?: string; message?: string }[] | null };
}

export interface CustomResourceVersion {
  name: string;
  served: boolean;
  storage: boolean;
  schema?: { openAPIV3Schema: StructuralSchema };
  subresources?: { status?: Record<string, never> };
  additionalPrinterColumns?: PrinterColumn[];
}

export const MANAGED_BY = "app.kubernetes.io/managed-by";
export const MANAGER = "outrigger";
/** SHA-256 of the definition's `spec` as we generated it; tells an older definition of ours from today's. */
export const DEFINITION_HASH = "outrigger.dev/definition";

/** @returns the type under which the resource is served. */
export function resourceTypeOf({ group, version, kind, plural, namespaced = true }: CustomResource): ResourceType {
  return { apiVersion: `${group}/${version}`, kind, plural, namespaced };
}

/** Generates the definition (apiextensions.k8s.io/v1), with the status subresource and labelled as ours. */
export function customResourceDefinition(resource: CustomResource): CustomResourceDefinition {
  const {
    group,
    version,
    kind,
    plural,
    shortNames = [],
    namespaced = true,
    columns = [],
    description,
    status,
  } = resource;
  const anything: StructuralSchema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const schema: StructuralSchema = {
    type: "object",
    ...(description === undefined ? {} : { description }),
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object" },
      spec: structuralSchema(resource.spec),
      status: status === undefined ? anything : structuralSchema(status),
    },
  };
  const spec: CustomResourceDefinition["spec"] = {
    group,
    scope: namespaced ? "Namespaced" : "Cluster",
    names: {
      kind,
      listKind: `${kind}List`,
      plural,
      singular: kind.toLowerCase(),
      ...(shortNames.length === 0 ? {} : { shortNames: [...shortNames] }),
    },
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        schema: { openAPIV3Schema: schema },
        subresources: { status: {} },
        ...(columns.length === 0 ? {} : { additionalPrinterColumns: [...columns] }),
      },
    ],
  };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `${plural}.${group}`,
      labels: { [MANAGED_BY]: MANAGER },
      annotations: { [DEFINITION_HASH]: createHash("sha256").update(JSON.stringify(spec)).digest("hex") },
    },
    spec,
  };
}

export type InstallPlan =
  | { type: "create"; object: CustomResourceDefinition }
  | { type: "update"; object: CustomResourceDefinition }
  | { type: "keep" }
  /** Installed by somebody else: never touched. `usable`: it serves our version with a status subresource. */
  | { type: "foreign"; usable: boolean; message: string };

/** What is to be done so that the cluster has the wanted definition. Pure. */
export function planInstall(wanted: CustomResourceDefinition, live: CustomResourceDefinition | undefined): InstallPlan {
  if (live === undefined) return { type: "create", object: wanted };
  const { labels = {}, annotations = {} } = live.metadata;
  if (labels[MANAGED_BY] !== MANAGER) return foreign(wanted, live);
  const same = annotations[DEFINITION_HASH] === wanted.metadata.annotations?.[DEFINITION_HASH];
  if (same && contains(live.spec, wanted.spec)) return { type: "keep" };
  const metadata = {
    ...live.metadata,
    labels: { ...labels, ...wanted.metadata.labels },
    annotations: { ...annotations, ...wanted.metadata.annotations },
  };
  return { type: "update", object: { ...live, metadata, spec: wanted.spec } };
}

function foreign(wanted: CustomResourceDefinition, live: CustomResourceDefinition): InstallPlan {
  const { name } = wanted.metadata;
  const version = wanted.spec.versions[0]?.name ?? "";
  const served = live.spec.versions.find((candidate) => candidate.name === version && candidate.served);
  const usable = served?.subresources?.status !== undefined;
  const shortcoming = served === undefined ? `does not serve ${version}` : "has no status subresource";
  const message = `CustomResourceDefinition ${name} was installed by somebody else and is left alone${usable ? "" : `, but it ${shortcoming}`}; to let Outrigger manage it, label it ${MANAGED_BY}=${MANAGER}`;
  return { type: "foreign", usable, message };
}
