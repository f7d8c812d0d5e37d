import type { LabelSelector } from "../../../lib/kubernetes/objects.ts";
import { matchesSelector } from "../../../lib/kubernetes/selectors.ts";
import type { JsonObject } from "../json.ts";
import { copy, ensureObject, isEqual, isObject, numberAt, objectAt, objectsAt, setDefault, stringAt } from "../json.ts";
import { labelNameProblems } from "../names.ts";
import type { Strategy } from "../resource-type.ts";
import { type Cause, causes } from "../status.ts";
import { claimSpecCauses } from "./core.ts";
import { defaultPodSpec, podSpecCauses } from "./pod-spec.ts";

function defaultTemplate(spec: JsonObject): void {
  const template = ensureObject(spec, "template");
  ensureObject(template, "metadata");
  defaultPodSpec(ensureObject(template, "spec"));
}

function templateCauses(spec: JsonObject, kind: string): Cause[] {
  const found: Cause[] = [];
  const selector = spec["selector"];
  const labels = objectAt(spec, "template", "metadata", "labels") as Record<string, string>;
  if (!isObject(selector)) found.push(causes.required("spec.selector"));
  else if (Object.keys(selector).length === 0) {
    found.push(causes.invalid("spec.selector", selector, `empty selector is invalid for ${kind}`));
  }
  if (!isObject(selector) || !matchesSelector(selector as LabelSelector, labels)) {
    const shown = Object.keys(labels).length === 0 ? null : labels;
    found.push(causes.invalid("spec.template.metadata.labels", shown, "`selector` does not match template `labels`"));
  }
  return [...found, ...podSpecCauses(withClaims(spec), "spec.template.spec", ["Always"])];
}

/** The pod spec as the pods will have it: with a volume for each claim template. */
function withClaims(spec: JsonObject): JsonObject {
  const template = objectAt(spec, "template", "spec");
  const claims = objectsAt(spec, "volumeClaimTemplates").map((claim): JsonObject => {
    const name = stringAt(claim, "metadata", "name") ?? "";
    return { name, persistentVolumeClaim: { claimName: name } };
  });
  const others = objectsAt(template, "volumes").filter((one) => !claims.some((claim) => claim["name"] === one["name"]));
  return claims.length === 0 ? template : { ...template, volumes: [...claims, ...others] };
}

function notNegative(spec: JsonObject, field: string): Cause[] {
  const value = numberAt(spec, field);
  return value === undefined || value >= 0
    ? []
    : [causes.invalid(`spec.${field}`, value, "must be greater than or equal to 0")];
}

const CHANGEABLE = [
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
];

