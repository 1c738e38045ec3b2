/** What definitions count over all users, as rows follow it: `packages/signals` reads what it means. */
import { canonicalJson } from './canonical-json.ts';
import { fieldsMentioned } from './corrections.ts';

/** As definitions are written and stored. */
interface Counting {
  /** By name. */
  readonly counts?: Readonly<Record<string, unknown>> | undefined;
  readonly derived?: { readonly fields: Readonly<Record<string, unknown>> } | undefined;
}

/** Counts, and the fields of `properties` that they may name. Undefined: nothing is counted. */
export function countingOf({ counts, derived }: Counting): object | undefined {
  if (counts === undefined) return undefined;
  return { counts, countedBy: fieldsMentioned([JSON.stringify(counts)], derived?.fields ?? {}) };
}

/** A version of each count, by its name: it changes with all that its rows follow. */
export function countVersions({ counts = {}, derived }: Counting, sha256Hex: (text: string) => string): Map<string, string> {
  const versionOf = (count: unknown) => sha256Hex(canonicalJson({ ...countingOf({ counts: { count }, derived }) })).slice(0, 12);
  return new Map(Object.entries(counts).map(([name, count]) => [name, versionOf(count)]));
}
