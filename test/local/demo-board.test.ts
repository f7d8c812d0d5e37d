import { stripVTControlCharacters } from "node:util";
import type { V1Pod } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { Board } from "../../local/demo/board.ts";
import { renderBoard } from "../../local/demo/render-board.ts";
import type { Group } from "../../local/demo/scenario.ts";

const GROUP: Group = {
  namespace: "mimir",
  name: "ingester",
  replicas: 3,
  updateStrategy: "OnDelete",
  maxUnavailable: 1,
  image: { before: "mimir:1", after: "mimir:2" },
  expected: { phase: "Completed" },
};
const LEFT_ALONE: Group = { ...GROUP, name: "loki", image: { before: "loki:1", after: "loki:1" } };
const ZONES = ["us-east-1a", "us-east-1b"];

const boardOf = (...groups: Group[]): Board => new Board([{ name: "prod", zones: ZONES }], groups);

function pod(name: string, state: "ready" | "starting" | "deleting"): V1Pod {
  const zone = name.replace(/-\d+$/, "").replace(/^ingester-/, "");
  return {
    metadata: {
      name,
      labels: { "rollout-group": "ingester", zone },
      ...(state === "deleting" ? { deletionTimestamp: new Date(0) } : {}),
    },
    status: { conditions: [{ type: "Ready", status: state === "starting" ? "False" : "True" }] },
  };
}

const cellsOf = (board: Board, zone: string) => board.rows[0]?.zones.get(zone);

describe("a board", () => {
  test("begins with all pods as they were", () => {
    expect(cellsOf(boardOf(GROUP), "zone-a")).toEqual(["old", "old", "old"]);
  });

  test("follows a pod from its deletion to its successor that is Ready", () => {
    const board = boardOf(GROUP);
    const states: unknown[] = [];
    const see = (type: string, state: "ready" | "starting" | "deleting"): void => {
      board.seePod("prod", type, pod("ingester-zone-b-1", state));
      states.push(cellsOf(board, "zone-b")?.[1]);
    };
    see("MODIFIED", "ready");
    see("MODIFIED", "deleting");
    see("DELETED", "deleting");
    see("ADDED", "starting");
    see("MODIFIED", "ready");
    expect(states).toEqual(["old", "down", "down", "down", "new"]);
    expect(cellsOf(board, "zone-b")).toEqual(["old", "new", "old"]);
    expect(cellsOf(board, "zone-a")).toEqual(["old", "old", "old"]);
  });

  test("is not misled by pods of other clusters, groups, zones, or beyond its replicas", () => {
    const board = boardOf(GROUP);
    board.seePod("other", "DELETED", pod("ingester-zone-a-0", "deleting"));
    board.seePod("prod", "DELETED", pod("ingester-zone-z-0", "deleting"));
    board.seePod("prod", "DELETED", pod("ingester-zone-a-7", "deleting"));
    expect(cellsOf(board, "zone-a")).toEqual(["old", "old", "old"]);
  });
});

describe("a frame", () => {
  const frame = (board: Board, columns = 200): string[] => renderBoard(board, columns).map(stripVTControlCharacters);

  test("shows zones, pods, a bar and what the hub says", () => {
    const board = boardOf(GROUP, LEFT_ALONE);
    for (const name of ["ingester-zone-a-0", "ingester-zone-a-1", "ingester-zone-a-2"]) {
      board.seePod("prod", "MODIFIED", pod(name, "deleting"));
      board.seePod("prod", "MODIFIED", pod(name, "ready"));
    }
    board.seePod("prod", "MODIFIED", pod("ingester-zone-b-2", "deleting"));
    const counts = { updatedReplicas: 3, replicas: 6, conditions: [] };
    board.seeStatus("prod", "ingester", { phase: "Progressing", currentZone: "zone-b", ...counts }, 4.25);
    const conditions = [{ type: "Ready", reason: "NotOnDelete", message: "a long story" }];
    board.seeStatus("prod", "loki", { phase: "Refused", ...counts, conditions }, 0);
    expect(frame(board)).toEqual([
      "cluster  rollout   zone-a  zone-b",
      "prod     ingester  ■■■     ■■□     ━━━━━━──────   3/6  Progressing zone-b 4.3 s",
      "         loki      ■■■     ■■■                         Refused NotOnDelete",
      "■ before  □ away  ■ after",
    ]);
  });

  test("never has a line longer than the terminal", () => {
    for (const columns of [40, 50, 60]) {
      for (const line of frame(boardOf(GROUP, LEFT_ALONE), columns)) expect(line.length).toBeLessThanOrEqual(columns);
    }
  });

  test("keeps the time a rollout took once it is done", () => {
    const board = boardOf(GROUP);
    const status = { phase: "Completed", updatedReplicas: 6, replicas: 6, conditions: [] };
    board.seeStatus("prod", "ingester", status, 9);
    board.finish("prod", "ingester", 9.04);
    board.seeStatus("prod", "ingester", status, 12);
    expect(frame(board)[1]).toContain("Completed 9.0 s");
  });
});
