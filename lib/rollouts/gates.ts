import * as z from "zod";
import type { Problem } from "./problems.ts";
import type { GateReason } from "./reason.ts";
import { secondsLeft } from "./time.ts";

/** How long an answer holds, seconds. */
export const GATE_SECONDS = 10;

const Comparison = z.string().regex(/^(<=|>=|==|!=|<|>)\s*-?\d+(\.\d+)?$/, "must be a comparison such as `< 0.05`");

/** One thing that is asked before every batch. Exactly one of alarm, probe and prometheus. */
export const Gate = z.strictObject({
  alarm: z
    .strictObject({
      name: z.string().min(1).optional().describe("Name of an alarm in the hub's account and region."),
      arn: z.string().startsWith("arn:").optional().describe("ARN of an alarm in the hub's account, in any region."),
    })
    .optional()
    .describe("CloudWatch metric or composite alarm: closed while it is in ALARM. It must be on the allow-list."),
  probe: z.enum(["Healthy"]).optional().describe("Closed unless the hub's own probes find this cluster Healthy."),
  prometheus: z
    .strictObject({
      url: z.url({ protocol: /^https?$/ }).describe("Base URL of the query API; it must be on the allow-list."),
      query: z.string().min(1).describe("Instant query in PromQL."),
      when: Comparison.describe("Open when every value compares so, e.g. `< 0.05`."),
    })
    .optional()
    .describe("Prometheus query: closed while a value does not compare as `when` says."),
  onNoData: z
    .enum(["Hold", "Pass"])
    .default("Hold")
    .describe("What no data means: INSUFFICIENT_DATA, no recent probe, an empty result."),
});
export type Gate = z.infer<typeof Gate>;

/** What asking came to, and why it is not open. */
export type Answer = { message: string } & (
  | { result: "Open"; reason: "Open" }
  | { result: "Closed" | "NoData" | "Failed"; reason: GateReason }
);

/** What a gate answered; the gate in words, e.g. `alarm ingester-errors`. */
export type GateAnswer = { gate: string } & Answer;

/** Whether the cluster's traffic is shifted away from zones, by zonal shifts or autoshifts that are active. */
export type ShiftReading =
  /** Zone ids such as `use1-az1`, not names; empty = none. */
  | { result: "Known"; awayFrom: readonly string[] }
  /** Nobody may tell, and waiting does not change it: noted, and stops nothing. `reason` is CamelCase. */
  | { result: "Unavailable"; reason: string; message: string }
  /** The lookup failed: holds, as a gate does that cannot be asked. */
  | { result: "Failed"; message: string };

/** The answers of all gates of one spec. */
export interface GateReadings {
  /** The API server's clock, ISO-8601 UTC. */
  askedAt: string;
  /** What was asked, as JSON. */
  asked: string;
  answers: GateAnswer[];
  /** Undefined when this hub asks for no zonal shifts. */
  shifts?: ShiftReading | undefined;
}

/** A URL as conditions, events and logs tell it: without the password and the parameters it may carry. */
export function shownUrl(text: string): string {
  if (!URL.canParse(text)) return text.replace(/^([a-z]+:\/\/)?.*@/i, "$1").replace(/[?#].*/, "");
  const { username, password, search, hash, protocol, host, pathname } = new URL(text);
  return `${username}${password}${search}${hash}` === "" ? text : `${protocol}//${host}${pathname}`;
}

/** What of a spec decides which gates are asked. */
interface Question {
  gates: readonly Gate[];
  ignoreGates: boolean;
}

/** The gates that are asked: none of those that are ignored. */
export const gatesToAsk = ({ gates, ignoreGates }: Question): readonly Gate[] => (ignoreGates ? [] : gates);

/** What is asked, as JSON: other gates need other answers, and so do those that are no longer ignored. */
export const questionOf = (question: Question): string => JSON.stringify(gatesToAsk(question));

/** @returns seconds for which the readings still answer this question; 0 when it must be asked again. */
export function readingsHold(readings: GateReadings | undefined, question: Question, now: string): number {
  if (readings === undefined || readings.asked !== questionOf(question)) return 0;
  return secondsLeft(readings.askedAt, GATE_SECONDS, now);
}

/** @returns the answers that hold a rollout, in the order of the gates. */
export function closedGates(
  { answers }: GateReadings,
  gates: readonly Gate[],
): Exclude<GateAnswer, { result: "Open" }>[] {
  return answers.flatMap((answer, index) => {
    const passes = answer.result === "NoData" && gates[index]?.onNoData === "Pass";
    return answer.result === "Open" || passes ? [] : [answer];
  });
}

/** What no field alone can tell: each gate is one thing, each alarm has one name. */
export function gateProblems(gates: readonly Gate[]): Problem[] {
  return gates.flatMap(({ alarm, probe, prometheus }, index) => {
    const path = `spec.gates[${index}]`;
    const kinds = [alarm, probe, prometheus].filter((kind) => kind !== undefined);
    const problems: Problem[] = [];
    if (kinds.length !== 1) {
      const cause = kinds.length === 0 ? "it names nothing to ask" : "it names several things to ask";
      problems.push({ path, cause, nextStep: "give it exactly one of alarm, probe and prometheus" });
    }
    if (alarm !== undefined && (alarm.name === undefined) === (alarm.arn === undefined)) {
      const cause = alarm.name === undefined ? "it names no alarm" : "it has both a name and an ARN";
      problems.push({ path: `${path}.alarm`, cause, nextStep: "give either name or arn" });
    }
    return problems;
  });
}
