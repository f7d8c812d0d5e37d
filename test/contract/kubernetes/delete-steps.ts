import { named } from "./objects.ts";
import { eventually, get, post, type Step } from "./step.ts";

export const RUNNING = { status: { phase: "Running" } };
export const slow = { annotations: { "outrigger.dev/sim-terminate-after": "60s" } };
export const gone = (path: string): Step[] => eventually(get(path, { status: 404 }));
/** A config map that belongs to another. */
export const owned = (name: string, owner: string, more: object = {}): object => ({
  metadata: {
    name,
    ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: owner, uid: `{${owner}.metadata.uid}`, ...more }],
  },
});
export const parent = (name: string): Step => post("cm", named(name), undefined, { keep: name });
