/** A StatefulSet with one container; `annotations` go onto its pods. */
export function statefulSet(name: string, replicas: number, annotations: Record<string, string> = {}): unknown {
  const labels = { app: name };
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name, namespace: "default" },
    spec: {
      replicas,
      serviceName: name,
      podManagementPolicy: "Parallel",
      updateStrategy: { type: "OnDelete" },
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations },
        spec: { containers: [{ name: "main", image: "registry.example.com/app:1" }] },
      },
    },
  };
}
