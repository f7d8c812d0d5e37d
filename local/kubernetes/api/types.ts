import { apiVersionOf, type ResourceType } from "../resource-type.ts";

/** The resources that are served at this moment. */
export interface TypeRegistry {
  all(): readonly ResourceType[];
  find(group: string, version: string, plural: string): ResourceType | undefined;
  /** The type of an object or an owner reference. */
  ofKind(apiVersion: string, kind: string): ResourceType | undefined;
  /** Replaces what one custom resource definition has served. */
  setCustom(definition: string, types: readonly ResourceType[]): void;
}

export function createTypeRegistry(builtin: readonly ResourceType[]): TypeRegistry {
  const custom = new Map<string, readonly ResourceType[]>();
  let types = [...builtin];
  return {
    all: () => types,
    find: (group, version, plural) =>
      types.find((type) => type.group === group && type.version === version && type.plural === plural),
    ofKind: (apiVersion, kind) => types.find((type) => apiVersionOf(type) === apiVersion && type.kind === kind),
    setCustom(definition, served) {
      custom.set(definition, served);
      types = [...builtin, ...[...custom.values()].flat()];
    },
  };
}
