import { environments } from "../functions/environment.ts";
import { schemaTable } from "./schema-table.ts";

/** The reference pages by file name, each written from the schemas the code itself parses with. */
export function referencePages(): Record<string, string> {
  return {
    "environment.md": page(
      "Environment of the functions",
      "Set by the infrastructure, parsed at start by each function.",
      Object.entries(environments).map(([name, schema]) => ({ title: name, body: schemaTable(schema) })),
    ),
  };
}

function page(title: string, intro: string, sections: { title: string; body: string }[]): string {
  const parts = sections.flatMap((section) => [`## ${section.title}`, section.body]);
  return `${["<!-- Written by `npm run docs`. -->", `# ${title}`, intro, ...parts].join("\n\n")}\n`;
}
