/** The definition of ReplicaTemplates, with what grafana/rollout-operator's own has. */
export const REPLICA_TEMPLATE_DEFINITION = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "replicatemplates.rollout-operator.grafana.com" },
  spec: {
    group: "rollout-operator.grafana.com",
    scope: "Namespaced",
    names: {
      plural: "replicatemplates",
      singular: "replicatemplate",
      kind: "ReplicaTemplate",
      listKind: "ReplicaTemplateList",
    },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: {
              spec: {
                type: "object",
                properties: {
                  replicas: { type: "integer", minimum: 0, default: 1 },
                  labelSelector: { type: "string" },
                },
              },
              status: { type: "object", properties: { replicas: { type: "integer" } } },
            },
          },
        },
        subresources: {
          status: {},
          scale: {
            specReplicasPath: ".spec.replicas",
            statusReplicasPath: ".status.replicas",
            labelSelectorPath: ".spec.labelSelector",
          },
        },
      },
    ],
  },
};
