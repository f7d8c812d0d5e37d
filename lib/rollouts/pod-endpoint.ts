import { parsePrometheusDuration } from "./prometheus-duration.ts";

/** A value that is there and cannot be read. */
export const MALFORMED = "malformed";
export type Malformed = typeof MALFORMED;

const PREPARE_PATH_ANNOTATION = "grafana.com/prepare-downscale-http-path";
const PREPARE_PORT_ANNOTATION = "grafana.com/prepare-downscale-http-port";
const DELAY_ANNOTATION = "grafana.com/rollout-delayed-downscale";
const DELAY_URL_ANNOTATION = "grafana.com/rollout-prepare-delayed-downscale-url";
/** What a URL without a port means. */
const HTTP_PORT = 80;

/** Where each pod is asked to prepare for its end. */
export interface PrepareEndpoint {
  /** 1–65535. */
  port: number;
  /** Without a leading slash; may hold a query. */
  path: string;
}

/** How long pods stay after they were prepared, and where they are asked for it. */
export interface DelayedDownscale {
  /** More than 0. */
  seconds: number;
  endpoint: PrepareEndpoint;
}

type Annotations = Readonly<Record<string, string>>;
export type Complain = (what: string, value: string | undefined, why: string) => void;

export const sameEndpoint = (a: PrepareEndpoint | undefined, b: PrepareEndpoint | undefined): boolean =>
  a?.port === b?.port && a?.path === b?.path;

/** Where pods are prepared right before they are scaled away, as two annotations say. */
export function parsePrepareEndpoint(annotations: Annotations, complain: Complain): PrepareEndpoint | Malformed {
  const { [PREPARE_PORT_ANNOTATION]: portText = "", [PREPARE_PATH_ANNOTATION]: pathText = "" } = annotations;
  const port = portOf(portText);
  const stays = "and label grafana.com/prepare-downscale is set; it is not scaled down until it is corrected";
  if (port === undefined) {
    complain(`annotation ${PREPARE_PORT_ANNOTATION}`, portText, `is no port from 1 to 65535 ${stays}`);
    return MALFORMED;
  }
  const path = plainPath(pathText);
  if (path === undefined) {
    complain(`annotation ${PREPARE_PATH_ANNOTATION}`, pathText, `is no plain path ${stays}`);
    return MALFORMED;
  }
  return { port, path };
}

/**
 * The delay before pods are scaled away. As grafana/rollout-operator reads it: nothing is asked for unless both annotations are
 * there, nor by a delay of 0; the host of the URL does not count, each pod is asked at its own.
 */
export function parseDelay(annotations: Annotations, complain: Complain): DelayedDownscale | Malformed | undefined {
  const { [DELAY_ANNOTATION]: delay = "", [DELAY_URL_ANNOTATION]: url = "" } = annotations;
  if (delay === "" || url === "") return undefined;
  const seconds = parsePrometheusDuration(delay);
  const stays = "it is not scaled down until it is corrected";
  if (seconds === undefined) {
    complain(`annotation ${DELAY_ANNOTATION}`, delay, `is no duration such as 1h30m or 2d; ${stays}`);
    return MALFORMED;
  }
  if (seconds === 0) return undefined;
  // Without credentials, which the API server would not pass on.
  const [, portText, pathText = ""] = /^http:\/\/[A-Za-z0-9._-]+(?::([^/?]*))?\/(.*)$/.exec(url) ?? [];
  const port = portText === undefined ? HTTP_PORT : portOf(portText);
  const path = plainPath(pathText);
  if (port === undefined || path === undefined) {
    // What stands in it may be a secret.
    complain(`annotation ${DELAY_URL_ANNOTATION}`, undefined, `is no URL such as http://pod:80/prepare; ${stays}`);
    return MALFORMED;
  }
  return { seconds, endpoint: { port, path } };
}

function portOf(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port < 1 || port > 65_535 ? undefined : port;
}

/** A path that stays below the pod's proxy: whoever may annotate a StatefulSet does not choose what else of the API we call. */
function plainPath(text: string): string | undefined {
  const path = text.replace(/^\/+/, "");
  if (!/^[A-Za-z0-9._~!$&'()*+,;=:@/?-]+$/.test(path)) return undefined;
  const isPlain = (path.split("?")[0] ?? "").split("/").every((segment) => segment !== "." && segment !== "..");
  return isPlain ? path : undefined;
}
