/** Lists of 10 000 digests and more are asked for each receipt or conversion of an answer: a list is made a set once, however often it is asked. */
const sets = new WeakMap<readonly string[], ReadonlySet<string>>();

export function isAmong(digests: readonly string[] | undefined, digest: string): boolean {
  if (digests === undefined) return false;
  let set = sets.get(digests);
  if (set === undefined) sets.set(digests, (set = new Set(digests)));
  return set.has(digest);
}
