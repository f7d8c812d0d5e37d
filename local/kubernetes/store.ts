import type { KubeObject } from "./object.ts";

/** One write, as a watch tells it. */
export interface Change {
  version: number;
  type: "ADDED" | "MODIFIED" | "DELETED";
  /** {@link resourceKey} of the object's type. */
  resource: string;
  object: KubeObject;
  /** What was there before; absent for ADDED. */
  previous?: KubeObject;
}

/** The objects of one cluster, their common version, and the last changes. */
export interface Store {
  /** Version of the latest write. */
  readonly version: number;
  get(resource: string, namespace: string | undefined, name: string): KubeObject | undefined;
  /** Sorted by namespace and name. @param namespace absent = all. */
  list(resource: string, namespace?: string): KubeObject[];
  /** The list as it was; undefined when the changes since are not known any more. */
  listAt(resource: string, namespace: string | undefined, version: number): KubeObject[] | undefined;
  /** Writes a new state under the next version. @returns the object as stored. */
  put(resource: string, object: KubeObject): KubeObject;
  /** @param last the state to tell watchers; it gets the next version. */
  remove(resource: string, last: KubeObject): KubeObject;
  /** Changes after a version, oldest first; undefined when some are not known any more. */
  changesAfter(version: number): Change[] | undefined;
  /** Told every change, in order, before the write returns. @returns ends it. */
  subscribe(listener: (change: Change) => void): () => void;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** @param historyLimit how many changes are kept for watches and pages; older ones answer 410. */
export function createStore(historyLimit = 1_000): Store {
  const objects = new Map<string, Map<string, Map<string, KubeObject>>>();
  const listeners = new Set<(change: Change) => void>();
  let history: Change[] = [];
  let forgotten = 0;
  let version = 0;

  const bucket = (resource: string, namespace: string): Map<string, KubeObject> => {
    const ofResource = objects.get(resource) ?? new Map<string, Map<string, KubeObject>>();
    objects.set(resource, ofResource);
    const found = ofResource.get(namespace) ?? new Map<string, KubeObject>();
    ofResource.set(namespace, found);
    return found;
  };

  const record = (change: Change): void => {
    history.push(change);
    if (history.length > historyLimit * 2) {
      forgotten = history[history.length - historyLimit - 1]?.version ?? forgotten;
      history = history.slice(-historyLimit);
    }
    for (const listener of listeners) listener(change);
  };

  const next = (object: KubeObject): KubeObject => {
    version += 1;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
  };

  const list = (resource: string, namespace?: string): KubeObject[] => {
    const ofResource = objects.get(resource) ?? new Map<string, Map<string, KubeObject>>();
    const namespaces = namespace === undefined ? [...ofResource.keys()].toSorted(compare) : [namespace];
    return namespaces.flatMap((one) =>
      [...(ofResource.get(one)?.values() ?? [])].toSorted((a, b) => compare(a.metadata.name, b.metadata.name)),
    );
  };

  const store: Store = {
    get version() {
      return version;
    },
    get: (resource, namespace = "", name) => objects.get(resource)?.get(namespace)?.get(name),
    list,
    listAt(resource, namespace, wanted) {
      const changes = store.changesAfter(wanted);
      if (changes === undefined) return undefined;
      const then = new Map(list(resource, namespace).map((object) => [keyOf(object), object]));
      for (const { object, previous, resource: changed } of changes.toReversed()) {
        if (changed !== resource) continue;
        if (namespace !== undefined && object.metadata.namespace !== namespace) continue;
        if (previous === undefined) then.delete(keyOf(object));
        else then.set(keyOf(object), previous);
      }
      return [...then.entries()].toSorted(([a], [b]) => compare(a, b)).map(([, object]) => object);
    },
    put(resource, object) {
      const { namespace = "", name } = object.metadata;
      const place = bucket(resource, namespace);
      const previous = place.get(name);
      const stored = next(object);
      place.set(name, stored);
      record({
        version,
        type: previous === undefined ? "ADDED" : "MODIFIED",
        resource,
        object: stored,
        ...(previous && { previous }),
      });
      return stored;
    },
    remove(resource, last) {
      const { namespace = "", name } = last.metadata;
      const place = bucket(resource, namespace);
      const previous = place.get(name) ?? last;
      const stored = next(last);
      place.delete(name);
      record({ version, type: "DELETED", resource, object: stored, previous });
      return stored;
    },
    changesAfter(wanted) {
      if (wanted < forgotten) return undefined;
      const first = history.findIndex((change) => change.version > wanted);
      return first === -1 ? [] : history.slice(first);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return store;
}

/** Place of an object among its kind; also the order of lists. */
export function keyOf({ metadata: { namespace, name } }: KubeObject): string {
  return namespace === undefined ? name : `${namespace}\u0000${name}`;
}
