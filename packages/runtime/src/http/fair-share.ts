/**
 * A bound that owners share. One that holds nothing gets what is free; one that holds something gets more while it then
 * holds no more than it leaves free: one owner alone gets half, n owners 1/(n + 1) each, and there is room for one more.
 * (The dynamic threshold of shared-memory switches, Choudhury and Hahne 1998, with α = 1.)
 */
export interface FairShare {
  /** What all owners together hold. */
  readonly held: number;
  heldBy(owner: string): number;
  fits(owner: string, amount: number): boolean;
  /** Whether it fits is asked before. */
  take(owner: string, amount: number): void;
  /** No more than was taken. */
  give(owner: string, amount: number): void;
}

export function createFairShare(most: number): FairShare {
  let held = 0;
  /** Only owners that hold something are in it. */
  const shares = new Map<string, number>();
  const heldBy = (owner: string) => shares.get(owner) ?? 0;

  function change(owner: string, amount: number): void {
    const own = heldBy(owner) + amount;
    held += amount;
    if (own === 0) shares.delete(owner);
    else shares.set(owner, own);
  }

  return {
    get held() {
      return held;
    },
    heldBy,
    fits(owner, amount) {
      const own = heldBy(owner);
      const left = most - held - amount;
      return left >= (own === 0 ? 0 : own + amount);
    },
    take: change,
    give: (owner, amount) => change(owner, -amount),
  };
}
