import type * as z from "zod";
import { problemsInWords } from "../kubernetes/issue-in-words.ts";
import type { Item } from "./table.ts";

/**
 * Reads an item of the hub's table.
 * @param value what the schema reads, where that is not the item as it is.
 * @throws Error naming the item, each wrong field and what to do.
 */
export function readItem<T>(schema: z.ZodType<T>, item: Item, value: unknown = item): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = problemsInWords(parsed.error).join("; ");
  throw new Error(
    `Item ${String(item["pk"])} / ${String(item["sk"])} is not as this version writes it: ${problems}. ` +
      "Deploy the newest version that was ever deployed here, or take back what somebody edited.",
  );
}
