import { clusterRole, type PolicyRule, type RbacObject, type RoleName } from "../../lib/registry/rbac.ts";

/** One verb on one resource taken out of a shipped role, and what people are then told. */
export interface MissingRule {
  role: RoleName;
  verb: string;
  /** As RBAC has it, e.g. `statefulsets/status`, or the first path of a rule on paths. */
  resource: string;
  /** Where the message shows. */
  shows: "health" | "status" | "hub" | "discovery";
  /** What it must name besides verb and resource: the reason, and the next step. */
  names: readonly (string | RegExp)[];
  /** What has to happen first, when registering alone does not need the rule. */
  after?: "deleted" | "unzoned" | "stalled" | "unplaced" | "refused";
  /** Default `east`. In `loose` only the shipped roles give access to paths; elsewhere Kubernetes' own roles do too. */
  cluster?: "loose";
}

const AGAIN = "Apply the ClusterRole of the capability rollouts again";
const held = { role: "rollouts", shows: "status", names: ["Held=True Forbidden", AGAIN] } as const;
const refused = { ...held, names: ["Held=True WriteRefused", AGAIN] } as const;
const noted = { ...held, names: ["VolumeZonesKnown=False Forbidden", AGAIN], after: "unplaced" } as const;
const PATHS = { role: "observe", shows: "health" } as const;

/** Each rule of the roles `observe` and `rollouts`, verb by verb. */
export const MISSING_RULES: readonly MissingRule[] = [
  {
    ...PATHS,
    verb: "get",
    resource: "/readyz",
    cluster: "loose",
    names: [/^AuthFailed\nForbidden/, "bind ClusterRole outrigger:observe"],
  },
  {
    ...PATHS,
    verb: "list",
    resource: "nodes",
    names: [/^AuthFailed\nForbidden/, "bind ClusterRole outrigger:observe"],
  },
  { ...held, verb: "list", resource: "nodes", after: "unzoned" },
  { ...held, verb: "get", resource: "multiazrollouts", shows: "hub" },
  {
    role: "rollouts",
    verb: "list",
    resource: "multiazrollouts",
    shows: "discovery",
    names: ["Ready=False Forbidden", "bind outrigger:rollouts to the group outrigger"],
  },
  { ...held, verb: "watch", resource: "multiazrollouts" },
  {
    ...held,
    verb: "patch",
    resource: "multiazrollouts/status",
    shows: "hub",
    names: ["StatusWritten=False Forbidden", AGAIN],
  },
  { ...held, verb: "get", resource: "statefulsets", shows: "hub", after: "deleted" },
  { ...held, verb: "list", resource: "statefulsets" },
  { ...held, verb: "watch", resource: "statefulsets" },
  { ...refused, verb: "patch", resource: "statefulsets" },
  { ...refused, verb: "patch", resource: "statefulsets/status" },
  { ...held, verb: "list", resource: "pods" },
  { ...held, verb: "watch", resource: "pods" },
  { ...refused, verb: "delete", resource: "pods" },
  { ...held, verb: "list", resource: "deployments" },
  { ...refused, verb: "get", resource: "controllerrevisions", after: "stalled" },
  { ...noted, verb: "list", resource: "persistentvolumeclaims" },
  { ...noted, verb: "get", resource: "persistentvolumes" },
  {
    ...noted,
    verb: "list",
    resource: "events",
    names: ["FailedCreatesKnown=False Forbidden", AGAIN],
    after: "refused",
  },
];

const CRDS = { role: "install", resource: "customresourcedefinitions", shows: "discovery", cluster: "loose" } as const;
const BIND_INSTALL = ["bind outrigger:install to the group outrigger, or apply them by hand"];

/** Each rule of the role `install`; in this order they take a cluster from no definition to today's. */
export const INSTALL_RULES: readonly MissingRule[] = [
  { ...CRDS, verb: "create", names: BIND_INSTALL },
  { ...CRDS, verb: "get", names: BIND_INSTALL },
  { ...CRDS, verb: "update", names: BIND_INSTALL },
  { ...CRDS, verb: "get", resource: "/apis/rollout.grafana.com/v1alpha1", names: BIND_INSTALL },
];

/** The cluster in which a row is shown. */
export const clusterOf = ({ cluster }: MissingRule): "east" | "loose" => cluster ?? "east";

/** `get /readyz of observe`, for the name of a test. */
export const titleOf = ({ role, verb, resource }: MissingRule): string => `${verb} ${resource} of ${role}`;

/** A name fit for a namespace. */
export const slugOf = ({ role, verb, resource }: MissingRule): string =>
  `no-${role}-${verb}-${resource}`.replaceAll(/[^a-z0-9-]+/g, "-").replaceAll("--", "-");

/** The shipped role and its binding, under a name of its own, for the service accounts of one namespace. */
export function roleFor(
  namespace: string,
  role: RoleName,
  without?: Pick<MissingRule, "verb" | "resource">,
): RbacObject[] {
  return clusterRole(role).map((object) => {
    const name = `${object.metadata.name}:${namespace}`;
    const { rules, roleRef, subjects } = object;
    return {
      ...object,
      metadata: { ...object.metadata, name },
      ...(rules === undefined ? {} : { rules: without === undefined ? rules : rulesWithout(rules, without) }),
      ...(roleRef === undefined ? {} : { roleRef: { ...roleRef, name } }),
      ...(subjects === undefined
        ? {}
        : { subjects: subjects.map((subject) => ({ ...subject, name: `system:serviceaccounts:${namespace}` })) }),
    };
  });
}

/** The rules, one verb on one resource taken out. */
export function rulesWithout(
  rules: readonly PolicyRule[],
  { verb, resource }: Pick<MissingRule, "verb" | "resource">,
): PolicyRule[] {
  return rules
    .map((rule) => {
      const meant = [...(rule.resources ?? []), ...(rule.nonResourceURLs ?? [])].includes(resource);
      return meant ? { ...rule, verbs: rule.verbs.filter((other) => other !== verb) } : rule;
    })
    .filter(({ verbs }) => verbs.length > 0);
}

/** Every verb on every resource of a role, paths of one rule as one. */
export function rulesOf(role: RoleName): string[] {
  return (clusterRole(role)[0]?.rules ?? [])
    .flatMap(({ resources, nonResourceURLs = [], verbs }) =>
      (resources ?? nonResourceURLs.slice(0, 1)).flatMap((resource) =>
        verbs.map((verb) => `${verb} ${resource} of ${role}`),
      ),
    )
    .sort();
}
