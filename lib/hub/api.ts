import * as z from "zod";
import { problemsInWords } from "../kubernetes/issue-in-words.ts";
import { type ApiReply, answerQuery, ApiRequest as Query, type QueryPorts } from "../registry/query.ts";
import { noteUnreadable, UnreadableRegistrationError } from "../registry/unreadable.ts";
import type { AuditLog } from "../work/audit.ts";
import { applyResource } from "./apply.ts";
import { deleteResource } from "./delete.ts";
import type { HubPorts } from "./fan-out.ts";
import { getFleet, listFleet } from "./fleet.ts";
import { Refusal } from "./reply.ts";
import { ApplyRequest, AuditRequest, DeleteRequest, FleetGetRequest, FleetListRequest } from "./requests.ts";

const HubRequest = z.discriminatedUnion("action", [
  ApplyRequest,
  DeleteRequest,
  FleetListRequest,
  FleetGetRequest,
  AuditRequest,
]);
type HubRequest = z.output<typeof HubRequest>;

/** What the `api` function is asked. */
export const ApiRequest = z.discriminatedUnion("action", [Query, HubRequest]);
export type ApiRequest = z.input<typeof ApiRequest>;

export type ApiPorts = HubPorts & QueryPorts & { audit: AuditLog };

const ACTIONS: readonly string[] = HubRequest.options.map(({ shape }) => shape.action.value);

/**
 * Answers one request of people: what the hub knows, and writes to the resources it keeps. Never throws for a wrong
 * request; what the table or a queue refuses is thrown. A cluster whose registration cannot be read is named beside the
 * answer, which is about the others; a request about that cluster is refused.
 */
export async function answerApi(ports: ApiPorts, question: unknown): Promise<ApiReply> {
  const { registry, unreadable } = noteUnreadable(ports.registry);
  try {
    const reply = await answer({ ...ports, registry }, question);
    return reply.ok && unreadable().length > 0 ? { ...reply, unreadable: unreadable() } : reply;
  } catch (error) {
    if (!(error instanceof UnreadableRegistrationError)) throw error;
    const { name, cause, nextStep } = error.cluster;
    return { ok: false, error: { object: `cluster ${name}`, cause, nextStep } };
  }
}

async function answer(ports: ApiPorts, question: unknown): Promise<ApiReply> {
  const action = (question as { action?: unknown } | null | undefined)?.action;
  if (typeof action !== "string" || !ACTIONS.includes(action)) return answerQuery(ports, question);
  const parsed = HubRequest.safeParse(question);
  if (!parsed.success) {
    const cause = problemsInWords(parsed.error, "request").join("; ");
    const nextStep = "see events/api-request.json for what may be asked";
    return { ok: false, error: { object: `request ${action}`, cause, nextStep } };
  }
  try {
    return { ok: true, data: await carryOut(ports, parsed.data) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { object, message: cause, nextStep } = error;
    return { ok: false, error: { object, cause, nextStep } };
  }
}

async function carryOut(ports: ApiPorts, request: HubRequest): Promise<unknown> {
  switch (request.action) {
    case "resource.apply":
      return applyResource(ports, request);
    case "resource.delete":
      return deleteResource(ports, request);
    case "fleet.list":
      return listFleet(ports, request);
    case "fleet.get":
      return getFleet(ports, request.id);
    case "audit.list": {
      const { cluster, resource, limit } = request;
      return ports.audit.listAudit(cluster, { limit, ...(resource === undefined ? {} : { resource }) });
    }
  }
}
