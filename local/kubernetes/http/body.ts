import { readYaml } from "../../../lib/kubernetes/yaml.ts";
import { isObject, type Json, type JsonObject, plain } from "../json.ts";
import { apiVersionOf, type Decoded, type ResourceType } from "../resource-type.ts";
import { badRequest, causes, invalid, unsupportedMediaType } from "../status.ts";

export const JSON_TYPE = "application/json";
const YAML_TYPE = "application/yaml";
const PROTOBUF_TYPE = "application/vnd.kubernetes.protobuf";

/** @returns the media type of a request's body without parameters. */
export function mediaType(header: string | undefined): string {
  return header?.split(";")[0]?.trim().toLowerCase() ?? "";
}

/** @throws StatusError 415, upon which some clients fall back to JSON; kubectl's `create` of typed kinds does not. */
export function checkMediaType(header: string | undefined): void {
  const type = mediaType(header);
  if (type === "" || type === JSON_TYPE || type === YAML_TYPE) return;
  if (type === PROTOBUF_TYPE)
    throw unsupportedMediaType(
      "the embedded Kubernetes API reads no protobuf, which `kubectl create KIND` sends; " +
        "write the object to a file and `kubectl apply -f` it, or use a real control plane (--kubernetes real)",
    );
  throw unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, ${PROTOBUF_TYPE}`,
  );
}

/** Reads JSON or YAML. @throws SyntaxError */
export function parseBody(text: string, header: string | undefined): Json {
  const type = mediaType(header);
  const yaml = type === YAML_TYPE || type === "application/apply-patch+yaml";
  return (yaml ? readYaml(text, "request body") : JSON.parse(text)) as Json;
}

/**
 * Reads the object of a create or update.
 * @throws StatusError 400 with Kubernetes' words for what is wrong, 422 for another kind of a custom resource.
 */
export function readObject(type: ResourceType, text: string, header: string | undefined): Decoded {
  checkMediaType(header);
  const unrecognized = (problem: string): Error =>
    badRequest(
      `the object provided is unrecognized (must be of type ${type.kind}): ${problem} (${text.length > 30 ? `${text.slice(0, 30)} ...` : Buffer.from(text).toString("hex")})`,
    );
  let body: Json;
  try {
    body = parseBody(text, header);
  } catch (error) {
    throw unrecognized(
      `couldn't get version/kind; json parse error: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (!isObject(body)) {
    const found = Array.isArray(body) ? "array" : typeof body;
    throw unrecognized(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${found} into Go value of type struct ` +
        '{ APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }',
    );
  }
  checkKind(type, body, unrecognized, text);
  return decode(type, body);
}

function checkKind(type: ResourceType, body: JsonObject, unrecognized: (problem: string) => Error, text: string): void {
  const { apiVersion = "", kind = "" } = body;
  if (type.custom) {
    if (kind === "") throw unrecognized(`Object 'Kind' is missing in '${text}'`);
    if (apiVersion === "") throw unrecognized(`Object 'apiVersion' is missing in '${text}'`);
    const found = [
      ...(apiVersion === apiVersionOf(type)
        ? []
        : [causes.invalid("apiVersion", apiVersion, `must be ${apiVersionOf(type)}`)]),
      ...(kind === type.kind ? [] : [causes.invalid("kind", kind, `must be ${type.kind}`)]),
    ];
    const name = isObject(body["metadata"]) ? plain(body["metadata"]["name"] ?? "") : "";
    if (found.length > 0) throw invalid({ group: type.group, kind: plain(kind), name }, found);
    return;
  }
  const version = plain(apiVersion).split("/").at(-1);
  if (apiVersion !== "" && apiVersion !== apiVersionOf(type)) {
    throw badRequest(
      `${plain(kind)} in version ${JSON.stringify(version)} cannot be handled as a ${type.kind}: no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`,
    );
  }
  if (kind !== "" && kind !== type.kind) {
    throw badRequest(
      `${plain(kind)} in version ${JSON.stringify(type.version)} cannot be handled as a ${type.kind}: converting (${type.version}.${plain(kind)}) to (${internalGroup(type)}.${type.kind}): unknown conversion`,
    );
  }
}

const internalGroup = ({ group }: ResourceType): string => (group === "" ? "core" : (group.split(".")[0] ?? ""));

/** Decodes a body and fills in defaults. @throws StatusError 400. */
export function decode(type: ResourceType, body: JsonObject): Decoded {
  try {
    const decoded = type.decode(body);
    type.strategy.defaults?.(decoded.object);
    return decoded;
  } catch (error) {
    if (error instanceof Error && error.name === "Error") {
      throw badRequest(
        `${type.kind} in version ${JSON.stringify(type.version)} cannot be handled as a ${type.kind}: ${error.message}`,
      );
    }
    throw error;
  }
}

/**
 * Does with unknown fields what `fieldValidation` asks for.
 * @returns warnings to send.
 * @throws StatusError 400 under `Strict`.
 */
export function judgeProblems(type: ResourceType, problems: readonly string[], query: URLSearchParams): string[] {
  const validation = query.get("fieldValidation") ?? "Warn";
  if (problems.length === 0 || validation === "Ignore") return [];
  if (validation === "Strict") {
    throw badRequest(
      `${type.kind} in version ${JSON.stringify(type.version)} cannot be handled as a ${type.kind}: strict decoding error: ${problems.join(", ")}`,
    );
  }
  return [...problems];
}
