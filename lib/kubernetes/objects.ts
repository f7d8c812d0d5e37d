/**
 * The parts of Kubernetes objects that Outrigger reads, as they are on the wire
 * (timestamps are RFC 3339 strings). Anything not named here is kept but not looked at.
 */

/** `metadata` of every object. */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
}

/** Any object of the API. */
export interface KubernetesObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
}

/** A condition as the API conventions define it. */
export interface Condition {
  type: string;
  status: "True" | "False" | "Unknown";
  reason: string;
  message: string;
  /** RFC 3339, when `status` last changed. */
  lastTransitionTime: string;
  observedGeneration?: number;
}

export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: LabelSelectorRequirement[];
}

export interface LabelSelectorRequirement {
  key: string;
  operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  values?: string[];
}

export interface NodeSelectorTerm {
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

export interface PodSpec {
  nodeName?: string;
  nodeSelector?: Record<string, string>;
  affinity?: {
    nodeAffinity?: { requiredDuringSchedulingIgnoredDuringExecution?: { nodeSelectorTerms: NodeSelectorTerm[] } };
  };
  containers?: {
    name: string;
    image?: string;
    args?: string[];
    command?: string[];
    env?: { name: string; value?: string }[];
  }[];
  volumes?: { name: string; persistentVolumeClaim?: { claimName: string } }[];
}

export interface ContainerStatus {
  name: string;
  ready: boolean;
  restartCount: number;
  state?: {
    waiting?: { reason?: string; message?: string };
    running?: { startedAt?: string };
    terminated?: { reason?: string; exitCode: number; message?: string };
  };
}

export interface Pod extends KubernetesObject {
  spec?: PodSpec;
  status?: {
    phase?: "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";
    conditions?: { type: string; status: string; lastTransitionTime?: string; reason?: string; message?: string }[];
    initContainerStatuses?: ContainerStatus[];
    containerStatuses?: ContainerStatus[];
  };
}

/** What a controller recorded about an object. */
export interface KubernetesEvent extends KubernetesObject {
  involvedObject?: { kind?: string; name?: string; uid?: string };
  reason?: string;
  message?: string;
  /** RFC 3339. */
  lastTimestamp?: string | null;
  eventTime?: string | null;
}

export interface StatefulSet extends KubernetesObject {
  spec: {
    replicas?: number;
    selector: LabelSelector;
    serviceName?: string;
    minReadySeconds?: number;
    podManagementPolicy?: "OrderedReady" | "Parallel";
    updateStrategy?: { type?: "OnDelete" | "RollingUpdate"; rollingUpdate?: { partition?: number } };
    template: { metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> }; spec?: PodSpec };
    volumeClaimTemplates?: PersistentVolumeClaim[];
  };
  status?: {
    observedGeneration?: number;
    replicas?: number;
    readyReplicas?: number;
    availableReplicas?: number;
    currentReplicas?: number;
    updatedReplicas?: number;
    currentRevision?: string;
    updateRevision?: string;
  };
}

export interface Node extends KubernetesObject {
  status?: {
    conditions?: { type: string; status: string; reason?: string; message?: string; lastTransitionTime?: string }[];
    nodeInfo?: { kubeletVersion?: string };
  };
}

export interface PersistentVolumeClaim extends KubernetesObject {
  spec?: { volumeName?: string };
}

export interface PersistentVolume extends KubernetesObject {
  spec?: { nodeAffinity?: { required?: { nodeSelectorTerms: NodeSelectorTerm[] } } };
}

export interface Deployment extends KubernetesObject {
  spec: { replicas?: number; template: { metadata?: ObjectMeta; spec?: PodSpec } };
}
