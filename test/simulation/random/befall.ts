import type { Pod, StatefulSet } from "../../../lib/kubernetes/objects.ts";
import { loseNode, losePods, mark, recreateStatefulSet, scale, unstick } from "../calamities.ts";
import { isReady } from "../objects.ts";
import { between, oneOf } from "./chance.ts";
import type { Fault } from "./draw.ts";
import type { Kind } from "./kinds.ts";
import { RESOURCE } from "./names.ts";
import { operatorScaledUp, stayMs } from "./operator.ts";
import { orderedBack, stopped } from "./ordered.ts";
import { autoscale, changeMind, changePrepared, forgetPrepared } from "./scaling.ts";
import { setBack } from "./strategies.ts";
import type { World } from "./world.ts";

/** Points of the code at which a worker may die, in the order it passes them. */
const POINTS = [
  "claim-send",
  "send-take",
  "take-pencil",
  "pencil-act",
  "after-prepare",
  "after-scale",
  "after-delete",
  "act-ink",
  "ink-post",
];
/** How long people take to see that a template is bad, milliseconds. */
const PEOPLE_MS = 130_000;

/** How long after its return nobody may have noticed a StatefulSet, milliseconds. */
const REJOIN_MS = 45_000;

type Effect = (world: World, fault: Fault) => unknown;

const setOf = ({ sets }: World, { which }: Fault): string => sets[which % sets.length] ?? "";

/** Some pods of one zone. */
function podsOf(world: World, { which, much }: Fault): string[] {
  const all = world.model.all<Pod>("pods").map(({ metadata }) => metadata.name);
  const zones = [...new Set(all.map((name) => world.zoneOf(name)))].sort();
  const inZone = all.filter((name) => world.zoneOf(name) === zones[which % zones.length]);
  return inZone.slice(0, 1 + Math.floor(much * 2));
}

/** Does something to a worker that is at work, as soon as there is one. */
function toWorker(
  world: World,
  kind: Kind,
  what: (process: World["lanes"][number]["processes"] extends Set<infer P> ? P : never) => void,
): void {
  const attempt = (left: number): void => {
    const busy = world.lanes
      .flatMap(({ processes }) => [...processes])
      .filter(({ taken, running }) => running && taken);
    const [process] = busy;
    if (process === undefined) {
      if (left > 0) world.clock.after(400, () => attempt(left - 1));
      return;
    }
    world.fire(kind);
    what(process);
  };
  attempt(100);
}

/** Whoever has a rollout under way knows who its members were; to anybody else one that is gone was never there. */
function changeMembers(world: World, name: string, forMs: number): void {
  const { clock, lanes, model, wishes } = world;
  const owners = lanes.flatMap((lane) => lane.owners((resource) => model.find("multiazrollouts", resource)));
  if (owners.length > 0) wishes.membersChanged = { since: clock.now(), owners };
  wishes.strangers.add(name);
  clock.after(forMs + REJOIN_MS, () => wishes.strangers.delete(name));
}

/** Nobody knows any more what was, but whoever is at work. */
function startAnew(world: World, atWork = false): void {
  world.wishes.stateLostAt = world.clock.now();
  world.judge.startAnew(atWork);
}

/** A template that does not work, until people put another one in. */
const badTemplate =
  (kind: Kind, behaviour: "crash" | "never"): Effect =>
  (world) => {
    world.fire(kind);
    world.changeTemplates("bad", behaviour);
    world.clock.after(PEOPLE_MS, () => world.changeTemplates("mended"));
  };

const scaled =
  (kind: Kind, change: (replicas: number) => number): Effect =>
  (world, { much }) => {
    const sets = world.has("zones follow a leader") ? world.sets.slice(0, 1) : world.sets;
    for (const [index, name] of sets.entries()) {
      world.clock.after(index * much * 1_000, () => {
        const replicas = world.model.find<StatefulSet>("statefulsets", name)?.spec.replicas ?? 1;
        if (scale(world.model, name, change(replicas))) world.fire(kind, name);
      });
    }
  };

const recreated =
  (kind: Kind, afterMs: (fault: Fault) => number): Effect =>
  (world, fault) => {
    const name = setOf(world, fault);
    if (world.model.find("statefulsets", name) === undefined) return;
    world.fire(kind, name);
    changeMembers(world, name, afterMs(fault));
    recreateStatefulSet(world.model, name, afterMs(fault));
  };

