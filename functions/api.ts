import process from "node:process";
import { createDynamoClient } from "../lib/aws/clients.ts";
import { createRegistryStore } from "../lib/aws/registry-store.ts";
import { openTable } from "../lib/aws/table.ts";
import { createWorkStore } from "../lib/aws/work-store.ts";
import { answerQuery } from "../lib/registry/query.ts";
import { systemClock as clock } from "../lib/work/clock.ts";
import { readEnvironment } from "./environment.ts";
import { openTelemetry, serve } from "./serve.ts";

const env = readEnvironment("api", process.env);
const table = openTable(createDynamoClient(), env.OUTRIGGER_TABLE);
const ports = { registry: createRegistryStore(table), work: createWorkStore(table, clock), clock };

/** Invoked by people and the command line: answers from the table. */
export const handler = serve(openTelemetry("api", env), (question: unknown) => answerQuery(ports, question));
