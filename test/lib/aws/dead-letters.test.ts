import { SQSClient } from "@aws-sdk/client-sqs";
import { describe, expect, it } from "vitest";
import { attributeText, createDeadLetters } from "../../../lib/aws/queue.ts";
import { handleRegistration } from "../../../lib/registry/register.ts";
import { admitBatch, workMessageOf } from "../../../lib/work/door.ts";
import fc from "../../drawn.ts";
import { body } from "../registry/build.ts";
import { fakeHub } from "../registry/hub.ts";

/** What SQS allows in a message (SQS API reference, SendMessage). */
function isAllowed(text: string): boolean {
  return Array.from(text).every((character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20) return code === 0x9 || code === 0xa || code === 0xd;
    return code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd) || code >= 0x10000;
  });
}

describe("a reason in a message attribute", () => {
  it.each([
    ["stays as it is", "name: must be a name", "name: must be a name"],
    ["keeps tabs and line ends", "a\tb\r\nc", "a\tb\r\nc"],
    ["keeps other scripts and emoji", "Größe 大きさ 🚀", "Größe 大きさ 🚀"],
    ["loses control characters", "a\u0000b\u001bc\u0007", "a\uFFFDb\uFFFDc\uFFFD"],
    ["loses what is no character", "a\uFFFEb\uFFFFc", "a\uFFFDb\uFFFDc"],
    ["loses half a character", "a\uD83Db", "a\uFFFDb"],
    ["is never empty", "", "unknown"],
  ])("%s", (_name, text, expected) => {
    expect(attributeText(text)).toBe(expected);
  });

  it("is cut by bytes, between two characters", () => {
    expect(attributeText("ä🚀ä🚀", 12)).toBe("ä🚀ä🚀");
    expect(attributeText("ä🚀ä🚀", 11)).toBe("ä🚀ä…");
    expect(attributeText("ä🚀ä🚀", 10)).toBe("ä🚀…");
  });

  it("is what SQS takes, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 3, max: 40 }), (text, mostBytes) => {
        const reason = attributeText(text, Math.max(7, mostBytes));
        return isAllowed(reason) && reason.length > 0 && Buffer.byteLength(reason) <= Math.max(7, mostBytes);
      }),
    );
  });
});

describe("what was refused keeps its reason, though it holds what SQS refuses", () => {
  function open() {
    const client = new SQSClient({ region: "us-east-1" });
    const reasons: string[] = [];
    client.send = (async ({ input }: { input: { MessageAttributes: { reason: { StringValue: string } } } }) => {
      const reason = input.MessageAttributes.reason.StringValue;
      if (!isAllowed(reason)) throw new Error("InvalidMessageContents");
      reasons.push(reason);
      return {};
    }) as typeof client.send;
    return { reasons, deadLetters: createDeadLetters(client, "https://sqs.example/1/dead") };
  }

  it("a cluster event", async () => {
    const { reasons, deadLetters } = open();
    const ports = { ...fakeHub().ports, deadLetters };
    const event = body("Cluster Registered", { name: "prod\u0000\u001b", "\u0007field": 1 });
    expect(await handleRegistration(ports, { messageId: "1", body: event })).toMatchObject({ type: "rejected" });
    expect(reasons[0]).toContain("\uFFFDfield");
  });

  it("a message of a lane", async () => {
    const { reasons, deadLetters } = open();
    const door = {
      schema: workMessageOf("rollout"),
      deadLetters,
      metrics: { add: () => {}, flush: () => {} },
      log: () => {},
      handle: async () => {},
    };
    const record = { messageId: "1", body: JSON.stringify({ "\u0000": 1 }) };
    expect(await admitBatch([record], door)).toEqual({ batchItemFailures: [] });
    expect(reasons[0]).toContain("\uFFFD");
  });
});
