import { extname } from "node:path";
import { CommandFailure } from "./failure.ts";

/**
 * The local environment runs the sources with what a checkout has installed for them; the published package holds neither.
 * @throws CommandFailure in the compiled form.
 */
export function requireCheckout(): void {
  if (extname(import.meta.filename) === ".ts") return;
  throw new CommandFailure({
    object: "the local environment",
    cause: "it is not part of the installed package",
    nextStep: "clone Outrigger's repository and run `npm ci && npm run demo` there",
  });
}
