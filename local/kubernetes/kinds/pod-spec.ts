import {
  ensureObject,
  isObject,
  type JsonObject,
  listAt,
  numberAt,
  objectAt,
  objectsAt,
  plain,
  setDefault,
  stringAt,
} from "../json.ts";
import { labelNameProblems } from "../names.ts";
import { type Cause, causes } from "../status.ts";

/** Fills in a pod spec, wherever it stands (k8s.io/kubernetes `pkg/apis/core/v1/defaults.go`). */
export function defaultPodSpec(spec: JsonObject): void {
  for (const field of ["initContainers", "containers"]) objectsAt(spec, field).forEach(defaultContainer);
  objectsAt(spec, "volumes").forEach(defaultVolume);
  setDefault(spec, "restartPolicy", "Always");
  setDefault(spec, "terminationGracePeriodSeconds", 30);
  setDefault(spec, "dnsPolicy", "ClusterFirst");
  setDefault(spec, "securityContext", {});
  setDefault(spec, "schedulerName", "default-scheduler");
  const account = stringAt(spec, "serviceAccountName") ?? stringAt(spec, "serviceAccount");
  if (account !== undefined) Object.assign(spec, { serviceAccountName: account, serviceAccount: account });
}

const portsOf = (container: JsonObject): JsonObject[] => objectsAt(container, "ports");

function defaultContainer(container: JsonObject): void {
  const image = stringAt(container, "image") ?? "";
  setDefault(container, "resources", {});
  setDefault(container, "terminationMessagePath", "/dev/termination-log");
  setDefault(container, "terminationMessagePolicy", "File");
  if (image !== "" || container["imagePullPolicy"] === undefined) {
    setDefault(container, "imagePullPolicy", isLatest(image) ? "Always" : "IfNotPresent");
  }
  for (const port of objectsAt(container, "ports")) setDefault(port, "protocol", "TCP");
  for (const variable of objectsAt(container, "env")) {
    const source = variable["valueFrom"];
    if (isObject(source) && isObject(source["fieldRef"])) setDefault(source["fieldRef"], "apiVersion", "v1");
  }
  for (const probe of ["livenessProbe", "readinessProbe", "startupProbe"]) {
    if (isObject(container[probe])) defaultProbe(container[probe]);
  }
}

/** No tag, or the tag `latest`; a digest is never the latest. */
function isLatest(image: string): boolean {
  if (image.includes("@")) return false;
  const tag = /:([^/:]+)$/.exec(image)?.[1];
  return tag === undefined || tag === "latest";
}

function defaultProbe(probe: JsonObject): void {
  setDefault(probe, "timeoutSeconds", 1);
  setDefault(probe, "periodSeconds", 10);
  setDefault(probe, "successThreshold", 1);
  setDefault(probe, "failureThreshold", 3);
  if (isObject(probe["httpGet"])) {
    setDefault(probe["httpGet"], "path", "/");
    setDefault(probe["httpGet"], "scheme", "HTTP");
  }
}

function defaultVolume(volume: JsonObject): void {
  if (Object.keys(volume).every((field) => field === "name")) volume["emptyDir"] = {};
  for (const field of ["secret", "configMap", "projected", "downwardAPI"]) {
    const source = volume[field];
    if (isObject(source)) setDefault(source, "defaultMode", 420);
  }
  if (isObject(volume["hostPath"])) setDefault(volume["hostPath"], "type", "");
}

/** What only pods get, not templates. */
export function defaultPod(pod: JsonObject): void {
  const spec = ensureObject(pod, "spec");
  defaultPodSpec(spec);
  for (const field of ["initContainers", "containers"]) {
    for (const container of objectsAt(spec, field)) {
      const resources = ensureObject(container, "resources");
      if (!isObject(resources["limits"])) continue;
      const requests = ensureObject(resources, "requests");
      for (const [name, value] of Object.entries(resources["limits"]))
        if (value !== undefined) setDefault(requests, name, value);
    }
  }
  setDefault(spec, "enableServiceLinks", true);
  if (spec["hostNetwork"] !== true) return;
  for (const port of ["initContainers", "containers"].flatMap((list) => objectsAt(spec, list)).flatMap(portsOf)) {
    if (port["containerPort"] !== undefined) setDefault(port, "hostPort", port["containerPort"]);
  }
}

const POLICIES = ["Always", "OnFailure", "Never"];

/** @param only the restart policies allowed here. */
export function podSpecCauses(spec: JsonObject, place: string, only: readonly string[] = POLICIES): Cause[] {
  const found: Cause[] = [];
  const names = new Set<string>();
  const volumes = new Set<string>();
  found.push(...volumeCauses(spec, `${place}.volumes`, volumes));
  if (listAt(spec, "containers").length === 0) found.push(causes.required(`${place}.containers`));
  for (const list of ["containers", "initContainers"]) {
    for (const [index, container] of objectsAt(spec, list).entries()) {
      found.push(...containerCauses(container, `${place}.${list}[${index}]`, names, volumes));
    }
  }
  for (const [index, container] of objectsAt(spec, "initContainers").entries()) {
    if (container["restartPolicy"] === "Always") continue;
    for (const part of ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"]) {
      if (container[part] === undefined) continue;
      const field = `${place}.initContainers[${index}].${part}`;
      found.push(causes.forbidden(field, "may not be set for init containers without restartPolicy=Always"));
    }
  }
  found.push(...hostPortCauses(spec, `${place}.containers`));
  const policy = stringAt(spec, "restartPolicy") ?? "";
  if (!only.includes(policy)) found.push(causes.unsupported(`${place}.restartPolicy`, policy, only));
  const grace = numberAt(spec, "terminationGracePeriodSeconds");
  if (grace !== undefined && grace < 0) {
    found.push(causes.invalid(`${place}.terminationGracePeriodSeconds`, grace, "must be greater than or equal to 0"));
  }
  return found;
}

