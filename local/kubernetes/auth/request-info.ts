/** What a request is about, as authorization sees it (k8s.io/apiserver `pkg/endpoints/request`). */
export type RequestInfo =
  | { resourceRequest: false; verb: string; path: string }
  | {
      resourceRequest: true;
      verb: string;
      path: string;
      group: string;
      version: string;
      /** "" = none. */
      namespace: string;
      resource: string;
      subresource: string;
      name: string;
    };

const VERBS: Readonly<Record<string, string>> = {
  GET: "get",
  HEAD: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

export function readRequestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const nonResource: RequestInfo = { resourceRequest: false, verb: method.toLowerCase(), path };
  const parts = path.split("/").filter((part) => part !== "");
  const [root, ...rest] = parts.map(decode);
  const grouped = root === "apis";
  if ((root !== "api" && !grouped) || rest.length < (grouped ? 3 : 2)) return nonResource;
  const [group, version] = grouped ? [rest[0] ?? "", rest[1] ?? ""] : ["", rest[0] ?? ""];
  let here = rest.slice(grouped ? 2 : 1);
  const legacyWatch = here[0] === "watch";
  if (legacyWatch) here = here.slice(1);
  if (here.length === 0) return nonResource;
  let namespace = "";
  if (here[0] === "namespaces" && here.length > 1) {
    namespace = here[1] ?? "";
    if (here.length > 2 && here[2] !== "status" && here[2] !== "finalize") here = here.slice(2);
  }
  const [resource = "", name = "", subresource = ""] = here;
  const watching = legacyWatch || ["true", "1"].includes(query.get("watch") ?? "");
  const verb = verbOf(method, name, watching, legacyWatch);
  return { resourceRequest: true, verb, path, group, version, namespace, resource, subresource, name };
}

function verbOf(method: string, name: string, watching: boolean, legacyWatch: boolean): string {
  const verb = VERBS[method] ?? method.toLowerCase();
  if (legacyWatch && verb === "get") return "watch";
  if (name !== "") return verb;
  if (verb === "get") return watching ? "watch" : "list";
  return verb === "delete" ? "deletecollection" : verb;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
