import http from "node:http";
import https from "node:https";
import * as z from "zod";
import { guardedLookup } from "../kubernetes/guarded-lookup.ts";
import { isLocalHost, refuseUrl } from "../registry/local-address.ts";
import { shownUrl } from "./gates.ts";

/** Longest a query may take, milliseconds, and largest answer that is read, bytes. */
const TIMEOUT_MS = 5_000;
const LARGEST = 1_000_000;

const Sample = z.tuple([z.number(), z.string()]);
const Reply = z.object({
  status: z.literal("success"),
  data: z.discriminatedUnion("resultType", [
    z.object({ resultType: z.literal("vector"), result: z.array(z.object({ value: Sample })) }),
    z.object({ resultType: z.literal("scalar"), result: Sample }),
  ]),
});

/**
 * Asks instant queries of Prometheus or what speaks its query API. Redirects are not followed. Outside the local
 * environment loopback and link-local addresses are refused, also those a name resolves to.
 * @throws Error that says why there is no answer.
 */
export function createPrometheus({ local }: { local: boolean }) {
  return async (url: string, query: string): Promise<number[]> => {
    const refused = refuseUrl(shownUrl(url), { local });
    if (refused !== undefined) throw new Error(refused);
    const target = new URL(`${url.replace(/\/$/, "")}/api/v1/query`);
    target.searchParams.set("query", query);
    const { status, body } = await get(target, local);
    if (status !== 200) throw new Error(`${target.origin} answered ${status}: ${body.slice(0, 200)}`);
    const reply = Reply.safeParse(parseJson(body));
    if (!reply.success) throw new Error(`${target.origin} answered no instant vector or scalar; correct the query`);
    const { data } = reply.data;
    const samples = data.resultType === "scalar" ? [data.result] : data.result.map(({ value }) => value);
    return samples.map(([, value]) => numberOf(value)).filter((value) => !Number.isNaN(value));
  };
}

function get(url: URL, local: boolean): Promise<{ status: number; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const options = { signal, ...(local ? {} : { lookup: guardedLookup(isLocalHost) }) };
  const request = (url.protocol === "https:" ? https : http).get(url, options, (response) => {
    const parts: Buffer[] = [];
    let size = 0;
    response.on("data", (part: Buffer) => {
      parts.push(part);
      size += part.length;
      if (size > LARGEST) response.destroy(new Error(`${url.origin} answered more than ${LARGEST} bytes`));
    });
    response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString() }));
    response.on("error", reject);
  });
  request.on("error", (error) => {
    reject(signal.aborted ? new Error(`${url.origin} did not answer within ${TIMEOUT_MS / 1000} s`) : error);
  });
  return promise;
}

/** As Prometheus writes numbers. */
function numberOf(text: string): number {
  return text === "+Inf" ? Number.POSITIVE_INFINITY : text === "-Inf" ? Number.NEGATIVE_INFINITY : Number(text);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
