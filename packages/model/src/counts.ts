/** What definitions count over all users, as rows follow it: `packages/signals` reads what it means. */
import { canonicalJson } from './canonical-json.ts';
import { fieldsMentioned } from './corrections.ts';
import type { Event } from './event.ts';

/** As definitions are written and stored. */
interface Counting {
  /** By name. */
  readonly counts?: Readonly<Record<string, unknown>> | undefined;
  readonly derived?: { readonly fields: Readonly<Record<string, unknown>> } | undefined;
}

/**
 * The property in which a collector names the counts, apart by commas, whose value of an event reads `(other)`: the day had brought as many values as
 * it may. In the line itself, so that both layers and every replay see the same; the value stays as it was sent.
 */
export const UNNAMED = '$counts';

export function unnamedOf({ properties }: Pick<Event, 'properties'>): readonly string[] {
  const names = properties?.[UNNAMED];
  return typeof names === 'string' ? names.split(',') : NOTHING;
}

const NOTHING: readonly string[] = [];

/** Code points of a value; a longer one reads `(other)`. */
export const MOST_VALUE = 200;

/** Counts, and the fields of `properties` that they may name. Undefined: nothing is counted. */
export function countingOf({ counts, derived }: Counting): object | undefined {
  if (counts === undefined) return undefined;
  return { counts, countedBy: fieldsMentioned(textsIn(counts), derived?.fields ?? {}) };
}

/** Each by itself: in JSON the escape of a line break would be a part of the word behind it. */
export function textsIn(counts: object): string[] {
  const texts: string[] = [];
  JSON.stringify(counts, (_, value: unknown) => {
    if (typeof value === 'string') texts.push(value);
    return value;
  });
  return texts;
}

/** A version of each count, by its name: it changes with all that its rows follow. */
export function countVersions({ counts = {}, derived }: Counting, sha256Hex: (text: string) => string): Map<string, string> {
  const versionOf = (count: unknown) => sha256Hex(canonicalJson({ ...countingOf({ counts: { count }, derived }) })).slice(0, 12);
  return new Map(Object.entries(counts).map(([name, count]) => [name, versionOf(count)]));
}
