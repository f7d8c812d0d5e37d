import type { Hub, HubOptions } from "./hub.ts";
import type { Terminal } from "./live-lines.ts";
import type { Output } from "./output.ts";

/** What every command that talks to a hub is given. */
export interface CommandEnvironment {
  /** Finds the hub; commands call it once their arguments are known to be right. */
  hub(): Promise<Hub>;
  output: Output;
  /** Present when results go to a terminal, which may be drawn on. */
  terminal?: Terminal;
}

/** How a hub is found from the options of the command line. */
export type FindHub = (options: HubOptions) => Promise<Hub>;
