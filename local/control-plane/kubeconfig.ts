import { stringify } from "yaml";
import type { AdminCredentials } from "./admin-client.ts";

/** Writes a kubeconfig with one cluster and one client-certificate user, everything inline. */
export function kubeconfig(name: string, credentials: AdminCredentials): string {
  const { server, caPem, certPem, keyPem } = credentials;
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server, "certificate-authority-data": base64(caPem) } }],
    users: [{ name, user: { "client-certificate-data": base64(certPem), "client-key-data": base64(keyPem) } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  });
}

/** Writes the file that tells kube-apiserver where to have bearer tokens reviewed. */
export function webhookKubeconfig(url: string, caPem: string): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "tokens", cluster: { server: url, "certificate-authority-data": base64(caPem) } }],
    users: [{ name: "kube-apiserver", user: {} }],
    contexts: [{ name: "tokens", context: { cluster: "tokens", user: "kube-apiserver" } }],
    "current-context": "tokens",
  });
}

function base64(pem: string): string {
  return Buffer.from(pem).toString("base64");
}