export const statefulSetStrategy: Strategy = {
  defaults(set) {
    const spec = ensureObject(set, "spec");
    setDefault(spec, "replicas", 1);
    setDefault(spec, "serviceName", "");
    setDefault(spec, "podManagementPolicy", "OrderedReady");
    setDefault(spec, "revisionHistoryLimit", 10);
    const retention = ensureObject(spec, "persistentVolumeClaimRetentionPolicy");
    for (const moment of ["whenDeleted", "whenScaled"]) setDefault(retention, moment, "Retain");
    const strategy = ensureObject(spec, "updateStrategy");
    setDefault(strategy, "type", "RollingUpdate");
    if (strategy["type"] === "RollingUpdate") setDefault(ensureObject(strategy, "rollingUpdate"), "partition", 0);
    defaultTemplate(spec);
    for (const claim of objectsAt(spec, "volumeClaimTemplates")) {
      setDefault(claim, "apiVersion", "v1");
      setDefault(claim, "kind", "PersistentVolumeClaim");
      setDefault(ensureObject(claim, "spec"), "volumeMode", "Filesystem");
      setDefault(ensureObject(claim, "status"), "phase", "Pending");
    }
    const status = ensureObject(set, "status");
    for (const field of ["replicas", "availableReplicas"]) setDefault(status, field, 0);
  },
  prepareCreate(set) {
    set["status"] = { replicas: 0, availableReplicas: 0 };
  },
  prepareUpdate(set, old) {
    set["status"] = old["status"] ?? {};
  },
  validate(set, old) {
    const spec = objectAt(set, "spec");
    const policy = stringAt(spec, "podManagementPolicy") ?? "";
    const update = stringAt(spec, "updateStrategy", "type") ?? "";
    const serviceName = stringAt(spec, "serviceName") ?? "";
    const partition = numberAt(spec, "updateStrategy", "rollingUpdate", "partition") ?? 0;
    const found: Cause[] = [];
    if (serviceName !== "" && old === undefined) {
      found.push(
        ...labelNameProblems(serviceName).map((problem) => causes.invalid("spec.serviceName", serviceName, problem)),
      );
    }
    for (const [index, claim] of objectsAt(spec, "volumeClaimTemplates").entries()) {
      found.push(...claimSpecCauses(objectAt(claim, "spec"), `spec.volumeClaimTemplates[${index}].spec`));
    }
    if (policy !== "OrderedReady" && policy !== "Parallel") {
      found.push(causes.invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'"));
    }
    if (update !== "RollingUpdate" && update !== "OnDelete") {
      found.push(
        causes.invalid(
          "spec.updateStrategy",
          objectAt(spec, "updateStrategy"),
          "must be 'RollingUpdate' or 'OnDelete'",
        ),
      );
    }
    if (update === "OnDelete" && isObject(objectAt(spec, "updateStrategy")["rollingUpdate"])) {
      found.push(
        causes.invalid(
          "spec.updateStrategy.rollingUpdate",
          objectAt(spec, "updateStrategy", "rollingUpdate"),
          "only allowed for updateStrategy 'RollingUpdate'",
        ),
      );
    }
    if (partition < 0) {
      found.push(
        causes.invalid("spec.updateStrategy.rollingUpdate.partition", partition, "must be greater than or equal to 0"),
      );
    }
    found.push(
      ...notNegative(spec, "replicas"),
      ...notNegative(spec, "minReadySeconds"),
      ...templateCauses(spec, "statefulset"),
    );
    if (old !== undefined && !isEqual(fixed(spec), fixed(objectAt(old, "spec")))) {
      const [last, ...others] = CHANGEABLE.toReversed().map((field) => `'${field}'`);
      const text = `${others.toReversed().join(", ")} and ${last}`;
      found.push(causes.forbidden("spec", `updates to statefulset spec for fields other than ${text} are forbidden`));
    }
    return found;
  },
  generationOf: (set) => set["spec"],
};

function fixed(spec: JsonObject): JsonObject {
  const rest = copy(spec);
  for (const field of CHANGEABLE) delete rest[field];
  return rest;
}

/** Deployments are data: nothing acts on them. */
export const deploymentStrategy: Strategy = {
  defaults(deployment) {
    const spec = ensureObject(deployment, "spec");
    setDefault(spec, "replicas", 1);
    setDefault(spec, "revisionHistoryLimit", 10);
    setDefault(spec, "progressDeadlineSeconds", 600);
    const strategy = ensureObject(spec, "strategy");
    setDefault(strategy, "type", "RollingUpdate");
    if (strategy["type"] === "RollingUpdate") {
      const rolling = ensureObject(strategy, "rollingUpdate");
      for (const field of ["maxUnavailable", "maxSurge"]) setDefault(rolling, field, "25%");
    }
    defaultTemplate(spec);
    ensureObject(deployment, "status");
  },
  prepareCreate(deployment) {
    deployment["status"] = {};
  },
  prepareUpdate(deployment, old) {
    deployment["status"] = old["status"] ?? {};
  },
  validate(deployment, old) {
    const spec = objectAt(deployment, "spec");
    const counts = ["replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"];
    const found = [...counts.flatMap((field) => notNegative(spec, field)), ...templateCauses(spec, "deployment")];
    if (old !== undefined && !isEqual(spec["selector"], objectAt(old, "spec")["selector"])) {
      found.push(causes.invalid("spec.selector", spec["selector"] ?? null, "field is immutable"));
    }
    return found;
  },
  generationOf: (deployment) => [deployment["spec"] ?? null, deployment.metadata.annotations ?? null],
};

export const controllerRevisionStrategy: Strategy = {
  defaults(revision) {
    setDefault(revision, "revision", 0);
  },
  validate(revision, old) {
    const number = numberAt(revision, "revision") ?? 0;
    const found = number < 0 ? [causes.invalid("revision", number, "must be greater than or equal to 0")] : [];
    if (old !== undefined && !isEqual(revision["data"], old["data"])) {
      found.push(causes.invalid("data", revision["data"] ?? null, "field is immutable"));
    }
    return found;
  },
};
