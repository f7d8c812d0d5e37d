/** What the package exports: the hub as a construct, and as a stack of its own. */
export type { OutriggerOptions, OutriggerOptionsInput } from "./options.ts";
export { readOptions } from "./options.ts";
export { Outrigger, type OutriggerProps } from "./outrigger.ts";
export { OutriggerStack, type OutriggerStackProps } from "./outrigger-stack.ts";
