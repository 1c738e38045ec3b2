/** Why definitions are refused: the place first, as everywhere in definitions. */
import { TributaryError } from '@tributary/model/errors';
import { describe, refusalText } from '@tributary/model/refusal';
import { ruleOf } from '@tributary/model/schema-rule';
import type { z } from 'zod';

/** How a refusal begins that names a place. */
export const AT = 'definitions, at ';

/** `path`: the keys on the way to the value. */
export function refusedAt(path: readonly PropertyKey[], must: string, got: string, fix?: string): TributaryError {
  const field = `${AT}${path.map(String).join('.')}`;
  return new TributaryError('invalid_definitions', refusalText({ field, must, got, ...(fix !== undefined && { fix }) }));
}

/** Throws `invalid_definitions` that names the place. */
export function read<T>(schema: z.ZodType<T>, raw: unknown, at: readonly PropertyKey[]): T {
  const parsed = schema.safeParse(raw, { error: ruleOf });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const { path = [], message = 'be valid' } = issue ?? {};
  const place = [...at, ...path];
  if (issue?.code !== 'unrecognized_keys') throw refusedAt(place, message, describe(valueAt(raw, path)));
  const [unknown = ''] = issue.keys;
  throw refusedAt([...place, unknown], message, JSON.stringify(unknown));
}

function valueAt(whole: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((value, key) => (value as Readonly<Record<PropertyKey, unknown>> | null | undefined)?.[key], whole);
}

/** The name that was probably meant: at most two changes away. */
export function nearest(name: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = 3;
  for (const known of names) {
    const changes = distance(name.toLowerCase(), known.toLowerCase(), least);
    if (changes < least) [best, least] = [known, changes];
  }
  return best;
}

function distance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) >= most) return most;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swapped = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swapped, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
