import * as eks from "@aws-sdk/client-eks";

/** An operation of EKS with what the request's path, query and body said. */
export interface EksRequest {
  operation: string;
  /** Path labels, query parameters and body members by their names in the API. */
  input: Readonly<Record<string, unknown>>;
}

interface Route {
  operation: string;
  method: string;
  path: RegExp;
  labels: string[];
}

/** What the published client exports for each operation: `[9, namespace, name, {http: [method, path, status]}, …]`. */
type OperationSchema = readonly [9, string, string, { http: readonly [string, string, number] }];

const ROUTES: readonly Route[] = Object.values<unknown>(eks).filter(isOperation).map(toRoute);

function isOperation(value: unknown): value is OperationSchema {
  return Array.isArray(value) && value[0] === 9 && typeof value[3] === "object";
}

function toRoute([, , operation, { http }]: OperationSchema): Route {
  const [method, template] = http;
  const labels = [...template.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");
  return { operation, method, labels, path: new RegExp(`^${template.replace(/\{\w+\}/g, "([^/]+)")}$`) };
}

/** Finds the operation that a request means, from the schemas of the published client. */
export function routeRequest(method: string, url: URL, body: unknown): EksRequest | undefined {
  for (const route of ROUTES) {
    const match = route.method === method ? route.path.exec(url.pathname) : null;
    if (match === null) continue;
    const labels = route.labels.map((label, index) => [label, decodeURIComponent(match[index + 1] ?? "")]);
    const query = [...new Set(url.searchParams.keys())].map((name) => {
      const values = url.searchParams.getAll(name);
      return [name, values.length === 1 ? values[0] : values];
    });
    const members = typeof body === "object" && body !== null ? Object.entries(body) : [];
    return { operation: route.operation, input: Object.fromEntries([...members, ...query, ...labels]) };
  }
  return undefined;
}
