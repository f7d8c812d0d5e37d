/** A kwok Stage (kwok.x-k8s.io/v1alpha1): when an object looks like this, wait, then change it like that. */
export interface Stage {
  apiVersion: "kwok.x-k8s.io/v1alpha1";
  kind: "Stage";
  metadata: { name: string };
  spec: {
    resourceRef: { apiGroup: "v1"; kind: StageKind };
    selector: { matchExpressions: { jq: Requirement }[] };
    delay?: Delay;
    steps: Step[];
  };
}

type StageKind = "Pod" | "Node" | "PersistentVolume" | "PersistentVolumeClaim";
type Step = { patch: { subresource: "status"; template: string } } | { apply: { template: string } } | { delete: true };

/** A jq expression and what its results must be. */
export interface Requirement {
  key: string;
  operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  values?: string[];
}

interface Delay {
  durationMilliseconds: number;
  durationFrom?: { jq: { expression: string } };
  jitterDurationFrom?: { jq: { expression: string } };
}

export const isIn = (key: string, ...values: string[]): Requirement => ({ key, operator: "In", values });
export const isNotIn = (key: string, ...values: string[]): Requirement => ({ key, operator: "NotIn", values });
export const exists = (key: string): Requirement => ({ key, operator: "Exists" });
export const isAbsent = (key: string): Requirement => ({ key, operator: "DoesNotExist" });

/** A fixed delay. */
export const after = (milliseconds: number): Delay => ({ durationMilliseconds: milliseconds });

/** A delay computed by jq as a Go duration. */
export const afterExpression = (expression: string): Delay => ({
  durationMilliseconds: 0,
  durationFrom: { jq: { expression } },
});

/** A delay from an annotation holding a Go duration or a range `a..b` of two. */
export function afterAnnotation(annotation: string, defaultMilliseconds: number): Delay {
  const parts = `((.metadata.annotations["${annotation}"] // "") | split(".."))`;
  return {
    durationMilliseconds: defaultMilliseconds,
    durationFrom: { jq: { expression: `${parts}[0]` } },
    jitterDurationFrom: { jq: { expression: `${parts}[1]` } },
  };
}

/**
 * Patches a template into the status (strategic merge). The patch carries the UID it was computed for: a successor of the
 * same name is never touched.
 */
export const setStatus = (template: string): Step => ({
  patch: { subresource: "status", template: ofSameObject(template) },
});

/** Applies another object. */
export const applyObject = (template: string): Step => ({ apply: { template } });

/** Deletes the object at once. */
export const deleteObject: Step = { delete: true };

export function stage(kind: StageKind, name: string, requirements: Requirement[], step: Step, delay?: Delay): Stage {
  return {
    apiVersion: "kwok.x-k8s.io/v1alpha1",
    kind: "Stage",
    metadata: { name },
    spec: {
      resourceRef: { apiGroup: "v1", kind },
      selector: { matchExpressions: requirements.map((jq) => ({ jq })) },
      ...(delay === undefined ? {} : { delay }),
      steps: [step],
    },
  };
}

function ofSameObject(status: string): string {
  return `metadata: {uid: {{ .metadata.uid | Quote }}}\nstatus:\n${status.replaceAll("\n", "\n  ")}`;
}