/** What happens at its time. Kinds that are not here go on for a while, and are asked for where they matter. */
const EFFECTS: Partial<Record<Kind, Effect>> = {
  "worker killed at any time": (world) =>
    toWorker(world, "worker killed at any time", (process) =>
      world.lanes.forEach((lane) => lane.processes.has(process) && lane.kill(process)),
    ),
  "worker frozen for a while": (world, { forMs }) =>
    toWorker(world, "worker frozen for a while", (process) => process.freeze(forMs)),
  "worker frozen past its lease": (world, { forMs, which }) => {
    const kind = "worker frozen past its lease";
    const freezeMs = 140_000 + 5 * forMs;
    if (which % 2 === 0) world.armed.push({ kind, point: "pencil-act", left: 1 + (which % 3), freezeMs });
    else toWorker(world, kind, (process) => process.freeze(freezeMs));
  },
  "worker killed at a point": (world, { which, much }) => {
    world.armed.push({ kind: "worker killed at a point", point: oneOf(() => much, POINTS), left: 1 + (which % 3) });
  },
  "state lost": (world) => {
    const attempt = (left: number): void => {
      if (world.lanes[0]?.loseState(RESOURCE) === true) {
        startAnew(
          world,
          [...world.lanes[0].processes].some(({ taken, running }) => running && taken?.name === RESOURCE),
        );
        world.fire("state lost");
      } else if (left > 0) world.clock.after(500, () => attempt(left - 1));
    };
    attempt(60);
  },
  "pods flap": (world) => world.changeTemplates("flapping", "flap"),
  "pods never Ready": badTemplate("pods never Ready", "never"),
  "pods crash": badTemplate("pods crash", "crash"),
  "one pod stuck": (world, fault) => {
    const [name = ""] = podsOf(world, fault);
    world.model.stuck.add(name);
    const stop = world.model.subscribe(({ collection, object }) => {
      const pod = object as Pod;
      if (collection !== "pods" || pod.metadata.name !== name || pod.status?.phase !== "Running" || isReady(pod))
        return;
      stop();
      world.fire("one pod stuck", name);
    });
    world.clock.after(3 * fault.forMs, () => {
      stop();
      unstick(world.model, name);
    });
  },
  "node not answering": (world, fault) => {
    const lost = losePods(world.model, podsOf(world, fault), fault.forMs);
    if (lost.length > 0) world.fire("node not answering", lost.join(", "));
  },
  "node lost for good": (world, fault) => {
    const lost = loseNode(world.model, podsOf(world, fault), 1.5 * fault.forMs);
    if (lost.length > 0) world.fire("node lost for good", lost.join(", "));
  },
  "person deletes pods": (world, fault) => {
    const names = podsOf(world, fault);
    world.fire("person deletes pods", names.join(", "));
    for (const name of names) world.model.deletePod(name);
  },
  "quota refuses a pod": ({ model, clock }, { forMs }) => {
    model.quota = model.all("pods").length - 1;
    clock.after(forMs, () => {
      model.quota = undefined;
      model.resync();
    });
  },
  "watch silent for long": (world, { which }) => {
    if (which % 4 === 0) world.changeTemplates("unseen");
  },
  "template changed": (world, { much }) => {
    world.fire("template changed");
    world.changeTemplates("newer", "ready", much * 2_000);
  },
  "template reverted": (world, { much }) => {
    if (world.wanted === "old") return;
    world.fire("template reverted");
    world.changeTemplates("old", "ready", much * 2_000);
  },
  "replicas raised": scaled("replicas raised", (replicas) => replicas + 1),
  "replicas lowered": scaled("replicas lowered", (replicas) => Math.max(1, replicas - 1)),
  "StatefulSet recreated": recreated("StatefulSet recreated", ({ much }) => 200 + much * 3_000),
  "StatefulSet gone for long": recreated("StatefulSet gone for long", ({ forMs }) => forMs + 10_000),
  "StatefulSet relabelled": (world, fault) => {
    const name = setOf(world, fault);
    if (!mark(world.model, name, "labels", { group: undefined })) return;
    world.fire("StatefulSet relabelled", name);
    changeMembers(world, name, fault.forMs);
    world.clock.after(fault.forMs, () => {
      mark(world.model, name, "labels", { group: "ingester" });
      world.wishes.membersChanged = undefined;
    });
  },
  "StatefulSet paused": (world, fault) => {
    const name = setOf(world, fault);
    const annotation = "grafana.com/rollout-paused";
    if (mark(world.model, name, "annotations", { [annotation]: "true" })) world.fire("StatefulSet paused", name);
    world.clock.after(fault.forMs, () => mark(world.model, name, "annotations", { [annotation]: undefined }));
  },
  "selector changed": (world, { forMs }) => {
    const last = world.sets.at(-1) ?? "";
    const kept = world.sets.slice(0, -1).map((name) => world.zoneOf(`${name}-0`));
    const { statefulSetSelector } = world.spec;
    const matchExpressions = [{ key: "zone", operator: "In", values: kept }];
    world.fire("selector changed", kept.join(", "));
    world.wishes.strangers.add(last);
    world.judge.changeGroup();
    world.change({ statefulSetSelector: { matchLabels: { group: "ingester" }, matchExpressions } });
    world.clock.after(forMs, () => {
      world.change({ statefulSetSelector });
      world.judge.changeGroup();
      world.clock.after(REJOIN_MS, () => world.wishes.strangers.delete(last));
    });
  },
  "maxUnavailable changed": (world, { which }) => {
    const { intervalSeconds } = world.setting.spec;
    const maxUnavailable = [1, 2, 3, "25%", "100%"][which % 5];
    world.fire("maxUnavailable changed", String(maxUnavailable));
    world.change({ rollingUpdate: { maxUnavailable, intervalSeconds } });
  },
  "azOrder changed": (world) => {
    world.fire("azOrder changed");
    world.change({ azOrder: world.sets.map((name) => world.zoneOf(`${name}-0`)).toReversed() });
  },
  "resource paused": (world, { forMs }) => {
    world.fire("resource paused");
    world.change({ paused: true });
    world.clock.after(forMs, () => world.change({ paused: false }));
  },
  "resource recreated": (world, { much }) => {
    world.fire("resource recreated");
    startAnew(world);
    world.model.remove("multiazrollouts", RESOURCE);
    world.clock.after(much * 15_000, () => world.model.addResource(RESOURCE, world.spec));
  },
  "second resource": (world) => {
    world.fire("second resource");
    // Of the whole group, and not paused: one that kept a part of it, or all, for itself would be in the way for ever.
    const statefulSetSelector = { matchLabels: { group: "ingester" } };
    world.model.addResource("others", { ...world.spec, paused: false, statefulSetSelector });
    world.lanes[0]?.schedule("others");
  },
  "second hub": (world) => {
    world.fire("second hub");
    world.addLane("hub-2").start([RESOURCE]);
  },
  "pause ordered": stopped("pause ordered", "pause"),
  "abort ordered": stopped("abort ordered", "abort"),
  "rollback ordered": orderedBack,
  "zones follow a leader": (world, { which, much }) => {
    // Without anything else that scales there would be nothing to follow.
    const [leader = ""] = world.sets;
    const replicas = world.setting.replicas + (which % 2 === 0 ? 1 : -1);
    world.clock.after(much * 20_000, () => scale(world.model, leader, Math.max(1, replicas)));
  },
  "operator scaled up": operatorScaledUp,
  "replicas mirrored": autoscale,
  "strategy set back": setBack,
  "autoscaler changes its mind": changeMind,
  "pod forgets that it is prepared": forgetPrepared,
  "template changed for prepared pods": changePrepared,
  "person asks for a pass": (world, { forMs }) => {
    for (let turn = 0; turn < 3; turn++) {
      world.clock.after(between(world.random, 0, forMs), () => {
        world.fire("person asks for a pass");
        world.lanes[0]?.direct(RESOURCE);
      });
    }
  },
};

/** When it is over, with all that people do about it, milliseconds after the start. */
export function endOf(fault: Fault): number {
  const { kind, at, forMs } = fault;
  if (kind === "operator scaled up") return at + stayMs(fault);
  if (kind === "pods crash" || kind === "pods never Ready") return at + PEOPLE_MS;
  if (kind === "replicas mirrored") return at + forMs + 40_000;
  return at + (kind === "one pod stuck" ? 3 : 1.5) * forMs + 10_000;
}

/** Sets the clock for everything that is to befall the world. */
export function befall(world: World): void {
  for (const fault of world.setting.faults) {
    const effect = EFFECTS[fault.kind];
    if (effect !== undefined) world.clock.after(fault.at, () => void effect(world, fault));
  }
}
