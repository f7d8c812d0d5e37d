import { z } from "zod";
import { askApi } from "./api.ts";
import type { CommandEnvironment } from "./command-environment.ts";
import { printObject } from "./output.ts";

/** `outrigger status`: the hub at a glance. */
export async function showStatus(environment: CommandEnvironment): Promise<void> {
  const hub = await environment.hub();
  const data = z.record(z.string(), z.unknown()).parse(await askApi(hub, { action: "status" }));
  await printObject(
    environment.output,
    data,
    Object.fromEntries(Object.entries(data).map(([key, value]) => [key, flat(value)])),
  );
}

function flat(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .map(([key, part]) => `${key} ${flat(part)}`)
    .join(", ");
}
