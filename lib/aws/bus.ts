import { type EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from "@aws-sdk/client-eventbridge";
import type { EventBus } from "../work/ports.ts";
import { sendInBatches } from "./batches.ts";

/** What the hub puts into `source`; the rule that feeds the registration queue excludes it. */
export const EVENT_SOURCE = "outrigger";

/** The hub's bus. PutEvents answers 200 with failed entries inside: those are sent again, then named. */
export function createEventBus(client: EventBridgeClient, busName: string): EventBus {
  return {
    async put(events) {
      const entries = events.map(
        ({ detailType, detail }): PutEventsRequestEntry => ({
          EventBusName: busName,
          Source: EVENT_SOURCE,
          DetailType: detailType,
          Detail: JSON.stringify(detail),
        }),
      );
      const failed = await sendInBatches(entries, async (batch) => {
        const { Entries: results = [] } = await client.send(new PutEventsCommand({ Entries: [...batch] }));
        return results.flatMap(({ ErrorCode, ErrorMessage }, index) =>
          ErrorCode === undefined ? [] : [{ index, cause: `${ErrorCode}: ${ErrorMessage ?? ""}`, permanent: false }],
        );
      });
      if (failed.length === 0) return;
      const names = failed.map(({ item, cause }) => `${item.DetailType} (${cause})`).join(", ");
      throw new Error(`Bus ${busName} did not accept ${failed.length} of ${entries.length} events: ${names}.`);
    },
  };
}
