import type { KubernetesClient } from "../kubernetes/client.ts";
import { contains } from "../kubernetes/contains.ts";
import { DEFINITION_HASH } from "../kubernetes/custom-resources.ts";
import { isApiError } from "../kubernetes/errors.ts";
import type { KubernetesObject } from "../kubernetes/objects.ts";
import { ForeignGuardError, NoTimeLeftError } from "./errors.ts";
import { type GuardObject, ownerOf } from "./no-downscale.ts";

const ATTEMPTS = 3;

/**
 * Brings each object of a guard to what it should be: created, replaced under its resourceVersion, or left alone. Cut off
 * anywhere it goes on with the next call: without all of its objects a guard protects less, never more.
 * @throws ForeignGuardError, NoTimeLeftError, ApiError, ConnectionError.
 */
export async function installGuard(
  client: KubernetesClient,
  guard: readonly GuardObject[],
  mayWrite: () => boolean,
): Promise<void> {
  for (const one of guard) {
    await again(async () => {
      const live = await load(client, one);
      if (live !== undefined && isInPlace(live, one)) return;
      if (!mayWrite()) throw new NoTimeLeftError();
      if (live === undefined) await client.create(one.type, one.object);
      else await client.replace(one.type, merged(live, one));
    });
  }
}

/**
 * Takes away what is ours of a guard, each object under its UID. The policy goes first, and with it the guard.
 * @throws ForeignGuardError, NoTimeLeftError, ApiError, ConnectionError.
 */
export async function removeGuard(
  client: KubernetesClient,
  guard: readonly GuardObject[],
  mayWrite: () => boolean,
): Promise<void> {
  for (const one of guard) {
    await again(async () => {
      const { uid } = (await load(client, one))?.metadata ?? {};
      if (uid === undefined) return;
      if (!mayWrite()) throw new NoTimeLeftError();
      await client.delete(one.type, { name: one.object.metadata.name }, { preconditions: { uid } }).catch(gone);
    });
  }
}

/** @returns the live object when it is ours. @throws ForeignGuardError */
async function load(client: KubernetesClient, { type, object }: GuardObject): Promise<KubernetesObject | undefined> {
  const { name } = object.metadata;
  const live = await client.get<KubernetesObject>(type, { name }).catch(gone);
  if (live !== undefined && ownerOf(live) !== ownerOf(object)) throw new ForeignGuardError(live);
  return live;
}

function gone(error: unknown): undefined {
  if (!isApiError(error, 404)) throw error;
}

/** Somebody else created, changed or replaced it meanwhile: look again. */
async function again(attempt: () => Promise<void>): Promise<void> {
  for (let count = 1; ; count += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!isApiError(error, 409) || count === ATTEMPTS) throw error;
    }
  }
}

/** Nothing may be missing, and nothing more be there: a condition or a selector that was added can take away all of a guard. */
function isInPlace(live: KubernetesObject, { object }: GuardObject): boolean {
  const hash = (one: KubernetesObject): string | undefined => one.metadata.annotations?.[DEFINITION_HASH];
  const { spec } = live as GuardObject["object"];
  return hash(live) === hash(object) && contains(spec, object.spec) && contains(object.spec, spec);
}

function merged(live: KubernetesObject, { object }: GuardObject): KubernetesObject {
  const { labels, annotations } = live.metadata;
  const metadata = {
    ...live.metadata,
    labels: { ...labels, ...object.metadata.labels },
    annotations: { ...annotations, ...object.metadata.annotations },
  };
  return { ...object, metadata } as KubernetesObject;
}
