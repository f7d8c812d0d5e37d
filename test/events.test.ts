import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ApiRequest } from "../lib/hub/api.ts";
import { ACCEPTED_DETAIL_TYPES, EMITTED_DETAIL_TYPES } from "../lib/registry/detail-types.ts";
import { EMITTED_EVENTS } from "../lib/registry/emitted-events.ts";
import { ACCEPTED_EVENTS, parseEvent } from "../lib/registry/events.ts";
import { announce } from "../lib/rollouts/announce.ts";
import { DirectRequest, ProbeMessage, WorkMessage } from "../lib/work/messages.ts";

const FOLDER = join(import.meta.dirname, "../events");
const kebab = (detailType: string): string => detailType.toLowerCase().replaceAll(" ", "-");
const EVENTS: Record<string, z.ZodType> = { ...ACCEPTED_EVENTS, ...EMITTED_EVENTS };
const MESSAGES: Record<string, z.ZodType> = {
  "work-message": WorkMessage,
  "probe-message": ProbeMessage,
  "direct-request": DirectRequest,
  "api-request": ApiRequest,
};

/** An entry of `aws events put-events --entries`. */
const Entry = z.strictObject({
  EventBusName: z.string().min(1),
  Source: z.string().min(1),
  DetailType: z.string().min(1),
  Detail: z.string(),
});

const files = readdirSync(FOLDER).filter((file) => file.endsWith(".json"));
const read = (name: string): unknown => JSON.parse(readFileSync(join(FOLDER, `${name}.json`), "utf8"));

it("each schema has its sample and each sample its schema", () => {
  const expected = [...Object.keys(EVENTS).map(kebab), ...Object.keys(MESSAGES)].map((name) => `${name}.json`);
  expect(files.sort()).toEqual(expected.sort());
});

it("the listed detail types are those with a schema", () => {
  expect(Object.keys(EVENTS).sort()).toEqual([...ACCEPTED_DETAIL_TYPES, ...EMITTED_DETAIL_TYPES].sort());
});

describe("each event sample is a document for put-events whose detail its schema accepts", () => {
  it.each(Object.entries(EVENTS))("%s", (detailType, schema) => {
    const entries = z
      .array(Entry)
      .length(1)
      .parse(read(kebab(detailType)));
    const [entry] = entries;
    expect(entry?.DetailType).toBe(detailType);
    expect(entry?.Source === "outrigger").toBe(Object.hasOwn(EMITTED_EVENTS, detailType));
    const detail: unknown = JSON.parse(entry?.Detail ?? "");
    expect(schema.safeParse(detail).error).toBeUndefined();
    expect(schema.safeParse({ ...(detail as object), surprise: true }).success).toBe(false);
  });
});

describe("each accepted event gets through the door as EventBridge delivers it", () => {
  it.each([...ACCEPTED_DETAIL_TYPES])("%s", (detailType) => {
    const [entry] = z.array(Entry).parse(read(kebab(detailType)));
    const envelope = {
      version: "0",
      id: "17793124-05d4-b198-2fde-7ededc63b103",
      "detail-type": detailType,
      source: entry?.Source,
      account: "123456789012",
      time: "2026-11-20T10:00:00Z",
      region: "eu-west-1",
      resources: [],
      detail: JSON.parse(entry?.Detail ?? "") as unknown,
    };
    expect(parseEvent(JSON.stringify(envelope), { local: false })).toMatchObject({ event: { type: detailType } });
  });
});

describe("each message sample is what its schema accepts, and nothing more", () => {
  it.each(Object.entries(MESSAGES))("%s", (name, schema) => {
    const message = read(name);
    const samples = Array.isArray(message) ? message : [message];
    for (const sample of samples) {
      expect(schema.safeParse(sample).error).toBeUndefined();
      expect(schema.safeParse({ ...(sample as object), surprise: true }).success).toBe(false);
    }
  });
});

it("rollouts announce what the schemas say", () => {
  const at = "2026-11-20T10:00:00.000Z";
  const plan = (phase: string, reason = "R") =>
    ({
      phase,
      reason,
      message: "m",
      times: { startedAt: at, finishedAt: at, zones: { a: { finishedAt: at } } },
      nextState: { rollout: { revisions: { x: "1" } } },
    }) as unknown as Parameters<typeof announce>[1];
  const subject = { cluster: "c", namespace: "n", name: "r", uid: "u" };
  const plans = [
    plan("Held"),
    plan("Stalled"),
    plan("Paused", "Aborted"),
    plan("Completed"),
    plan("Completed", "RolledBack"),
  ];
  const events = plans.flatMap((each) => announce({ zones: [], phase: "" }, each, subject).events);
  expect(new Set(events.map(({ detailType }) => detailType))).toEqual(
    new Set(EMITTED_DETAIL_TYPES.filter((type) => type.startsWith("Rollout"))),
  );
  for (const { detailType, detail } of events)
    expect(EVENTS[detailType]?.safeParse(JSON.parse(JSON.stringify(detail))).error).toBeUndefined();
});
