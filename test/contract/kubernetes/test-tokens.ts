import type { TokenVerifier } from "../../../local/token-review.ts";

/** Tokens that say who they are, for clusters of tests only. */
export const verifyTestToken: TokenVerifier = (token) => {
  const [, username, groups = ""] = /^test:([^:!]+):(.*)$/.exec(token) ?? [];
  if (username === undefined) return { authenticated: false, reason: "this is no test token" };
  return {
    authenticated: true,
    username,
    groups: groups === "" ? [] : groups.split(","),
    arn: "",
    accessKeyId: "",
    sessionName: "",
  };
};

export const testToken = (user: string, groups: readonly string[]): string => `test:${user}:${groups.join(",")}`;
