import type { ResourceType } from "./client.ts";

/** The resource types Outrigger itself reads and writes. */
export const EVENTS: ResourceType = { apiVersion: "v1", kind: "Event", plural: "events", namespaced: true };
export const PODS: ResourceType = { apiVersion: "v1", kind: "Pod", plural: "pods", namespaced: true };
export const NODES: ResourceType = { apiVersion: "v1", kind: "Node", plural: "nodes", namespaced: false };
export const PERSISTENT_VOLUMES: ResourceType = {
  apiVersion: "v1",
  kind: "PersistentVolume",
  plural: "persistentvolumes",
  namespaced: false,
};
export const PERSISTENT_VOLUME_CLAIMS: ResourceType = {
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  plural: "persistentvolumeclaims",
  namespaced: true,
};
export const STATEFUL_SETS: ResourceType = {
  apiVersion: "apps/v1",
  kind: "StatefulSet",
  plural: "statefulsets",
  namespaced: true,
};
export const CONTROLLER_REVISIONS: ResourceType = {
  apiVersion: "apps/v1",
  kind: "ControllerRevision",
  plural: "controllerrevisions",
  namespaced: true,
};
export const DEPLOYMENTS: ResourceType = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  plural: "deployments",
  namespaced: true,
};
/** Of grafana/rollout-operator: replicas for an autoscaler to write, which StatefulSets mirror. */
export const REPLICA_TEMPLATES: ResourceType = {
  apiVersion: "rollout-operator.grafana.com/v1",
  kind: "ReplicaTemplate",
  plural: "replicatemplates",
  namespaced: true,
};
export const CUSTOM_RESOURCE_DEFINITIONS: ResourceType = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  namespaced: false,
};
export const MULTI_AZ_ROLLOUTS: ResourceType = {
  apiVersion: "rollout.grafana.com/v1alpha1",
  kind: "MultiAZRollout",
  plural: "multiazrollouts",
  namespaced: true,
};
export const VALIDATING_ADMISSION_POLICIES: ResourceType = {
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingAdmissionPolicy",
  plural: "validatingadmissionpolicies",
  namespaced: false,
};
export const VALIDATING_ADMISSION_POLICY_BINDINGS: ResourceType = {
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingAdmissionPolicyBinding",
  plural: "validatingadmissionpolicybindings",
  namespaced: false,
};