function hostPortCauses(spec: JsonObject, place: string): Cause[] {
  const taken = new Set<string>();
  return objectsAt(spec, "containers").flatMap((container, index) =>
    portsOf(container).flatMap((port, number) => {
      if (port["hostPort"] === undefined) return [];
      const used = `${plain(port["protocol"])}/${plain(port["hostIP"])}/${plain(port["hostPort"])}`;
      if (taken.has(used)) return [causes.duplicate(`${place}[${index}].ports[${number}].hostPort`, used)];
      taken.add(used);
      return [];
    }),
  );
}

/** What a volume's source must name. */
const SOURCES = [
  ["persistentVolumeClaim", "claimName"],
  ["secret", "secretName"],
  ["configMap", "name"],
] as const;

/** @param valid gets the names of the volumes that can be mounted. */
function volumeCauses(spec: JsonObject, place: string, valid: Set<string>): Cause[] {
  return objectsAt(spec, "volumes").flatMap((volume, index) => {
    const name = stringAt(volume, "name") ?? "";
    const field = `${place}[${index}]`;
    const found = SOURCES.filter(
      ([source, part]) => isObject(volume[source]) && (stringAt(volume, source, part) ?? "") === "",
    ).map(([source, part]) => causes.required(`${field}.${source}.${part}`));
    if (name === "") found.push(causes.required(`${field}.name`));
    else if (valid.has(name)) found.push(causes.duplicate(`${field}.name`, name));
    else found.push(...labelNameProblems(name).map((problem) => causes.invalid(`${field}.name`, name, problem)));
    if (found.length === 0) valid.add(name);
    return found;
  });
}

function resourceCauses(container: JsonObject, place: string): Cause[] {
  return ["limits", "requests"].flatMap((list) =>
    Object.entries(objectAt(container, "resources", list))
      .filter(([, value]) => plain(value).startsWith("-"))
      .map(([name, value]) =>
        causes.invalid(`${place}.resources.${list}[${name}]`, value, "must be greater than or equal to 0"),
      ),
  );
}

function probeCauses(container: JsonObject, place: string): Cause[] {
  return ["livenessProbe", "readinessProbe", "startupProbe"].flatMap((probe) =>
    ["httpGet", "tcpSocket"].flatMap((action) => {
      const port = objectAt(container, probe, action)["port"];
      const field = `${place}.${probe}.${action}.port`;
      if (typeof port === "number" && (port < 1 || port > 65_535)) {
        return [causes.invalid(field, port, "must be between 1 and 65535, inclusive")];
      }
      return typeof port !== "string" || PORT_NAME.test(port)
        ? []
        : [causes.invalid(field, port, "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")];
    }),
  );
}

const PORT_NAME = /^(?=.*[a-z])[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$/;

function containerCauses(
  container: JsonObject,
  field: string,
  names: Set<string>,
  volumes: ReadonlySet<string>,
): Cause[] {
  const found: Cause[] = [];
  const name = stringAt(container, "name") ?? "";
  if (name === "") found.push(causes.required(`${field}.name`));
  else found.push(...labelNameProblems(name).map((problem) => causes.invalid(`${field}.name`, name, problem)));
  const image = stringAt(container, "image") ?? "";
  if (image === "") found.push(causes.required(`${field}.image`));
  else if (image !== image.trim()) {
    found.push(causes.invalid(`${field}.image`, image, "must not have leading or trailing whitespace"));
  }
  if (name !== "" && names.has(name)) found.push(causes.duplicate(`${field}.name`, name));
  names.add(name);
  for (const [index, port] of objectsAt(container, "ports").entries()) {
    const number = numberAt(port, "containerPort") ?? 0;
    const place = `${field}.ports[${index}].containerPort`;
    if (number === 0) found.push(causes.required(place));
    else if (number < 1 || number > 65_535) {
      found.push(causes.invalid(place, number, "must be between 1 and 65535, inclusive"));
    }
  }
  found.push(...probeCauses(container, field), ...resourceCauses(container, field));
  for (const [index, variable] of objectsAt(container, "env").entries()) {
    if ((stringAt(variable, "name") ?? "") === "") found.push(causes.required(`${field}.env[${index}].name`));
  }
  for (const [index, mount] of objectsAt(container, "volumeMounts").entries()) {
    const volume = stringAt(mount, "name") ?? "";
    const place = `${field}.volumeMounts[${index}]`;
    if (volume === "") found.push(causes.required(`${place}.name`));
    if (!volumes.has(volume)) {
      found.push({
        reason: "FieldValueNotFound",
        message: `Not found: ${JSON.stringify(volume)}`,
        field: `${place}.name`,
      });
    }
    if ((stringAt(mount, "mountPath") ?? "") === "") found.push(causes.required(`${place}.mountPath`));
  }
  return found;
}
