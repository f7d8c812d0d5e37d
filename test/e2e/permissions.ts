import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type PolicyRule, type RoleName, SHIPPED_ROLES } from "../../lib/registry/rbac.ts";

/** A use that a scenario does not show, and why it is granted all the same. */
export interface Reason {
  /** Matches what is granted as a whole. */
  use: RegExp;
  why: string;
}

/** What was granted, was not used, and has no reason either. */
export function unexplained(granted: Permissions, used: Permissions, reasons: readonly Reason[]): string[] {
  return [...granted].filter((use) => !used.has(use) && !reasons.some((reason) => reason.use.test(use))).toSorted();
}

/** What somebody may do, or did: `<function>: <action> <sid>` or `<role>: <verb> <resource>`. */
export type Permissions = Set<string>;

interface Template {
  Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
}
interface Statement {
  Sid: string;
  Action: string | string[];
}

const FUNCTION_OF_ROLE = /Outrigger(Register|Dispatch|Probe|Reconcile|Rollout|Api)AccessRole/;

/** Every action the roles of the deployed functions grant. */
export function grantedActions(stateDir: string): Permissions {
  const file = join(stateDir, "cdk.out-Outrigger", "Outrigger.template.json");
  const { Resources } = JSON.parse(readFileSync(file, "utf8")) as Template;
  const granted = Object.entries(Resources).flatMap(([id, { Type, Properties }]) => {
    const name = FUNCTION_OF_ROLE.exec(id)?.[1]?.toLowerCase();
    if (Type !== "AWS::IAM::Role" || name === undefined) return [];
    const policies = Properties["Policies"] as { PolicyDocument: { Statement: Statement[] } }[];
    return policies.flatMap(({ PolicyDocument }) =>
      PolicyDocument.Statement.flatMap(({ Sid, Action }) =>
        [Action].flat().map((action) => `${name}: ${action} ${Sid}`),
      ),
    );
  });
  return new Set(granted);
}

interface Decision {
  principal: string;
  action: string;
  sid: string;
  decision: "Allow" | "Deny" | "ImplicitDeny";
}

/** What the local AWS decided about the functions' roles: what they used, and what they were refused. */
export function decidedActions(logFile: string): { used: Permissions; refused: Permissions } {
  const decisions = readFileSync(logFile, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Decision)
    .flatMap(({ principal, action, sid, decision }) => {
      const name = FUNCTION_OF_ROLE.exec(principal)?.[1]?.toLowerCase();
      return name === undefined ? [] : [{ decision, text: `${name}: ${action} ${sid}`.trimEnd() }];
    });
  const used = decisions.filter(({ decision }) => decision === "Allow").map(({ text }) => text);
  // The local AWS asks more than once for some actions, first for a resource that is not the one meant.
  const refused = decisions
    .filter(({ decision, text }) => decision !== "Allow" && !used.some((allowed) => allowed.startsWith(`${text} `)))
    .map(({ text }) => text);
  return { used: new Set(used), refused: new Set(refused) };
}

/** Every request the shipped ClusterRoles allow. */
export function grantedVerbs(): Permissions {
  const verbsOf = ({ resources = [], nonResourceURLs = [], verbs }: PolicyRule): string[] =>
    [...resources, ...nonResourceURLs].flatMap((what) => verbs.map((verb) => `${verb} ${what}`));
  const roles = Object.entries(SHIPPED_ROLES) as [RoleName, (typeof SHIPPED_ROLES)[RoleName]][];
  return new Set(
    roles.flatMap(([role, { clusterWide, namespaced }]) =>
      [...clusterWide, ...namespaced].flatMap(verbsOf).map((use) => `${role}: ${use}`),
    ),
  );
}

interface AuditEvent {
  verb: string;
  requestURI: string;
  user: { username: string };
  objectRef?: { resource?: string; subresource?: string };
  responseStatus?: { code: number };
}

/** What this user asked the API server for, as its audit log has it. A request may be allowed by more than one role. */
export function requestedVerbs(auditLogFile: string, user: string): { used: string[]; refused: string[] } {
  const events = readFileSync(auditLogFile, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as AuditEvent)
    .filter((event) => event.user.username === user && event.responseStatus !== undefined);
  const describe = ({ verb, requestURI, objectRef }: AuditEvent): string => {
    const { resource, subresource } = objectRef ?? {};
    const path = requestURI.split("?")[0] ?? requestURI;
    return `${verb} ${resource === undefined ? path : [resource, subresource].filter(Boolean).join("/")}`;
  };
  const of = (refused: boolean) => [
    ...new Set(events.filter(({ responseStatus }) => (responseStatus?.code === 403) === refused).map(describe)),
  ];
  return { used: of(false), refused: of(true) };
}
