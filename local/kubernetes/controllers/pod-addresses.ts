/** Addresses of 10.128.0.0/16 for the pods of one cluster: no two pods that live have the same. */
export interface PodAddresses {
  /** The address of a pod; where nobody has it, the one that follows from its UID. @throws Error when none is left. */
  of: (uid: string) => string;
  /** The pod is gone. */
  release: (uid: string) => void;
}

/** Neither the network's own address nor that of its broadcasts. */
const COUNT = 2 ** 16 - 2;

export function createPodAddresses(): PodAddresses {
  const numbers = new Map<string, number>();
  const taken = new Set<number>();
  const take = (uid: string): number => {
    if (taken.size === COUNT) throw new Error(`All ${COUNT} addresses of 10.128.0.0/16 belong to pods. Delete some.`);
    let index = (Number.parseInt(uid.slice(0, 4), 16) || 0) % COUNT;
    while (taken.has(index)) index = (index + 1) % COUNT;
    taken.add(index);
    numbers.set(uid, index);
    return index;
  };
  return {
    of(uid) {
      const number = 1 + (numbers.get(uid) ?? take(uid));
      return `10.128.${number >> 8}.${number & 255}`;
    },
    release(uid) {
      const index = numbers.get(uid);
      if (index === undefined) return;
      numbers.delete(uid);
      taken.delete(index);
    },
  };
}
