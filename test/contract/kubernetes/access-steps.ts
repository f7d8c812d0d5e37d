import { named, roleBinding } from "./objects.ts";
import { eventually, fails, get, ok, post, type Step } from "./step.ts";

export const forbidden = (message: string): ReturnType<typeof fails> => fails(403, "Forbidden", message);
export const rule = (resources: string[], verbs: string[], more: object = {}): object => ({
  apiGroups: [""],
  resources,
  verbs,
  ...more,
});
export const role = (name: string, ...rules: object[]): Step => post("roles", named(name, { rules }));
export const clusterRole = (name: string, ...rules: object[]): Step => post("clusterroles", named(name, { rules }));
export const bind = (name: string, ...subjects: object[]): Step =>
  post("rolebindings", roleBinding(name, "Role", name, subjects));
export const bindWide = (name: string, ...subjects: object[]): Step =>
  post("clusterrolebindings", roleBinding(name, "ClusterRole", name, subjects));
export const allowed = (path: string, as: string): Step[] => eventually(get(path, ok(), { as }));
