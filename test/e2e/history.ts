import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { type Item, queryItems } from "../../lib/aws/table.ts";
import { clusterPk, WorkKey } from "../../lib/work/keys.ts";
import type { DeployedHub } from "./environment.ts";
import { wholeLines } from "./whole-lines.ts";

const POLL_MS = 200;

/** The leases one resource has gone through, as its row shows them. */
export interface LeaseHistory {
  /** @returns e.g. `3 leases: +0.4 s, +46.1 s (the one before ran out), +60.2 s`, counted from `since`. */
  describe(since: number): string;
  /** Leases taken while a dead worker's had run out. */
  recoveries(): Promise<number>;
  stop(): Promise<void>;
}

/** Follows the row of a resource from now on. Short leases between two looks are missed. */
export function followLeases({ store }: Pick<DeployedHub, "store">, key: WorkKey): LeaseHistory {
  const stopped = new AbortController();
  const leases: { at: number; afterDeath: boolean }[] = [];
  let fence: number | undefined;
  let leaseUntil = 0;
  const look = async (): Promise<void> => {
    const row = await store.load(key).catch(() => undefined);
    if (row === undefined || (fence !== undefined && row.fence < fence)) return;
    if (row.fence !== fence) {
      const afterDeath = leaseUntil > 0 && leaseUntil < Date.now();
      if (fence !== undefined || row.leaseUntil > 0) {
        leases.push({ at: Date.now(), afterDeath });
      }
      fence = row.fence;
    }
    leaseUntil = row.leaseUntil;
  };
  const follow = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await look();
      await sleep(POLL_MS, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  };
  const following = follow();
  return {
    describe(since) {
      const counted = leases.filter(({ at }) => at >= since);
      const times = counted.map(
        ({ at, afterDeath }) =>
          `+${((at - since) / 1000).toFixed(1)} s${afterDeath ? " (the one before ran out)" : ""}`,
      );
      return `${counted.length} leases: ${times.join(", ")}`;
    },
    async recoveries() {
      await look();
      return leases.filter(({ afterDeath }) => afterDeath).length;
    },
    async stop() {
      stopped.abort();
      await following;
    },
  };
}

const Audit = z.object({
  fence: z.number(),
  at: z.string(),
  resource: WorkKey,
  intended: z.array(z.object({ kind: z.string(), object: z.string() })),
  outcomes: z.array(z.object({ kind: z.string(), object: z.string(), result: z.string() })),
});
/** A batch in the hub's own books: what was intended under which fence, and what came of it. */
export type Audit = z.infer<typeof Audit>;

const Ordered = z.object({ at: z.string(), by: z.string(), intended: z.array(z.object({ kind: z.string() })) });

/** The batches of one resource, oldest first. */
export async function readAudit(hub: Pick<DeployedHub, "table">, key: WorkKey): Promise<Audit[]> {
  return (await auditOf(hub, key)).filter(({ fence }) => fence !== undefined).map((item) => Audit.parse(item));
}

/** What people have ordered about one resource, oldest first. */
export async function readOrders(
  hub: Pick<DeployedHub, "table">,
  key: WorkKey,
): Promise<{ kind: string | undefined; by: string }[]> {
  const orders = (await auditOf(hub, key)).filter(({ fence }) => fence === undefined);
  return orders.map((item) => Ordered.parse(item)).map(({ intended, by }) => ({ kind: intended[0]?.kind, by }));
}

async function auditOf({ table }: Pick<DeployedHub, "table">, key: WorkKey): Promise<Item[]> {
  const items = await queryItems(table, {
    KeyConditionExpression: "#pk = :pk AND begins_with(#sk, :prefix)",
    ExpressionAttributeNames: { "#pk": "pk", "#sk": "sk" },
    ExpressionAttributeValues: { ":pk": clusterPk(key.cluster), ":prefix": "AUDIT#" },
    ConsistentRead: true,
  });
  // The sort key begins with the time.
  return items.filter(({ resource }) => isDeepStrictEqual(resource, key));
}

/** A delete of a pod by the hub, as the API server recorded it. */
export interface AuditedDelete {
  pod: string;
  /** HTTP status. */
  code: number;
  /** Epoch milliseconds. */
  at: number;
}

/** Every delete of a pod in a namespace that the hub has asked for, from the API server's audit log. */
export function readDeletes(auditLogPath: string, namespace: string): AuditedDelete[] {
  return wholeLines(auditLogPath)
    .filter((line) => line.includes('"verb":"delete"') && line.includes(`/namespaces/${namespace}/pods/`))
    .map((line) => JSON.parse(line) as AuditEvent)
    .filter(({ stage, user }) => stage === "ResponseComplete" && user.username === "outrigger")
    .map(({ objectRef, responseStatus, requestReceivedTimestamp }) => ({
      pod: objectRef.name,
      code: responseStatus.code,
      at: Date.parse(requestReceivedTimestamp),
    }));
}

interface AuditEvent {
  stage: string;
  user: { username: string };
  objectRef: { name: string };
  responseStatus: { code: number };
  requestReceivedTimestamp: string;
}
