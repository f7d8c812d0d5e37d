import { labelled } from "./objects.ts";
import { fails, get, post, type Step } from "./step.ts";

export const TABLE = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
export const METADATA = { accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io" };
/** Without the CA bundle that every namespace has. */
export const mine = "fieldSelector=metadata.name!=kube-root-ca.crt";
export const many = (...names: string[]): Step[] =>
  names.map((name) => post("cm", labelled(name, { which: name, of: "many" })));
export const selected = (selector: string, ...names: string[]): Step =>
  get(`cm?labelSelector=${encodeURIComponent(selector)}`, { status: 200, names });

export function selectorFails(selector: string, message: string): Step {
  return get(`cm?labelSelector=${encodeURIComponent(selector)}`, fails(400, "BadRequest", message));
}
