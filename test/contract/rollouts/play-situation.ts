import { expect } from "vitest";
import type { Condition } from "../../../lib/kubernetes/objects.ts";
import { until } from "./play.ts";
import { RESOURCE, Scene } from "./scene.ts";
import type { Situation, Told } from "./situation.ts";
import type { Stage } from "./stage.ts";

/** The group is left alone for so long once people were told, milliseconds. */
const QUIET_MS = 4_000;
/** The condition that holds in a phase, beside Ready. */
const HOLDING: Readonly<Record<string, string>> = {
  Held: "Held",
  Stalled: "Stalled",
  Progressing: "Progressing",
  RollingBack: "Progressing",
};

/** Brings a situation about; checks what people are told and what became of the pods, then that it ends well. */
export async function playSituation(stage: Stage, situation: Situation, namespace: string): Promise<void> {
  const { told, kept, deleted, recover, inAll = deleted } = situation;
  const scene = await Scene.open(stage, namespace, situation);
  try {
    await situation.arrange(scene);
    const look = async (): Promise<void> => {
      const status = kept === true ? scene.hubs.at(-1)?.last()?.status : await scene.play.status(RESOURCE);
      expect(status?.phase).toBe(told.phase);
      checkTold(status?.conditions ?? [], told);
      expect(scene.deleted(situation.eitherFirst)).toEqual(deleted);
    };
    await until(look);
    await stage.time.sleep(QUIET_MS);
    await look();
    if (recover !== undefined) {
      await recover(scene);
      const completed = async (): Promise<void> => {
        const status = kept === true ? scene.hubs.at(-1)?.last()?.status : await scene.play.status(RESOURCE);
        expect(status?.phase).toBe("Completed");
        checkTold(status?.conditions ?? [], { phase: "Completed", reason: "Completed", says: [/wanted revision/] });
        expect(scene.deleted(situation.eitherFirst)).toEqual(inAll);
      };
      await until(completed);
    }
    const { others = [] } = situation;
    const gone = scene.witness.gone().map(({ name }) => name.replace(/^app-zone-/, ""));
    // Kubernetes deletes by name: where its cache lags, the pod that has just come goes as well.
    const once = gone.filter((pod, index) => !others.includes(pod) || gone.indexOf(pod) === index);
    expect(once.toSorted()).toEqual([...inAll, ...others].toSorted());
    expect(scene.witness.violations()).toEqual([]);
  } finally {
    await scene.play.close();
  }
}

/** One reason, told by Ready and at most one other condition; all others only say that they do not hold. */
function checkTold(conditions: readonly Condition[], { phase, reason, says }: Told): void {
  const ready = conditions.find(({ type }) => type === "Ready");
  expect(ready).toMatchObject({ reason, status: phase === "Idle" || phase === "Completed" ? "True" : "False" });
  for (const part of says) expect(ready?.message).toMatch(part);
  const telling = conditions.filter(({ message }) => message !== "");
  const holding = conditions.filter(({ type, status }) => type !== "Ready" && status === "True");
  expect(telling.filter(({ type }) => type !== "Ready")).toEqual(holding);
  expect(holding.map(({ type }) => type)).toEqual(HOLDING[phase] === undefined ? [] : [HOLDING[phase]]);
  for (const condition of holding) expect(condition).toMatchObject({ reason, message: ready?.message });
  const no = conditions.filter(({ status, message }) => status === "False" && message !== "");
  expect(no.length).toBeLessThanOrEqual(1);
}
