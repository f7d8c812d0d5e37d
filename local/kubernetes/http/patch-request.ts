import type { ApiContext, ObjectKey } from "../api/context.ts";
import { find, kindName } from "../api/context.ts";
import { createObject } from "../api/create.ts";
import { type UpdateOptions, updateObject } from "../api/update.ts";
import { isObject, type Json, type JsonObject, plain } from "../json.ts";
import type { KubeObject } from "../object.ts";
import { APPLICABLE, type AppliedConfigurations, applyConfiguration } from "../patch/apply.ts";
import { applyPatch, PATCH_TYPES, type PatchKind } from "../patch/patch.ts";
import { badRequest, causes, invalid, notImplemented, StatusError, unsupportedMediaType } from "../status.ts";
import { decode, judgeProblems, mediaType, parseBody } from "./body.ts";
import type { ApiRequest } from "./exchange.ts";
import { scaled, scaleOf } from "./scale.ts";

/** A patched or applied object, with warnings for the client. */
export interface Patched {
  object: KubeObject;
  created: boolean;
  warnings: string[];
}

/** @throws StatusError 400, 404, 409, 415, 422, 501. */
export function patchObject(
  context: ApiContext,
  applied: AppliedConfigurations,
  key: ObjectKey,
  request: ApiRequest,
  options: UpdateOptions,
): Patched {
  const kind = patchKind(key, request);
  const patch = readPatch(kind, request);
  if (kind === "apply") return apply(context, applied, key, request, patch, options);
  let warnings: string[] = [];
  const object = updateObject(
    context,
    key,
    (old) => {
      const subject = options.subresource === "scale" ? scaleOf(old) : old;
      const patched = applyPatch(kind, subject, patch);
      if (options.subresource === "scale") return scaled(old, patched);
      const decoded = decodePatched(key, patched);
      warnings = judged(key, patched, decoded.problems, request);
      return decoded.object;
    },
    options,
  );
  return { object, created: false, warnings };
}

function patchKind({ type }: ObjectKey, request: ApiRequest): PatchKind {
  const media = mediaType(request.headers["content-type"]);
  const kind = PATCH_TYPES[media];
  const accepted = Object.entries(PATCH_TYPES).filter(([, one]) => !(type.custom && one === "strategic"));
  if (kind !== undefined && accepted.some(([, one]) => one === kind)) return kind;
  if (kind === undefined) throw unsupportedMediaType("415: Unsupported Media Type", {});
  throw unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${accepted.map(([name]) => name).join(", ")}`,
  );
}

function readPatch(kind: PatchKind, request: ApiRequest): Json {
  try {
    return parseBody(request.body, kind === "apply" ? request.headers["content-type"] : undefined);
  } catch (error) {
    throw badRequest(`error decoding patch: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Unknown fields of a patched object: with strict validation the patch is invalid, where a PUT would be a bad request. */
function judged(key: ObjectKey, patched: JsonObject, problems: readonly string[], request: ApiRequest): string[] {
  try {
    return judgeProblems(key.type, problems, request.query);
  } catch (error) {
    throw invalidPatch(key, patched, error);
  }
}

/** A patch that gives a field a wrong type is invalid, where a PUT would be a bad request. */
function decodePatched(key: ObjectKey, patched: JsonObject): ReturnType<typeof decode> {
  try {
    return decode(key.type, patched);
  } catch (error) {
    throw invalidPatch(key, patched, error);
  }
}

function invalidPatch({ type }: ObjectKey, patched: JsonObject, error: unknown): Error {
  if (!(error instanceof StatusError) || error.code !== 400 || type.custom) return error as Error;
  const problem = error.message.replace(/^.*? cannot be handled as a \w+: /, "");
  return invalid({ group: "", kind: "", name: "" }, [causes.invalid("patch", JSON.stringify(patched), problem)]);
}

function apply(
  context: ApiContext,
  applied: AppliedConfigurations,
  key: ObjectKey,
  request: ApiRequest,
  patch: Json,
  options: UpdateOptions,
): Patched {
  const { type, name } = key;
  const manager = request.query.get("fieldManager") ?? "";
  if (!isObject(patch)) throw badRequest("error decoding patch: the body is no object");
  if (manager === "") {
    throw invalid({ group: "meta.k8s.io", kind: "PatchOptions", name: "" }, [
      causes.required("fieldManager", "is required for apply patch"),
    ]);
  }
  if (request.query.get("force") !== "true") throw notImplemented("server-side apply without force=true");
  if (options.subresource !== undefined) throw notImplemented(`server-side apply of ${options.subresource}`);
  if (!APPLICABLE.has(type.kind)) throw notImplemented(`server-side apply of ${type.plural}`);
  const metadata = isObject(patch["metadata"]) ? patch["metadata"] : {};
  const configuration: JsonObject = { ...patch, metadata: { ...metadata, name: metadata["name"] ?? name } };
  const live = find(context, key);
  const remember = (object: KubeObject): void => {
    if (options.dryRun !== true) applied.set(object.metadata.uid, manager, configuration);
  };
  if (live === undefined) {
    if (metadata["uid"] !== undefined) throw notFoundForUid(key, plain(metadata["uid"]));
    const decoded = decode(type, configuration);
    const warnings = judgeProblems(type, decoded.problems, request.query);
    const object = createObject(context, type, key.namespace, decoded.object, options);
    remember(object);
    return { object, created: true, warnings };
  }
  const decoded = decodePatched(key, applyConfiguration(live, configuration, applied.get(live.metadata.uid, manager)));
  const warnings = judgeProblems(type, decoded.problems, request.query);
  const object = updateObject(context, key, () => decoded.object, options);
  remember(object);
  return { object, created: false, warnings };
}

function notFoundForUid(key: ObjectKey, uid: string): StatusError {
  return new StatusError({
    code: 409,
    reason: "Conflict",
    message: `Operation cannot be fulfilled on ${kindName(key).kind} ${JSON.stringify(key.name)}: uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
    details: { name: key.name, kind: key.type.plural },
  });
}
