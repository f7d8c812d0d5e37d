import type { TokenVerifier } from "../../token-review.ts";
import { unauthorized } from "../status.ts";

/** Who sends a request. */
export interface User {
  name: string;
  groups: readonly string[];
}

/** The subject of a client certificate that the cluster's authority signed. */
export interface CertificateSubject {
  CN?: string | readonly string[] | undefined;
  O?: string | readonly string[] | undefined;
}

const ANONYMOUS: User = { name: "system:anonymous", groups: ["system:unauthenticated"] };
/** How long a verdict about a token holds, milliseconds; as long as the real control plane's webhook cache. */
const KEPT_MS = 10_000;

/** Finds out who sends a request. @throws StatusError 401 for a token that is refused. */
export type Authenticator = (
  subject: CertificateSubject | undefined,
  authorization: string | undefined,
) => User | Promise<User>;

/** @param verify judges bearer tokens; absent = every token is refused. */
export function createAuthenticator(verify: TokenVerifier | undefined, now: () => number): Authenticator {
  const known = new Map<string, { user: User; until: number }>();
  const byToken = async (token: string): Promise<User> => {
    const kept = known.get(token);
    if (kept !== undefined && now() < kept.until) return kept.user;
    known.delete(token);
    const verdict = await verify?.(token);
    if (verdict?.authenticated !== true) throw unauthorized();
    const user = { name: verdict.username, groups: [...verdict.groups, "system:authenticated"] };
    if (known.size >= 1_000) known.clear();
    known.set(token, { user, until: now() + KEPT_MS });
    return user;
  };
  return (subject, authorization) => {
    const name = first(subject?.CN);
    if (name !== undefined) return { name, groups: [...list(subject?.O), "system:authenticated"] };
    const [, token] = /^Bearer +(\S+)$/i.exec(authorization?.trim() ?? "") ?? [];
    return token === undefined ? ANONYMOUS : byToken(token);
  };
}

const list = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === "string" ? [value] : value;
const first = (value: string | readonly string[] | undefined): string | undefined => list(value)[0];
