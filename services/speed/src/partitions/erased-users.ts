/** The users of a partition who were erased, by a keyed digest of their key. Most commits change nothing of them, and each says all of them. */

export interface ErasedUsers {
  has(digest: string): boolean;
  add(digest: string): void;
  delete(digest: string): void;
  readonly size: number;
  /** The same array until one comes or goes: the store makes its text once. */
  digests(): readonly string[];
}

export function createErasedUsers(stored: readonly string[]): ErasedUsers {
  const all = new Set(stored);
  let listed: readonly string[] | undefined;
  return {
    has: (digest) => all.has(digest),
    add(digest) {
      all.add(digest);
      listed = undefined;
    },
    delete(digest) {
      all.delete(digest);
      listed = undefined;
    },
    get size() {
      return all.size;
    },
    digests() {
      listed ??= [...all];
      return listed;
    },
  };
}
