import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createLogger, redact } from "../../../lib/aws/logger.ts";
import { createMetrics, stackOf } from "../../../lib/aws/metrics.ts";

// Powertools writes around the console unless it is told that this is no Lambda; then it is silent about metrics.
beforeEach(() => {
  vi.stubEnv("POWERTOOLS_DEV", "true");
  vi.stubEnv("POWERTOOLS_METRICS_DISABLED", "false");
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** What is written to the console while `act` runs. */
function linesOf(method: "log" | "info" | "error", act: () => void): Record<string, unknown>[] {
  const written = vi.spyOn(console, method).mockImplementation(() => {});
  act();
  return written.mock.calls.map(([line]) => JSON.parse(String(line)) as Record<string, unknown>);
}

describe("metrics", () => {
  it("are one embedded-format line with the dimension Stack and no other", () => {
    const metrics = createMetrics("Outrigger");
    const [line] = linesOf("log", () => {
      metrics.add("DueToTakenLag", 1_500);
      metrics.add("LeaseLost", 1);
      metrics.flush();
    });
    expect(line).toMatchObject({ Stack: "Outrigger", DueToTakenLag: 1_500, LeaseLost: 1 });
    expect(line?.["_aws"]).toMatchObject({
      CloudWatchMetrics: [
        {
          Namespace: "Outrigger",
          Dimensions: [["Stack"]],
          Metrics: [
            { Name: "DueToTakenLag", Unit: "Milliseconds" },
            { Name: "LeaseLost", Unit: "Count" },
          ],
        },
      ],
    });
  });

  it("keep their dimension from one invocation to the next", () => {
    const metrics = createMetrics("Outrigger");
    const lines = linesOf("log", () => {
      metrics.add("LeaseLost", 1);
      metrics.flush();
      metrics.add("LeaseLost", 1);
      metrics.flush();
    });
    expect(lines.map(({ Stack }) => Stack)).toEqual(["Outrigger", "Outrigger"]);
  });

  it("keep every value of a metric that is added often", () => {
    const metrics = createMetrics("Outrigger");
    const [line] = linesOf("log", () => {
      for (const value of [1, 2, 3]) metrics.add("ProbeLatency", value);
      metrics.flush();
    });
    expect(line?.["ProbeLatency"]).toEqual([1, 2, 3]);
  });

  it("write nothing, and warn of nothing, when nothing was added", () => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    expect(linesOf("log", () => createMetrics("Outrigger").flush())).toEqual([]);
    expect(warned).not.toHaveBeenCalled();
  });

  it("find the stack in the hub id", () => {
    expect(stackOf("Outrigger-eu.us-east-1.000000000000")).toBe("Outrigger-eu");
  });
});

describe("the log", () => {
  it("is one JSON line with level, message and fields", () => {
    const { log } = createLogger({ name: "rollout", level: "INFO", stack: "Outrigger" });
    const [line] = linesOf("info", () => log("info", "Taken", { key: { cluster: "prod" }, ticket: 3 }));
    expect(line).toMatchObject({
      level: "INFO",
      message: "Taken",
      key: { cluster: "prod" },
      ticket: 3,
      stack: "Outrigger",
    });
  });

  it.each<[string, unknown, unknown]>([
    ["a bearer token", "Authorization: Bearer abc.def-123", "Authorization: Bearer [redacted]"],
    ["an EKS token", "token k8s-aws-v1.aHR0cHM6Ly9zdHM", "token [redacted]"],
    ["a JSON web token", "got eyJhbGciOiJSUzI1NiJ9.eyJzdWIi.c2ln", "got [redacted]"],
    [
      "a presigned URL",
      "https://sts/?X-Amz-Credential=AK%2F1&X-Amz-Signature=00ff&x=1",
      "https://sts/?X-Amz-Credential=[redacted]&X-Amz-Signature=[redacted]&x=1",
    ],
    ["a private key", "-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----", "[redacted]"],
    [
      "a field named for a secret",
      { token: "abc", nested: [{ password: "x", name: "kept" }] },
      { token: "[redacted]", nested: [{ password: "[redacted]", name: "kept" }] },
    ],
    [
      "nothing of a secret's name",
      { kubeconfigSecret: "prod-kubeconfig", access: { secret: "prod" } },
      { kubeconfigSecret: "prod-kubeconfig", access: { secret: "prod" } },
    ],
  ])("redacts %s", (_name, value, expected) => {
    expect(redact(value)).toEqual(expected);
  });

  it("redacts what an error carries", () => {
    expect(redact(new Error("401 for Bearer abc"))).toMatchObject({
      name: "Error",
      message: "401 for Bearer [redacted]",
    });
  });
});
