/** Makes what Kubernetes draws at random. */
export interface Ids {
  uid(): string;
  /** Five letters and digits for generated names. */
  suffix(): string;
}

const LETTERS = "bcdfghjklmnpqrstvwxz2456789";

/** @param random a number from 0 up to 1; a seeded one makes a cluster repeatable. */
export function createIds(random: () => number = Math.random): Ids {
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join("");
  return {
    uid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${"89ab"[Math.floor(random() * 4)]}${hex(3)}-${hex(12)}`,
    suffix: () => Array.from({ length: 5 }, () => LETTERS[Math.floor(random() * LETTERS.length)]).join(""),
  };
}
