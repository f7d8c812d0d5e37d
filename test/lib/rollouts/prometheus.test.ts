import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { createPrometheus } from "../../../lib/rollouts/prometheus.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A Prometheus that answers so; `asked` has the paths it was asked for. */
async function serve(status: number, body: string): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.writeHead(status, { location: "http://127.0.0.1:1/" }).end(body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/base`, asked };
}

const reply = (resultType: string, result: unknown): string =>
  JSON.stringify({ status: "success", data: { resultType, result } });
const sample = (value: string) => ({ metric: {}, value: [1_763_000_000.1, value] });

const rows: Record<string, [number, string, number[] | string]> = {
  "a vector": [200, reply("vector", [sample("0.5"), sample("+Inf")]), [0.5, Number.POSITIVE_INFINITY]],
  "a scalar": [200, reply("scalar", [1, "3"]), [3]],
  "NaN is no value": [200, reply("vector", [sample("NaN")]), []],
  "an empty vector": [200, reply("vector", []), []],
  "a matrix": [200, reply("matrix", []), "no instant vector"],
  "a query that is wrong": [400, '{"status":"error","error":"parse error"}', "answered 400"],
  "no JSON": [200, "<html>", "no instant vector"],
  "a redirect": [302, "", "answered 302"],
};

describe("an instant query", () => {
  test.each(Object.entries(rows))("%s", async (_sentence, [status, body, expected]) => {
    const { url, asked } = await serve(status, body);
    const answer = createPrometheus({ local: true })(url, 'up{job="x"}');
    if (typeof expected === "string") await expect(answer).rejects.toThrow(expected);
    else await expect(answer).resolves.toEqual(expected);
    expect(asked).toEqual(["/base/api/v1/query?query=up%7Bjob%3D%22x%22%7D"]);
  });

  test.each(["http://127.0.0.1:9090", "http://169.254.169.254", "http://localhost:1", "http://hub:s3cret@localhost:1"])(
    "outside the local environment %s is refused unasked, and no password is told",
    async (url) => {
      const error = await createPrometheus({ local: false })(url, "up").catch(String);
      expect(error).toContain("loopback or link-local");
      expect(error).not.toContain("s3cret");
    },
  );
});
