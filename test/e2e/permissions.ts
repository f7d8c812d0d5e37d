import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type PolicyRule, type RoleName, SHIPPED_ROLES } from "../../lib/registry/rbac.ts";
import { wholeLines } from "./whole-lines.ts";

/** A use that a scenario does not show, and why it is granted all the same. */
export interface Reason {
  /** Matches what is granted as a whole. */
  use: RegExp;
  why: string;
}

/** Reasons for what is not even granted, or not any more. */
export function idle(reasons: readonly Reason[], granted: Permissions): string[] {
  return reasons.filter(({ use }) => ![...granted].some((each) => use.test(each))).map(({ why }) => why);
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

/** Every action the roles of the deployed functions grant. @param assembly folder of the synthesised stack. */
export function grantedActions(assembly: string): Permissions {
  const { Resources } = JSON.parse(readFileSync(join(assembly, "Outrigger.template.json"), "utf8")) as Template;
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
  decision: string;
}

/** What the local AWS decided about the functions' roles: what they used, and what they, or nobody it knows, were refused. */
export function decidedActions(logFile: string): { used: Permissions; refused: Permissions } {
  const decisions = linesOf<Decision>(logFile).flatMap(({ principal, action, sid, decision }) => {
    const name = FUNCTION_OF_ROLE.exec(principal)?.[1]?.toLowerCase();
    if (decision === "Unauthenticated") return [{ decision, text: `${principal}: ${action}` }];
    return name === undefined ? [] : [{ decision, text: `${name}: ${action} ${sid}`.trimEnd() }];
  });
  const of = (allowed: boolean): Permissions =>
    new Set(decisions.filter(({ decision }) => (decision === "Allow") === allowed).map(({ text }) => text));
  return { used: of(true), refused: of(false) };
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
  userAgent?: string;
  user: { username?: string; groups?: string[]; extra?: { arn?: string[] } };
  objectRef?: { resource?: string; subresource?: string };
  responseStatus?: { code: number };
  annotations?: Record<string, string>;
}

/** What the hub asked an API server for. */
export interface HubRequests {
  /** `<verb> <resource>`; a request may be allowed by more than one role. */
  used: string[];
  refused: string[];
  /** Who asked: the session of a role, or a Kubernetes user, each with the groups of its own. */
  callers: string[];
  /** The ClusterRoles by which the API server let it. */
  allowedBy: string[];
}

/** Reads the audit log of an API server. The hub is known by its user agent, whoever it came as. */
export function hubRequests(auditLogFile: string): HubRequests {
  const events = linesOf<AuditEvent>(auditLogFile).filter(
    ({ userAgent, responseStatus }) => userAgent === "outrigger" && responseStatus !== undefined,
  );
  const distinct = (texts: readonly string[]): string[] => [...new Set(texts)].toSorted();
  const of = (refused: boolean): string[] =>
    distinct(
      events
        .filter(({ responseStatus }) => [401, 403].includes(responseStatus?.code ?? 0) === refused)
        .map(describeRequest),
    );
  return {
    used: of(false),
    refused: of(true),
    callers: distinct(
      events.map(({ user }) => {
        const groups = (user.groups ?? []).filter((group) => !group.startsWith("system:"));
        return [user.extra?.arn?.[0] ?? user.username ?? "nobody", ...groups].join(" ");
      }),
    ),
    allowedBy: distinct(
      events.flatMap(({ annotations }) => {
        const role = /of ClusterRole "([^"]+)"/.exec(annotations?.["authorization.k8s.io/reason"] ?? "")?.[1];
        return role === undefined ? [] : [role];
      }),
    ),
  };
}

function describeRequest({ verb, requestURI, objectRef }: AuditEvent): string {
  const { resource, subresource } = objectRef ?? {};
  const path = requestURI.split("?")[0] ?? requestURI;
  return `${verb} ${resource === undefined ? path : [resource, subresource].filter(Boolean).join("/")}`;
}

const linesOf = <T>(file: string): T[] => wholeLines(file).map((line) => JSON.parse(line) as T);
