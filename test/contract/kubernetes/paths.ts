const APPS = "/apis/apps/v1/namespaces/{ns}";
const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const ADMISSION = "/apis/admissionregistration.k8s.io/v1";
const CORE = "/api/v1/namespaces/{ns}";

/** Where the short names of rows lead. */
const PLACES: Readonly<Record<string, string>> = {
  cm: `${CORE}/configmaps`,
  secrets: `${CORE}/secrets`,
  pods: `${CORE}/pods`,
  svc: `${CORE}/services`,
  sa: `${CORE}/serviceaccounts`,
  quotas: `${CORE}/resourcequotas`,
  claims: `${CORE}/persistentvolumeclaims`,
  events: `${CORE}/events`,
  sts: `${APPS}/statefulsets`,
  deploy: `${APPS}/deployments`,
  revisions: `${APPS}/controllerrevisions`,
  leases: "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases",
  roles: `${RBAC}/namespaces/{ns}/roles`,
  rolebindings: `${RBAC}/namespaces/{ns}/rolebindings`,
  clusterroles: `${RBAC}/clusterroles`,
  clusterrolebindings: `${RBAC}/clusterrolebindings`,
  ns: "/api/v1/namespaces",
  nodes: "/api/v1/nodes",
  policies: `${ADMISSION}/validatingadmissionpolicies`,
  policybindings: `${ADMISSION}/validatingadmissionpolicybindings`,
  crds: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
};

/** @returns the whole path of a row's short one. */
export function wholePath(path: string): string {
  if (path.startsWith("/")) return path;
  const [, place = "", rest = ""] = /^([a-z]+)(.*)$/.exec(path) ?? [];
  const found = PLACES[place];
  if (found === undefined) throw new Error(`${place} is no short name of a resource`);
  return `${found}${rest}`;
}
