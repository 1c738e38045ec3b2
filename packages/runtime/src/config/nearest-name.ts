/** Which known name was probably meant by one that is not known. */

/** The name of `known` that is apart in a third of the letters after the prefix at most. */
export function nearestName(name: string, known: ReadonlySet<string>, prefix = 0): string | undefined {
  const bound = Math.max(1, Math.floor((name.length - prefix) / 3));
  const near = [...known]
    // A name may be as long as an environment takes.
    .filter((other) => Math.abs(other.length - name.length) <= bound)
    .map((other) => ({ other, distance: distanceOf(name, other) }))
    .sort((a, b) => a.distance - b.distance || (a.other < b.other ? -1 : 1))[0];
  return near !== undefined && near.distance <= bound ? near.other : undefined;
}

/** Levenshtein: letters to put in, take out or change. */
export function distanceOf(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(changed, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    above = row;
  }
  return above[b.length] ?? 0;
}
