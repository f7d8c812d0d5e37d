import { MULTI_AZ_ROLLOUTS } from "../kubernetes/types.ts";
import type { Session } from "../work/reconciler.ts";
import { LeaseLostError } from "../work/verdict.ts";
import { type ClusterTrouble, describeTrouble } from "./cluster-trouble.ts";
import type { MultiAZRollout } from "./observation.ts";
import type { RolloutStatus } from "./status.ts";

/** Least time between two writes while work goes on, milliseconds. */
const WRITE_INTERVAL_MS = 5_000;

/** Fields that a merge patch must clear by name when they are absent. */
const OPTIONAL = { currentZone: null, startedAt: null, finishedAt: null, rollout: null, gates: null, approval: null };

/**
 * Writes the status back to the resource, and into the hub's own copy: in the background, only when it changed, at most
 * every 5 s, and once at the end, where ink saves the copy. A status that cannot be written never stops a rollout; the hub's
 * copy says why.
 */
export class StatusWriter {
  readonly #session: Session;
  readonly #resource: MultiAZRollout;
  #written: string;
  #writtenAt = Number.NEGATIVE_INFINITY;
  #latest: RolloutStatus | undefined;
  #silent = false;
  #trouble: ClusterTrouble | undefined;
  #pending: Promise<void> = Promise.resolve();

  constructor(session: Session, resource: MultiAZRollout) {
    this.#session = session;
    this.#resource = resource;
    this.#written = fingerprint(resource.status ?? {});
  }

  /** The status offered last; before that the one the resource carries, if it has one. */
  get latest(): RolloutStatus | undefined {
    const { status } = this.#resource;
    const found = status?.phase === undefined || status.conditions === undefined ? undefined : status;
    return this.#latest ?? (found as RolloutStatus | undefined);
  }

  /** Takes the newest status; starts a write when one is due. */
  offer(status: RolloutStatus): void {
    this.#latest = status;
    if (this.#session.now() - this.#writtenAt >= WRITE_INTERVAL_MS) this.#write(true);
  }

  /** Whether somebody else writes this status, so that two writers do not take turns. */
  leaveToOthers(silent: boolean): void {
    this.#silent = silent;
  }

  /** Milliseconds until the newest status may be written; infinite when it is written already. */
  dueInMs(): number {
    if (this.#silent || this.#latest === undefined || fingerprint(this.#latest) === this.#written)
      return Number.POSITIVE_INFINITY;
    return Math.max(1, this.#writtenAt + WRITE_INTERVAL_MS - this.#session.now());
  }

  /** Waits for writes under way and writes what is left. */
  async flush(): Promise<void> {
    await this.#pending;
    this.#write(false);
    await this.#pending;
  }

  /** The status as the hub keeps it: with condition `StatusWritten=False` when the resource could not be told. */
  kept(status: RolloutStatus): RolloutStatus {
    if (this.#trouble === undefined) return status;
    const { reason, message } = this.#trouble;
    const condition = {
      type: "StatusWritten",
      status: "False" as const,
      reason,
      message: `This status is not on the resource itself: ${message}`,
      lastTransitionTime: new Date(this.#writtenAt).toISOString(),
      observedGeneration: status.observedGeneration,
    };
    return { ...status, conditions: [...status.conditions, condition] };
  }

  #write(withCopy: boolean): void {
    const status = this.#latest;
    if (
      this.#silent ||
      status === undefined ||
      fingerprint(status) === this.#written ||
      !this.#session.lease.mayWrite()
    )
      return;
    this.#written = fingerprint(status);
    this.#writtenAt = this.#session.now();
    this.#pending = this.#pending.then(async () => {
      await Promise.all([this.#patch(status), withCopy ? this.#save(status) : undefined]);
    });
  }

  async #save(status: RolloutStatus): Promise<void> {
    try {
      await this.#session.saveStatus(status);
    } catch (error) {
      // Whoever lost the lease finds out with the next pencil, which is what counts.
      this.#session.log("warn", "The hub's copy of the status was not saved", { cause: String(error) });
    }
  }

  async #patch(status: RolloutStatus): Promise<void> {
    const { name, namespace, uid } = this.#resource.metadata;
    const target = { name, ...(namespace === undefined ? {} : { namespace }) };
    const patch = { metadata: { uid }, status: { ...OPTIONAL, ...status } };
    try {
      await this.#session.client.patch(MULTI_AZ_ROLLOUTS, target, patch, {
        type: "merge",
        subresource: "status",
        fieldManager: "outrigger",
      });
      this.#trouble = undefined;
    } catch (error) {
      // The hub's own copy, or whoever takes the lease next, tells it.
      if (error instanceof LeaseLostError) return;
      const trouble = describeTrouble(error);
      if (trouble === undefined) throw error;
      this.#trouble = trouble;
      this.#written = "";
      this.#session.log("warn", "The status could not be written", { cause: trouble.message });
    }
  }
}

/** The same for equal statuses, whatever the order of their keys. */
function fingerprint(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
