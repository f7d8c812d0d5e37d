import type * as z from "zod";
import { problemsInWords } from "../kubernetes/issue-in-words.ts";
import { Registration } from "./registration.ts";

/**
 * A cluster whose registration is there and cannot be read: another version wrote it, or somebody edited it. It has not
 * left: nothing is done about it, and nothing is taken away on account of it, until it can be read again.
 */
export interface UnreadableCluster {
  name: string;
  /** What is wrong with it, without the name. */
  cause: string;
  nextStep: string;
}

/** Clusters that are not deregistered, each in one of the two, by name. */
export interface RegistrationList {
  registrations: Registration[];
  /** They are registered all the same: never to be taken for clusters that have left. */
  unreadable: UnreadableCluster[];
}

/** One registration was asked for, and it cannot be read. */
export class UnreadableRegistrationError extends Error {
  override readonly name = "UnreadableRegistrationError";
  readonly cluster: UnreadableCluster;

  constructor(cluster: UnreadableCluster) {
    super(describeUnreadable(cluster));
    this.cluster = cluster;
  }
}

/** @throws UnreadableRegistrationError when the row is not a registration as this version knows it. */
export function readRegistration(name: string, row: unknown): Registration {
  const parsed = Registration.safeParse(row);
  if (parsed.success) return parsed.data;
  throw new UnreadableRegistrationError(unreadable(name, parsed.error));
}

/** Reads what can be read of many rows, in their order, and says of each other one why it cannot. */
export function readRegistrations(rows: readonly { name: string; row: unknown }[]): RegistrationList {
  const read = rows.map(({ name, row }) => ({ name, ...Registration.safeParse(row) }));
  return {
    registrations: read.flatMap(({ data }) => data ?? []),
    unreadable: read.flatMap(({ name, error }) => (error === undefined ? [] : [unreadable(name, error)])),
  };
}

/** Whole sentences, for people. */
export const describeUnreadable = ({ name, cause, nextStep }: UnreadableCluster): string =>
  `Cluster ${name}: ${cause}. ${nextStep.charAt(0).toUpperCase()}${nextStep.slice(1)}.`;

/** The registry, and the clusters which it could not read while it was asked for all of them. */
export function noteUnreadable<Registry extends { list(): Promise<RegistrationList> }>(
  registry: Registry,
): { registry: Registry; unreadable: () => UnreadableCluster[] } {
  const noted = new Map<string, UnreadableCluster>();
  const list = async (): Promise<RegistrationList> => {
    const found = await registry.list();
    for (const cluster of found.unreadable) noted.set(cluster.name, cluster);
    return found;
  };
  return { registry: { ...registry, list }, unreadable: () => [...noted.values()] };
}

function unreadable(name: string, error: z.ZodError): UnreadableCluster {
  return {
    name,
    cause: `its registration is not as this version writes it (${problemsInWords(error).join("; ")}), so nothing is done about the cluster and nothing is taken away from it`,
    nextStep: "deploy the newest version that was ever deployed here, or take back what somebody edited",
  };
}
