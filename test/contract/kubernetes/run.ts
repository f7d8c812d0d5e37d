import { expect, vi } from "vitest";
import type { ContractClient, Reply, WatchEvent } from "./client.ts";
import { wholePath } from "./paths.ts";
import type { Answer, Row, Step, WatchStep } from "./step.ts";

const patience = { timeout: 30_000, interval: 50 };
/** What a watch must not tell would come within this time, milliseconds. */
const QUIET_MS = 1_000;

/** What a row knows: its namespace, and the answers it kept. */
export type Known = Record<string, unknown>;

/** Runs the steps of a row in a namespace of its own. */
export async function runRow(client: ContractClient, row: Row): Promise<void> {
  const known: Known = { ns: await makeNamespace(client) };
  for (const [index, step] of row.steps.entries()) {
    if ("watch" in step) {
      await runWatch(client, step, known);
      continue;
    }
    const attempt = async (): Promise<Reply> => {
      const reply = await client.call(requestOf(step, known));
      check(filled(step.answer, known), reply, `step ${index + 1}: ${step.method} ${step.path}`);
      return reply;
    };
    const reply = step.eventually === true ? await vi.waitFor(attempt, patience) : await attempt();
    if (step.keep !== undefined) known[step.keep] = reply.body;
  }
}

async function runWatch(client: ContractClient, step: WatchStep, known: Known): Promise<void> {
  const path = filled(wholePath(step.watch), known);
  const whole = `${path}${path.includes("?") ? "&" : "?"}watch=1&timeoutSeconds=${patience.timeout / 1_000}`;
  const wanted = filled(step.events, known);
  const told = (all: readonly WatchEvent[]): readonly WatchEvent[] =>
    step.bookmarks === true ? all.slice(0, wanted.length) : all.filter(({ type }) => type !== "BOOKMARK");
  if (step.among === true) {
    const all = await client.watch(whole, (events) => passed(events, wanted) === wanted.length, 0);
    const count = passed(all, wanted);
    expect(count, `${step.watch} told ${JSON.stringify(told(all))}, not ${JSON.stringify(wanted[count])}`).toBe(
      wanted.length,
    );
    return;
  }
  const events = told(await client.watch(whole, (all) => told(all).length >= wanted.length, QUIET_MS));
  expect(
    events.map(({ type }) => type),
    step.watch,
  ).toEqual(wanted.map(({ type }) => type));
  expect(events, step.watch).toMatchObject(wanted);
}

/** @returns how many of the wanted events came, one after the other. */
function passed(events: readonly WatchEvent[], wanted: WatchStep["events"]): number {
  let count = 0;
  for (const event of events) {
    const next = wanted[count];
    if (next !== undefined && matches(event, next)) count += 1;
  }
  return count;
}

function matches(event: WatchEvent, wanted: object): boolean {
  try {
    expect(event).toMatchObject(wanted);
    return true;
  } catch {
    return false;
  }
}

let count = 0;

/** Makes a namespace and waits until it has what every namespace has. */
export async function makeNamespace(client: ContractClient): Promise<string> {
  count += 1;
  const name = `contract-${process.pid}-${count}`;
  await client.call({ method: "POST", path: "/api/v1/namespaces", body: { metadata: { name } } });
  await vi.waitFor(async () => {
    for (const path of ["serviceaccounts/default", "configmaps/kube-root-ca.crt"]) {
      expect((await client.call({ method: "GET", path: `/api/v1/namespaces/${name}/${path}` })).status).toBe(200);
    }
  }, patience);
  return name;
}

function requestOf(step: Step, known: Known): Step {
  return { ...filled(step, known), path: filled(wholePath(step.path), known) };
}

/** Puts what is known into every text: `{ns}`, `{name.metadata.uid}`. */
export function filled<T>(value: T, known: Known): T {
  if (typeof value === "string") {
    return value.replace(/\{([A-Za-z]\w*)((?:\.[\w-]+)*)\}/g, (whole, name: string, path: string) => {
      if (!Object.hasOwn(known, name)) return whole;
      const found = path.split(".").slice(1).reduce<unknown>(fieldOf, known[name]);
      return typeof found === "string" ? found : JSON.stringify(found);
    }) as T;
  }
  if (Array.isArray(value)) return value.map((item) => filled<unknown>(item, known)) as T;
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value).map(([field, item]) => [filled(field, known), filled<unknown>(item, known)]),
  ) as T;
}

const fieldOf = (value: unknown, field: string): unknown => (value as Record<string, unknown> | undefined)?.[field];

function check(answer: Answer, { status, body, headers }: Reply, what: string): void {
  expect(status, `${what} answered ${JSON.stringify(body)}`).toBe(answer.status);
  const failure = body as {
    message?: string;
    reason?: string;
    details?: { causes?: { field: string; reason: string }[] };
  };
  if (answer.message !== undefined) expect(failure.message, what).toContain(answer.message);
  if (answer.reason !== undefined) expect(failure.reason ?? "", what).toBe(answer.reason);
  if (answer.causes !== undefined) {
    const causes = failure.details?.causes?.map(({ field, reason }) => `${field}: ${reason}`);
    expect([...new Set(causes)].toSorted(), what).toEqual(answer.causes.toSorted());
  }
  if (answer.names !== undefined) {
    const { items } = body as { items: { metadata: { name: string } }[] };
    expect(
      items.map(({ metadata }) => metadata.name),
      what,
    ).toEqual(answer.names);
  }
  if (answer.body !== undefined) expect(body, what).toMatchObject(answer.body as object);
  for (const path of answer.absent ?? []) {
    expect(path.split(".").reduce<unknown>(fieldOf, body), `${what}: ${path}`).toBeUndefined();
  }
  for (const [path, old] of Object.entries(answer.unlike ?? {})) {
    const value = path.split(".").reduce<unknown>(fieldOf, body);
    expect(value, `${what}: ${path}`).toBeDefined();
    expect(value, `${what}: ${path}`).not.toBe(old);
  }
  if (answer.text !== undefined) expect(body, what).toBe(answer.text);
  for (const [name, text] of Object.entries(answer.headers ?? {})) expect(headers[name], what).toContain(text);
}
