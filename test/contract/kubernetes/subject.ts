import { parse } from "yaml";
import type { ControlPlane } from "../../../local/control-plane/start.ts";
import type { Subject } from "./client.ts";
import { testToken } from "./test-tokens.ts";

/** A running cluster as the contract sees it. */
export function subjectOf({ server, caPem, adminKubeconfig }: ControlPlane): Subject {
  const { users } = parse(adminKubeconfig.text) as {
    users: { user: { "client-certificate-data": string; "client-key-data": string } }[];
  };
  const [admin] = users;
  const pem = (field: "client-certificate-data" | "client-key-data"): string =>
    Buffer.from(admin?.user[field] ?? "", "base64").toString("utf8");
  return {
    server,
    caPem,
    admin: { certPem: pem("client-certificate-data"), keyPem: pem("client-key-data") },
    token: testToken,
  };
}
