import type { KubernetesClient } from "../kubernetes/client.ts";
import type { Lease } from "./reconciler.ts";
import { LeaseLostError } from "./verdict.ts";

/**
 * A client through which nothing is written unless the lease allows it at that moment. A worker asks before it begins a
 * batch; one that stood still in the middle of it, say between reading an object and writing it, is stopped here.
 */
export function leasedClient(client: KubernetesClient, lease: Pick<Lease, "mayWrite">): KubernetesClient {
  const holding = async <T>(what: string, write: () => Promise<T>): Promise<T> => {
    if (lease.mayWrite()) return await write();
    throw new LeaseLostError(`The lease has too little time left for ${what}; whoever takes it next goes on.`);
  };
  return {
    get: (type, name, options) => client.get(type, name, options),
    list: (type, options) => client.list(type, options),
    watch: (type, options) => client.watch(type, options),
    raw: (method, path, options) =>
      method === "GET"
        ? client.raw(method, path, options)
        : holding(`${method} ${path.split("?", 1)[0]}`, () => client.raw(method, path, options)),
    close: () => client.close(),
    create: (type, object, options) => holding(`creating ${type.plural}`, () => client.create(type, object, options)),
    replace: (type, object, options) => holding(`writing ${type.plural}`, () => client.replace(type, object, options)),
    patch: (type, name, patch, options) =>
      holding(`writing ${type.plural}/${name.name}`, () => client.patch(type, name, patch, options)),
    delete: (type, name, options) =>
      holding(`deleting ${type.plural}/${name.name}`, () => client.delete(type, name, options)),
  };
}
