import {
  ensureObject,
  type Json,
  type JsonObject,
  listAt,
  objectAt,
  objectsAt,
  setDefault,
  stringAt,
} from "../json.ts";
import { labelNameProblems } from "../names.ts";
import type { KubeObject } from "../object.ts";
import type { Strategy } from "../resource-type.ts";
import { type Cause, causes } from "../status.ts";

const ADDRESSES = ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"];
const TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];

export const serviceStrategy: Strategy = {
  defaults(service) {
    const spec = ensureObject(service, "spec");
    setDefault(spec, "sessionAffinity", "None");
    setDefault(spec, "type", "ClusterIP");
    for (const port of objectsAt(spec, "ports")) {
      setDefault(port, "protocol", "TCP");
      if (port["targetPort"] === "" || port["targetPort"] === 0) delete port["targetPort"];
      setDefault(port, "targetPort", port["port"] ?? 0);
    }
    if (spec["type"] !== "ExternalName") setDefault(spec, "internalTrafficPolicy", "Cluster");
    setDefault(ensureObject(service, "status"), "loadBalancer", {});
  },
  prepareCreate(service) {
    const spec = objectAt(service, "spec");
    service["status"] = { loadBalancer: {} };
    if (spec["type"] === "ExternalName") return;
    setDefault(spec, "clusterIP", clusterAddress(service));
    setDefault(spec, "clusterIPs", [spec["clusterIP"] ?? ""]);
    // As the original: without selector a headless service is for every family.
    const everyFamily = spec["clusterIP"] === "None" && !hasSelector(spec);
    setDefault(spec, "ipFamilies", everyFamily ? ["IPv4", "IPv6"] : ["IPv4"]);
    setDefault(spec, "ipFamilyPolicy", everyFamily ? "RequireDualStack" : "SingleStack");
  },
  prepareUpdate(service, old) {
    service["status"] = old["status"] ?? {};
    const [spec, before] = [objectAt(service, "spec"), objectAt(old, "spec")];
    for (const field of ADDRESSES) if (before[field] !== undefined) setDefault(spec, field, before[field]);
  },
  validate(service, old) {
    const spec = objectAt(service, "spec");
    const found = addressCauses(spec, old);
    // As the original: without a good address nothing else is looked at.
    return found.length > 0 ? found : [...portCauses(spec), ...typeCauses(spec)];
  },
  nameRule: "service",
  selectable: (service) => ({
    "spec.clusterIP": stringAt(service, "spec", "clusterIP") ?? "",
    "spec.type": stringAt(service, "spec", "type") ?? "",
  }),
  returnsDeleted: true,
};

const hasSelector = (spec: JsonObject): boolean => Object.keys(objectAt(spec, "selector")).length > 0;

function portCauses(spec: JsonObject): Cause[] {
  const ports = objectsAt(spec, "ports");
  const found: Cause[] = [];
  const names = new Set<Json>();
  const headless = listAt(spec, "clusterIPs")[0] === "None";
  if (ports.length === 0 && !headless && spec["type"] !== "ExternalName") {
    found.push(causes.required("spec.ports"));
  }
  for (const [index, port] of ports.entries()) {
    const field = `spec.ports[${index}]`;
    const { name = "", targetPort } = port;
    if (name === "" && ports.length > 1) found.push(causes.required(`${field}.name`));
    if (typeof name === "string" && name !== "") {
      found.push(...labelNameProblems(name).map((problem) => causes.invalid(`${field}.name`, name, problem)));
      if (names.has(name)) found.push(causes.duplicate(`${field}.name`, name));
      names.add(name);
    }
    for (const part of ["port", "targetPort"]) {
      const value = port[part] ?? 0;
      if (typeof value === "number" && (value < 1 || value > 65_535)) {
        found.push(causes.invalid(`${field}.${part}`, value, "must be between 1 and 65535, inclusive"));
      }
    }
    if (typeof targetPort === "string" && !/^[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$/.test(targetPort)) {
      found.push(causes.invalid(`${field}.targetPort`, targetPort, "must be a port name of at most 15 characters"));
    }
  }
  return found;
}

function typeCauses(spec: JsonObject): Cause[] {
  const type = stringAt(spec, "type") ?? "";
  return TYPES.includes(type) ? [] : [causes.unsupported("spec.type", type, TYPES)];
}

function addressCauses(spec: JsonObject, old: KubeObject | undefined): Cause[] {
  const address = stringAt(spec, "clusterIP") ?? "";
  const found: Cause[] = [];
  if (address !== "" && address !== "None" && !/^\d+\.\d+\.\d+\.\d+$/.test(address)) {
    return [
      causes.invalid("spec.clusterIPs[0]", address, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"),
    ];
  }
  if (old !== undefined && address !== stringAt(old, "spec", "clusterIP")) {
    found.push(causes.invalid("spec.clusterIPs[0]", spec["clusterIPs"] ?? null, "may not change once set"));
  }
  if (spec["ipFamilyPolicy"] === "RequireDualStack" && hasSelector(spec)) {
    found.push(
      causes.invalid(
        "spec.ipFamilyPolicy",
        "RequireDualStack",
        "this cluster is not configured for dual-stack services",
      ),
      causes.invalid("spec.ipFamilies[1]", "IPv6", "not configured on this cluster"),
    );
  }
  return found;
}

/** An address of 172.20.0.0/16 that follows from the service's name. Nothing listens there. */
function clusterAddress({ metadata: { namespace = "", name } }: KubeObject): string {
  let hash = 7;
  for (const sign of `${namespace}/${name}`) hash = (hash * 31 + sign.charCodeAt(0)) % 64_000;
  return `172.20.${1 + Math.floor(hash / 254)}.${1 + (hash % 254)}`;
}
