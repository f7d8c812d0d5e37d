import type { ResourceType } from "../../../lib/kubernetes/client.ts";
import { ApiError, ConnectionError } from "../../../lib/kubernetes/errors.ts";
import type { ClientOptions, Disturbance } from "../client.ts";
import { between, type Random } from "./chance.ts";
import type { Kind } from "./kinds.ts";

type Verb = "get" | "list" | "patch" | "delete";

interface ApiFault {
  /** The share of requests it befalls, of those it can befall. */
  share: number;
  befalls: (verb: Verb, type: ResourceType) => boolean;
  of: (request: string, random: Random) => Disturbance;
}

const SERVER = "https://prod";
const reset = () => new ConnectionError("reset", SERVER, "socket hang up");
const answered = (status: number, reason: string, retryAfterSeconds?: number) => (request: string) => ({
  at: "before" as const,
  error: new ApiError({ status, reason, message: reason, request, retryAfterSeconds }),
});

/** What an API server, or what is in front of it, does to single requests. */
const API_FAULTS: Partial<Record<Kind, ApiFault>> = {
  "answer 409": {
    share: 0.5,
    befalls: (verb, { plural }) => verb === "patch" && plural === "statefulsets",
    of: answered(409, "Conflict"),
  },
  "answer 410": { share: 0.3, befalls: (verb) => verb === "list", of: answered(410, "Expired") },
  "answer 429": { share: 0.25, befalls: () => true, of: answered(429, "TooManyRequests", 1) },
  "answer 500": { share: 0.25, befalls: () => true, of: answered(500, "InternalError") },
  "answer 503": { share: 0.25, befalls: () => true, of: answered(503, "ServiceUnavailable") },
  timeout: {
    share: 0.15,
    befalls: () => true,
    of: (_request, random) => ({
      at: random() < 0.5 ? "before" : "after",
      error: new ConnectionError("timeout", SERVER, "no answer"),
      waitMs: 10_000,
    }),
  },
  "reply of a delete lost": {
    share: 0.5,
    befalls: (verb) => verb === "delete",
    of: () => ({ at: "after", error: reset() }),
  },
  "reply of a patch lost": {
    share: 0.3,
    befalls: (verb) => verb === "patch",
    of: () => ({ at: "after", error: reset() }),
  },
  "delete carried out late": {
    share: 0.4,
    befalls: (verb) => verb === "delete",
    of: (_request, random) => ({ at: "later", error: reset(), afterMs: between(random, 200, 9_000) }),
  },
};

/** What befalls this request, if anything does. */
export function disturbanceOf(
  active: (kind: Kind) => boolean,
  fire: (kind: Kind) => void,
  random: Random,
): NonNullable<ClientOptions["disturb"]> {
  const faults = Object.entries(API_FAULTS) as [Kind, ApiFault][];
  return (verb, type) => {
    const hit = faults.find(([kind, fault]) => active(kind) && fault.befalls(verb, type) && random() < fault.share);
    if (hit === undefined) return undefined;
    fire(hit[0]);
    return hit[1].of(`${verb.toUpperCase()} ${type.plural}`, random);
  };
}
