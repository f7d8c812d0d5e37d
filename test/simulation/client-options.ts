import type { ResourceType } from "../../lib/kubernetes/client.ts";
import type { KubernetesObject } from "../../lib/kubernetes/objects.ts";

/** What befalls a request: it is refused, its reply is lost or late, or the client gives up and it is carried out later. */
export type Disturbance =
  | { at: "reply"; waitMs: number }
  | { at: "before" | "after"; error: Error; waitMs?: number }
  | { at: "later"; error: Error; afterMs: number };
export type Verb = "get" | "list" | "patch" | "delete";

/** A request that changed something, as the server saw it. */
export interface Written {
  verb: "delete" | "patch";
  type: ResourceType;
  before: KubernetesObject;
  /** What a patch made of it. */
  after?: KubernetesObject;
  /** Precondition of a delete. */
  uid?: string | undefined;
  /** When the client sent it, epoch milliseconds. */
  sentAt: number;
}

/** What a path that is no resource answers; `tookMs`: how long that takes, milliseconds. */
export interface Answer {
  status: number;
  body: string;
  tookMs?: number;
}

export interface ClientOptions {
  /** Milliseconds one request takes on its way there, and again on its way back. */
  latencyMs?: () => number;
  /** How far watches lag behind, milliseconds. */
  watchLagMs?: (type: ResourceType) => number;
  /** Told of each request that changes something, when the server has carried it out. */
  wrote?: (request: Written) => void;
  /** Answers requests for paths that are no resource; without it they fail. */
  answer?: (method: string, path: string) => Answer;
  /** Told of each request for such a path before anything befalls it. */
  calling?: (method: string, path: string) => void;
  /** What a request fails with; undefined = it does not. */
  fail?: (verb: Verb | "watch", type: ResourceType) => Error | undefined;
  /** What else befalls a request; undefined = nothing. */
  disturb?: (verb: Verb, type: ResourceType) => Disturbance | undefined;
  /** Milliseconds after which each watch breaks off; undefined = never. */
  watchLifeMs?: () => number | undefined;
  /** What a watch that breaks off ends with; undefined = nothing. */
  watchError?: () => Error | undefined;
  /** Milliseconds between two bookmarks; undefined = there are none. */
  bookmarkMs?: number | undefined;
  /** Told of each bookmark. */
  bookmarked?: () => void;
}
