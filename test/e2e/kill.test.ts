import { afterAll, beforeAll } from "vitest";
import { changes } from "./changes.ts";
import { openStage, type Stage } from "./environment.ts";
import { killPoints } from "./kill-points.ts";
import { orders } from "./orders.ts";
import { owners } from "./owners.ts";
import { severalWorkers } from "./several-workers.ts";

/**
 * On the stack as the CDK deploys it and a real control plane: whatever dies, comes twice, freezes or changes on the way,
 * every rollout ends right. All cases share one environment and run at the same time, each in a namespace of its own.
 */
let opened: Stage | undefined;

function stage(): Stage {
  if (opened === undefined) throw new Error("The environment did not start.");
  return opened;
}

beforeAll(async () => {
  opened = await openStage();
});

afterAll(async () => {
  await opened?.stop();
});

killPoints(stage);
severalWorkers(stage);
orders(stage);
owners(stage);
changes(stage);
