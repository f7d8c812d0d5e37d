import { Board } from "../../local/demo/board.ts";
import { describeStatus } from "../../local/demo/describe-status.ts";
import { renderBoard } from "../../local/demo/render-board.ts";
import type { Audience } from "../../local/demo/run.ts";
import { GROUPS } from "../../local/demo/scenario.ts";
import type { LocalState } from "../../local/state.ts";
import { LiveLines, type Terminal } from "../live-lines.ts";

/** Told one line of text, without its end. */
type Tell = (line: string) => void;

/** For pipes and files: a line whenever what the hub says of a rollout changes. */
export function plainAudience(tell: Tell): Audience {
  const told = new Map<string, string>();
  return {
    tell,
    onPod: () => undefined,
    onEnd: () => undefined,
    onStatus(cluster, group, status) {
      if (status === undefined) return;
      const line = `${cluster} ${group.name}: ${describeStatus(status)}`;
      if (told.get(`${cluster} ${group.name}`) !== line) tell(line);
      told.set(`${cluster} ${group.name}`, line);
    },
  };
}

const FRAME_MS = 100;
/**
 * For terminals: a board of all pods, drawn over itself about ten times a second; steps appear above it.
 * @returns the audience, and what draws the last frame and gives the cursor back.
 */
export function liveAudience(
  clusters: LocalState["clusters"],
  terminal: Terminal,
  tell: Tell,
): { audience: Audience; close(): void } {
  const board = new Board(clusters, GROUPS);
  const live = new LiveLines(terminal);
  let begun = false;
  const draw = (): void => live.draw(renderBoard(board, Math.max(40, terminal.columns() - 1)));
  const timer = setInterval(() => begun && draw(), FRAME_MS);
  const audience: Audience = {
    tell(line) {
      live.erase();
      tell(line);
    },
    onPod: (cluster, type, pod) => board.seePod(cluster, type, pod),
    onStatus(cluster, group, status, seconds) {
      begun = true;
      board.seeStatus(cluster, group.name, status, seconds);
    },
    onEnd: (cluster, group, seconds) => board.finish(cluster, group.name, seconds),
  };
  return {
    audience,
    close() {
      clearInterval(timer);
      if (begun) draw();
      live.close();
    },
  };
}
