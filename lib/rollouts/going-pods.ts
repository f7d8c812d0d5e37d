import type { StatefulSetView, ZoneView } from "./members.ts";
import { firstOrdinal } from "./observation.ts";
import type { PodView } from "./pods.ts";
import type { Wish } from "./replica-wishes.ts";
import type { Candidate } from "./safety-rule.ts";

/**
 * The pods that go, highest ordinal first; of a StatefulSet that spans zones only those down to the first one of another zone, so that
 * no two zones lose pods at once. One that is not there stands for itself, in the zone it was last seen in.
 */
export function goingPods({ statefulSet: name, from, to }: Wish, zones: readonly ZoneView[]): Candidate[] {
  const places = zones.flatMap((zone) =>
    zone.parts.filter((part) => part.name === name).map((part) => ({ zone, part })),
  );
  const [home] = places;
  if (home === undefined) return [];
  const first = firstOrdinal(home.part.statefulSet);
  const going: Candidate[] = [];
  for (let ordinal = first + from - 1; ordinal >= first + to; ordinal--) {
    const place = places.find(
      ({ part }) => part.pods.some((pod) => pod.ordinal === ordinal) || part.missing?.includes(`${name}-${ordinal}`),
    );
    const { zone, part } = place ?? going[0] ?? home;
    if (going[0] !== undefined && going[0].zone.name !== zone.name) break;
    const pod = part.pods.find((each) => each.ordinal === ordinal) ?? missingPod(part, ordinal);
    going.push({ zone, part, pod });
  }
  return going;
}

const missingPod = ({ name }: StatefulSetView, ordinal: number): PodView => ({
  name: `${name}-${ordinal}`,
  uid: "",
  ordinal,
  createdAt: undefined,
  outdated: false,
  terminating: false,
  running: false,
  available: false,
  availableInSeconds: undefined,
  trouble: "missing",
  curable: false,
});
