/** Small objects for rows. */
export const named = (name: string, rest: object = {}): object => ({ metadata: { name }, ...rest });
export const labelled = (name: string, labels: Record<string, string>, rest: object = {}): object => ({
  metadata: { name, labels },
  ...rest,
});

export const pod = (name: string, spec: object = {}, metadata: object = {}): object => ({
  metadata: { name, ...metadata },
  spec: { containers: [{ name: "main", image: "registry.example.com/app:1" }], ...spec },
});

/** A pod that no node takes: it stays as it is. */
export const waitingPod = (name: string, metadata: object = {}): object =>
  pod(name, { nodeSelector: { nowhere: "true" } }, metadata);

/** @param spec over OnDelete, Parallel, one replica. */
export const statefulSet = (name: string, spec: object = {}, image = "registry.example.com/app:1"): object => ({
  metadata: { name },
  spec: {
    replicas: 1,
    serviceName: name,
    podManagementPolicy: "Parallel",
    updateStrategy: { type: "OnDelete" },
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "main", image }] } },
    ...spec,
  },
});

/** A merge patch that gives the pods of a set another image. */
export const newImage = (image = "registry.example.com/app:2"): object => ({
  spec: { template: { spec: { containers: [{ name: "main", image }] } } },
});

export const roleBinding = (name: string, kind: "Role" | "ClusterRole", role: string, subjects: object[]): object => ({
  metadata: { name },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name: role },
  subjects,
});
export const userSubject = (name: string): object => ({ kind: "User", apiGroup: "rbac.authorization.k8s.io", name });
export const groupSubject = (name: string): object => ({ kind: "Group", apiGroup: "rbac.authorization.k8s.io", name });
