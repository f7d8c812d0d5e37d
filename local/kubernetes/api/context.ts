import type { Clock } from "../clock.ts";
import { type KubeObject, timestamp } from "../object.ts";
import { type ResourceType, resourceKey } from "../resource-type.ts";
import { notFound, type StatusError } from "../status.ts";
import type { Store } from "../store.ts";
import type { Ids } from "./ids.ts";
import type { TypeRegistry } from "./types.ts";

/** What every operation on objects needs. */
export interface ApiContext {
  store: Store;
  clock: Clock;
  types: TypeRegistry;
  ids: Ids;
}

/** Names one object of a type. */
export interface ObjectKey {
  type: ResourceType;
  /** Absent for types without namespaces. */
  namespace: string | undefined;
  name: string;
}

/** How messages name a resource. */
export const resourceName = ({
  type,
  name,
}: Pick<ObjectKey, "type" | "name">): { group: string; kind: string; name: string } => ({
  group: type.group,
  kind: type.plural,
  name,
});

/** How messages about a kind's fields name it. */
export const kindName = ({
  type,
  name,
}: Pick<ObjectKey, "type" | "name">): { group: string; kind: string; name: string } => ({
  group: type.group,
  kind: type.kind,
  name,
});

export function find({ store }: ApiContext, { type, namespace, name }: ObjectKey): KubeObject | undefined {
  return store.get(resourceKey(type), namespace, name);
}

/** @throws StatusError 404. */
export function load(context: ApiContext, key: ObjectKey): KubeObject {
  const found = find(context, key);
  if (found === undefined) throw notFoundOf(key);
  return found;
}

export const notFoundOf = (key: ObjectKey): StatusError => notFound(resourceName(key));

export const nowOf = ({ clock }: ApiContext): string => timestamp(clock.now());
