import { ApiError } from "../../../lib/kubernetes/errors.ts";
import type { ClientOptions } from "../client.ts";
import { between } from "./chance.ts";
import type { Process } from "./process.ts";
import type { World } from "./world.ts";

const expired = () =>
  new ApiError({ status: 410, reason: "Expired", message: "too old resource version", request: "WATCH" });

/** How the watches of one process fare. */
export function clientOptions(world: World, process: Process): Omit<ClientOptions, "wrote"> {
  const { random, clock } = world;
  const lag = world.fault("watch lags");
  const silent = world.fault("watch silent for long");
  const breaks = world.fault("watch breaks");
  const expires = world.fault("watch breaks with 410");
  const bookmarks = world.fault("watch of bookmarks");
  const ending = (): Error | undefined => {
    if (!process.running) return undefined;
    if (expires !== undefined && (breaks === undefined || random() < 0.5)) {
      world.fire("watch breaks with 410");
      return expired();
    }
    world.fire("watch breaks");
    return undefined;
  };
  return {
    watchLagMs: ({ plural }) => {
      const quietUntil = silent === undefined ? 0 : world.startedAt + silent.at + silent.forMs;
      const hushed = silent !== undefined && (silent.which % 2 === 0 ? plural === "statefulsets" : plural === "pods");
      if (hushed && world.active("watch silent for long")) {
        world.fire("watch silent for long", plural);
        return quietUntil - clock.now();
      }
      if (lag === undefined) return random() * 5;
      world.count("watch lags");
      return random() * lag.much * 1_500;
    },
    watchLifeMs: () =>
      breaks === undefined && expires === undefined
        ? undefined
        : between(random, 500, 4_000 + (breaks?.forMs ?? 0) / 4),
    watchError: ending,
    fail: (verb) => {
      if (verb !== "watch" || !world.active("answer 410") || random() > 0.3) return undefined;
      world.fire("answer 410", "watch");
      return expired();
    },
    bookmarkMs: bookmarks === undefined ? undefined : 300 + bookmarks.much * 2_000,
    bookmarked: () => world.count("watch of bookmarks"),
  };
}
