/**
 * Changes to a path before a model sees it, as other tools offer them. Each is a pure function of the channels in order.
 * `unique`, `exposure`, `first`, `frequency` and the tail rule are those of google/fractribution.
 */

export type PathTransform = (path: readonly string[]) => readonly string[];

/** Every touch counts: nothing changes. */
export const unique: PathTransform = (path) => path;

/** Consecutive touches of one channel are one exposure: d a b b c → d a b c. */
export const exposure: PathTransform = (path) => path.filter((channel, i) => channel !== path[i - 1]);

/** Only the first touch of each channel: d a b d → d a b. */
export const firstOccurrence: PathTransform = (path) => [...new Set(path)];

/** The first touch of each channel, its name with its number of touches: d a d → d(2) a(1). Each frequency is a channel of its own. */
export const frequency: PathTransform = (path) => {
  const counts = new Map<string, number>();
  for (const channel of path) counts.set(channel, (counts.get(channel) ?? 0) + 1);
  return [...counts].map(([channel, count]) => `${channel}(${count})`);
};

/** The last `count` touches; `count` is 1 or more. */
export function lastTouches(count: number): PathTransform {
  return (path) => path.slice(-count);
}

/** Without direct touches, unless there is no other. */
export function directUnlessAll(direct: ReadonlySet<string>): PathTransform {
  return (path) =>
    unlessEmpty(
      path.filter((channel) => !direct.has(channel)),
      path,
    );
}

/** A direct touch stays only as the last one. */
export function directUnlessLast(direct: ReadonlySet<string>): PathTransform {
  return (path) => path.filter((channel, i) => i === path.length - 1 || !direct.has(channel));
}

/** Without the direct touches at the end, unless there is no other. */
export function directTail(direct: ReadonlySet<string>): PathTransform {
  return (path) => path.slice(0, 1 + path.findLastIndex((channel) => !direct.has(channel)) || path.length);
}

/** One after another, from the left. */
export function composed(transforms: readonly PathTransform[]): PathTransform {
  return (path) => transforms.reduce((changed, transform) => transform(changed), path);
}

function unlessEmpty(path: readonly string[], otherwise: readonly string[]): readonly string[] {
  return path.length === 0 ? otherwise : path;
}
