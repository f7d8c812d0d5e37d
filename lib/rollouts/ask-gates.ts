import type { HealthRow } from "../health/row.ts";
import type { Registration } from "../registry/registration.ts";
import { type Answer, type Gate, type GateAnswer, type ShiftReading, shownUrl } from "./gates.ts";
import type { GateReason } from "./reason.ts";

/** Where gates get their answers. Each call ends within seconds, or rejects. */
export interface GatePorts {
  /** State of an alarm, by name or ARN; undefined when there is none. */
  alarmState?(alarm: string): Promise<"OK" | "ALARM" | "INSUFFICIENT_DATA" | undefined>;
  /** What the probes last found; undefined when nothing is known. */
  loadHealth?(cluster: string): Promise<HealthRow | undefined>;
  /** The values of an instant query; empty when there are none. */
  queryPrometheus?(url: string, query: string): Promise<number[]>;
  /** Zones which an active ARC zonal shift or autoshift moves the cluster's traffic away from. Absent: nobody is asked. */
  zonalShifts?(registration: Registration): Promise<ShiftReading>;
}

/** HEALTH is written at least every 5 min; an older one tells nothing about now, milliseconds. */
const HEALTH_MS = 11 * 60_000;

/** Asks every gate at once. A gate that cannot be asked is an answer too, and holds the rollout. */
export function askGates(
  gates: readonly Gate[],
  ports: GatePorts,
  { registration, now }: { registration: Registration; now: number },
): Promise<GateAnswer[]> {
  return Promise.all(
    gates.map(async (gate) => {
      const name = nameOf(gate);
      try {
        return { gate: name, ...(await ask(gate, ports, registration, now)) };
      } catch (error) {
        const cause = error instanceof Error ? error.message : String(error);
        return { gate: name, ...failed("GateFailed", `it could not be asked: ${cause}`) };
      }
    }),
  );
}

/** Zones shifted away from; undefined when this hub asks nobody. A lookup that fails is an answer too. */
export async function askZonalShifts(ports: GatePorts, registration: Registration): Promise<ShiftReading | undefined> {
  return ports.zonalShifts?.(registration).catch((error: unknown): ShiftReading => {
    return { result: "Failed", message: error instanceof Error ? error.message : String(error) };
  });
}

async function ask(gate: Gate, ports: GatePorts, registration: Registration, now: number): Promise<Answer> {
  if (gate.alarm !== undefined) return askAlarm(gate.alarm, ports, registration);
  if (gate.prometheus !== undefined) return askPrometheus(gate.prometheus, ports, registration);
  return askProbe(ports, registration, now);
}

async function askAlarm(
  alarm: NonNullable<Gate["alarm"]>,
  ports: GatePorts,
  { allow, name: cluster }: Registration,
): Promise<Answer> {
  const name = alarm.arn ?? alarm.name ?? "";
  if (!allow.alarms.includes(name)) {
    return failed(
      "GateNotAllowed",
      `it is not on the allow-list (allow.alarms) of the registration of ${cluster}; register the cluster again with it`,
    );
  }
  if (ports.alarmState === undefined) return failed("GateFailed", "this hub looks up no alarms");
  const state = await ports.alarmState(name);
  if (state === undefined) return failed("AlarmNotFound", "there is no such alarm; create it or remove the gate");
  if (state === "ALARM") return { result: "Closed", reason: "AlarmActive", message: "it is in ALARM" };
  if (state === "INSUFFICIENT_DATA") return noData("it is in INSUFFICIENT_DATA");
  return OPEN;
}

async function askProbe(ports: GatePorts, registration: Registration, now: number): Promise<Answer> {
  if (ports.loadHealth === undefined) return failed("GateFailed", "this hub knows no probes");
  const health = await ports.loadHealth(registration.name);
  if (health === undefined || health.identity !== registration.identity) return noData("no probe has run yet");
  if (now - Date.parse(health.observedAt) > HEALTH_MS) return noData(`the last probe was at ${health.observedAt}`);
  if (health.class === "Healthy") return OPEN;
  const why = health.checks.find(({ ok }) => !ok)?.message;
  const message = `the cluster is ${health.class} since ${health.since}${why === undefined ? "" : `: ${why}`}`;
  return { result: "Closed", reason: "ProbeNotHealthy", message };
}

async function askPrometheus(
  { url, query, when }: NonNullable<Gate["prometheus"]>,
  ports: GatePorts,
  { allow, name: cluster }: Registration,
): Promise<Answer> {
  if (!allow.urls.some((allowed) => isBelow(url, allowed))) {
    return failed(
      "GateNotAllowed",
      `${shownUrl(url)} is not on the allow-list (allow.urls) of the registration of ${cluster}; register the cluster again with it`,
    );
  }
  if (ports.queryPrometheus === undefined) return failed("GateFailed", "this hub asks no Prometheus");
  const values = await ports.queryPrometheus(url, query);
  if (values.length === 0) return noData("the query has no result");
  const wrong = values.find((value) => !compares(value, when));
  if (wrong === undefined) return OPEN;
  return { result: "Closed", reason: "QueryNotMet", message: `${query} is ${wrong}, which is not ${when}` };
}

const OPEN: Answer = { result: "Open", reason: "Open", message: "" };
const noData = (message: string): Answer => ({ result: "NoData", reason: "GateNoData", message });
const failed = (reason: GateReason, message: string): Answer => ({ result: "Failed", reason, message });

function nameOf({ alarm, prometheus }: Gate): string {
  if (alarm !== undefined) return `alarm ${alarm.arn ?? alarm.name}`;
  return prometheus === undefined ? "probe" : `prometheus ${shownUrl(prometheus.url)}`;
}

/** Whether a URL is the allowed one, or a path below it on the same origin. */
function isBelow(url: string, allowed: string): boolean {
  if (!URL.canParse(url) || !URL.canParse(allowed)) return false;
  const [asked, base] = [new URL(url), new URL(allowed)];
  const path = base.pathname.replace(/\/$/, "");
  return asked.origin === base.origin && (asked.pathname === path || asked.pathname.startsWith(`${path}/`));
}

function compares(value: number, when: string): boolean {
  const [, operator = "", text = ""] = /^(<=|>=|==|!=|<|>)\s*(.*)$/.exec(when) ?? [];
  const limit = Number(text);
  if (operator === "<") return value < limit;
  if (operator === "<=") return value <= limit;
  if (operator === ">") return value > limit;
  if (operator === ">=") return value >= limit;
  return operator === "==" ? value === limit : value !== limit;
}
