import { describe, expect, test } from "vitest";
import type { HealthRow } from "../../../lib/health/row.ts";
import { askGates, askZonalShifts, type GatePorts } from "../../../lib/rollouts/ask-gates.ts";
import { Gate } from "../../../lib/rollouts/gates.ts";
import { registrationOf } from "../../fakes/registration.ts";
import { at, NOW } from "./group.ts";

const URL = "https://prometheus.example.com/tenant";
const registration = registrationOf("prod", {
  allow: { secrets: [], roles: [], urls: [URL], alarms: ["errors", "arn:aws:cloudwatch:eu-west-1:1:alarm:x"] },
});
const health = (changes: Partial<HealthRow> = {}): HealthRow => ({
  cluster: "prod",
  identity: registration.identity,
  class: "Healthy",
  since: at(-600),
  observedAt: at(-60),
  checks: [],
  expiresAt: 0,
  ...changes,
});
const query = (when: string, url = URL) => ({ prometheus: { url, query: "rate(errors[1m])", when } });
const values = (...found: number[]): GatePorts => ({ queryPrometheus: async () => found });
const state = (found: "OK" | "ALARM" | "INSUFFICIENT_DATA" | undefined): GatePorts => ({
  alarmState: async () => found,
});
const loads = (row: HealthRow | undefined): GatePorts => ({ loadHealth: async () => row });
const errors = { alarm: { name: "errors" } };
const probe = { probe: "Healthy" };

const rows: Record<string, [unknown, GatePorts, string, string]> = {
  "an alarm that is OK": [errors, state("OK"), "Open", ""],
  "an alarm by its ARN": [{ alarm: { arn: "arn:aws:cloudwatch:eu-west-1:1:alarm:x" } }, state("OK"), "Open", ""],
  "an alarm in ALARM": [errors, state("ALARM"), "Closed", "in ALARM"],
  "an alarm without data": [errors, state("INSUFFICIENT_DATA"), "NoData", "INSUFFICIENT_DATA"],
  "an alarm that was deleted": [errors, state(undefined), "Failed", "create it or remove the gate"],
  "an alarm not on the allow-list": [{ alarm: { name: "other" } }, state("OK"), "Failed", "allow.alarms"],
  "an alarm that cannot be looked up": [
    errors,
    { alarmState: () => Promise.reject(new Error("not authorized to DescribeAlarms")) },
    "Failed",
    "not authorized to DescribeAlarms",
  ],
  "an alarm where no port is": [errors, {}, "Failed", "looks up no alarms"],
  "a healthy cluster": [probe, loads(health()), "Open", ""],
  "an unhealthy cluster": [
    probe,
    loads(health({ class: "Unhealthy", checks: [{ name: "readyz", ok: false, reason: "X", message: "readyz: 500" }] })),
    "Closed",
    "Unhealthy since 2026-11-21T09:50:00.000Z: readyz: 500",
  ],
  "a cluster never probed": [probe, loads(undefined), "NoData", "no probe has run yet"],
  "a cluster of another identity": [probe, loads(health({ identity: "another" })), "NoData", "no probe has run yet"],
  "a probe long ago": [probe, loads(health({ observedAt: at(-700) })), "NoData", "the last probe was at"],
  "a value below the limit": [query("< 0.05"), values(0.01), "Open", ""],
  "one value of several above it": [query("< 0.05"), values(0.01, 0.2), "Closed", "is 0.2, which is not < 0.05"],
  "a value at the limit": [query("<= 3"), values(3), "Open", ""],
  "a value that must be there": [query("== 1"), values(0), "Closed", "not == 1"],
  "no value": [query("< 1"), values(), "NoData", "no result"],
  "a path below the allowed URL": [query("< 1", `${URL}/eu`), values(0), "Open", ""],
  "a path that only begins like it": [query("< 1", `${URL}-other`), values(0), "Failed", "allow.urls"],
  "another host": [query("< 1", "https://prometheus.example.com.evil.test/tenant"), values(0), "Failed", "allow.urls"],
  "a Prometheus that does not answer": [
    query("< 1"),
    { queryPrometheus: () => Promise.reject(new Error("did not answer within 5 s")) },
    "Failed",
    "did not answer",
  ],
};

describe("what a gate answers", () => {
  test.each(Object.entries(rows))("%s", async (_sentence, [gate, ports, result, says]) => {
    const [answer] = await askGates([Gate.parse(gate)], ports, { registration, now: Date.parse(NOW) });
    expect(answer?.result).toBe(result);
    expect(answer?.message).toContain(says);
  });
});

test.each([
  ["that is not met", values(1), [URL]],
  ["that does not answer", { queryPrometheus: () => Promise.reject(new Error("did not answer")) }, [URL]],
  ["that is not allowed", values(1), []],
])("a Prometheus %s is named without the password in its URL", async (_what, ports, urls) => {
  const gate = Gate.parse(query("< 1", URL.replace("https://", "https://hub:s3cret@")));
  const known = { ...registration, allow: { ...registration.allow, urls } };
  const [answer] = await askGates([gate], ports, { registration: known, now: Date.parse(NOW) });
  expect(answer?.gate).toBe(`prometheus ${URL}`);
  expect(JSON.stringify(answer)).not.toContain("s3cret");
});

describe("what ARC answers about zonal shifts", () => {
  test("is kept as it is", async () => {
    const known = { result: "Known", awayFrom: ["use1-az1"] } as const;
    expect(await askZonalShifts({ zonalShifts: async () => known }, registration)).toBe(known);
  });

  test("is Failed when it cannot be asked", async () => {
    const ports = { zonalShifts: () => Promise.reject(new Error("ARC did not answer")) };
    expect(await askZonalShifts(ports, registration)).toEqual({ result: "Failed", message: "ARC did not answer" });
  });

  test("is not waited for by a hub that asks nobody", async () => {
    expect(await askZonalShifts({}, registration)).toBeUndefined();
  });
});
