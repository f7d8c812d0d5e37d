/** One request of a row, and what the answer must be. */
export interface Step {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** A resource by its short name (`cm/a?limit=1`) in the row's namespace, or a whole path. */
  path: string;
  body?: unknown;
  contentType?: string;
  accept?: string;
  /** Name, and groups after a colon; absent = the administrator, "" = nobody. */
  as?: string;
  answer: Answer;
  /** Asked again until it is so. */
  eventually?: true;
  /** Name under which later steps find parts of the answer: `{name.metadata.uid}`. */
  keep?: string;
}

/** Parts that are not named may be anything. Text may hold `{ns}` and what earlier steps kept. */
export interface Answer {
  status: number;
  /** Matched as `toMatchObject` does. */
  body?: unknown;
  /** The Status's message, or a part of it. */
  message?: string;
  reason?: string;
  /** `field: reason` of each cause. */
  causes?: string[];
  /** Names of the listed objects, in order. */
  names?: string[];
  /** Dotted paths that must be there and hold something else than this. */
  unlike?: Record<string, string>;
  /** Dotted paths that must not be there. */
  absent?: string[];
  /** Text of a body that is no JSON. */
  text?: string;
  /** Text that a header must hold. */
  headers?: Record<string, string>;
}

/** A watch, and the events it must bring before it ends. */
export interface WatchStep {
  /** As `path` of a step; its parameters are completed by `watch=1` and `timeoutSeconds`. */
  watch: string;
  /** All of them, in order; bookmarks are left out unless they are asked for. */
  events: { type: string; object?: unknown }[];
  bookmarks?: true;
  /** Others may come before and between them: what an object passes through on its way, however short it stays there. */
  among?: true;
}

export interface Row {
  title: string;
  steps: (Step | WatchStep)[];
}

type Options = Partial<Omit<Step, "method" | "path" | "body" | "answer">>;

const step = (method: Step["method"], path: string, answer: Answer, body?: unknown, options: Options = {}): Step => ({
  method,
  path,
  answer,
  ...(body === undefined ? {} : { body }),
  ...options,
});

export const get = (path: string, answer: Answer = ok(), options?: Options): Step =>
  step("GET", path, answer, undefined, options);
export const post = (path: string, body: unknown, answer: Answer = { status: 201 }, options?: Options): Step =>
  step("POST", path, answer, body, options);
export const put = (path: string, body: unknown, answer: Answer = ok(), options?: Options): Step =>
  step("PUT", path, answer, body, options);
/** A JSON merge patch. */
export const merge = (path: string, body: unknown, answer: Answer = ok(), options?: Options): Step =>
  step("PATCH", path, answer, body, { contentType: "application/merge-patch+json", ...options });
export const jsonPatch = (path: string, body: unknown, answer: Answer = ok(), options?: Options): Step =>
  step("PATCH", path, answer, body, { contentType: "application/json-patch+json", ...options });
export const strategic = (path: string, body: unknown, answer: Answer = ok(), options?: Options): Step =>
  step("PATCH", path, answer, body, { contentType: "application/strategic-merge-patch+json", ...options });
export const apply = (path: string, body: unknown, answer: Answer = ok(), options?: Options): Step =>
  step("PATCH", path, answer, body, { contentType: "application/apply-patch+yaml", ...options });
export const del = (path: string, answer: Answer = ok(), body?: unknown, options?: Options): Step =>
  step("DELETE", path, answer, body, options);

/** @param events type and name of the object, in order. */
export const watch = (path: string, ...events: [type: string, name: string, more?: object][]): WatchStep => ({
  watch: path,
  events: events.map(([type, name, more]) => ({ type, object: { metadata: { name }, ...more } })),
});

/** @param objects what the watched object becomes, one after the other; it may become other things before and between. */
export const passes = (path: string, ...objects: object[]): WatchStep => ({
  watch: path,
  events: objects.map((object) => ({ type: "MODIFIED", object })),
  among: true,
});

/** A success. */
export const ok = (body?: unknown): Answer => ({ status: 200, ...(body === undefined ? {} : { body }) });
export const created = (body: unknown): Answer => ({ status: 201, body });
/** A failure Status. */
export const fails = (status: number, reason: string, message: string, causes?: string[]): Answer => ({
  status,
  reason,
  message,
  ...(causes === undefined ? {} : { causes }),
});
export const badRequest = (message: string): Answer => fails(400, "BadRequest", message);
export const notFound = (message: string): Answer => fails(404, "NotFound", message);
export const conflict = (message: string): Answer => fails(409, "Conflict", message);
export const invalid = (message: string, causes?: string[]): Answer => fails(422, "Invalid", message, causes);
export const eventually = (...steps: Step[]): Step[] => steps.map((one) => ({ ...one, eventually: true }));
/** Keeps the version of now as `now`. */
export const now = (): Step => get("cm", ok(), { keep: "now" });
/** A parameter of watches: what came after `now`. */
export const SINCE = "resourceVersion={now.metadata.resourceVersion}";
