import { randomUUID } from "node:crypto";
import type { User } from "./auth/authenticate.ts";
import type { RequestInfo } from "./auth/request-info.ts";
import type { ApiRequest } from "./http/exchange.ts";

/** One line of an audit log (audit.k8s.io/v1 Event at level Metadata). */
export function auditLine(request: ApiRequest, info: RequestInfo, user: User | undefined, status: number): string {
  const time = new Date().toISOString();
  const search = request.query.toString();
  const event = {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: "Metadata",
    auditID: randomUUID(),
    stage: "ResponseComplete",
    requestURI: search === "" ? request.path : `${request.path}?${search}`,
    verb: info.verb,
    user: { username: user?.name ?? "", groups: user?.groups ?? [] },
    sourceIPs: ["127.0.0.1"],
    userAgent: request.headers["user-agent"] ?? "",
    ...(info.resourceRequest ? { objectRef: objectRef(info) } : {}),
    responseStatus: { metadata: {}, code: status },
    requestReceivedTimestamp: time,
    stageTimestamp: time,
  };
  return `${JSON.stringify(event)}\n`;
}

function objectRef(info: Extract<RequestInfo, { resourceRequest: true }>): Record<string, string> {
  const { resource, namespace, name, group, version, subresource } = info;
  const fields = { resource, namespace, name, apiGroup: group, apiVersion: version, subresource };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ""));
}
