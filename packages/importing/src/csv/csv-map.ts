/**
 * `--map`: which column is which field.
 *
 *   long file, a row an event:   user=customer,time=created_at,type=event,channel=utm_source,value=amount
 *   path file, a row a user:     user=user,path=click_1..click_5,conversion=conversion,value=value
 */
import { PLAIN_FIELDS } from '@tributary/model/event-fields';
import { InputError } from '../failures.ts';

export const LONG_FIELDS = ['user', 'anonymous', 'time', 'type', 'id', ...PLAIN_FIELDS] as const;
export const PATH_FIELDS = ['user', 'path', 'conversion', 'value', 'campaign', 'currency'] as const;

export type LongField = (typeof LONG_FIELDS)[number];
export type PathField = Exclude<(typeof PATH_FIELDS)[number], 'path'>;

/** Fields with the index of their column. */
export type LongColumns = { readonly kind: 'long'; readonly at: ReadonlyMap<LongField, number> };
export type PathColumns = {
  readonly kind: 'path';
  readonly at: ReadonlyMap<PathField, number>;
  readonly path: readonly number[];
};

/** Resolves `--map` against the header. Throws an input error that names what is wrong and the columns there are. */
export function resolveMap(map: string, header: readonly string[]): LongColumns | PathColumns {
  const pairs = map.split(',').map(parsePair);
  const fields = new Map(pairs);
  if (fields.size < pairs.length) throw new InputError(`--map must name each field once (got ${map}). Leave out one of them.`);
  const isPath = fields.has('path');
  const allowed: readonly string[] = isPath ? PATH_FIELDS : LONG_FIELDS;
  const unknown = [...fields.keys()].find((field) => !allowed.includes(field));
  if (unknown !== undefined)
    throw new InputError(
      `--map must name fields of a ${isPath ? 'path' : 'long'} file (got "${unknown}"). They are ${allowed.join(', ')}.`,
    );
  if (!fields.has('user') && !fields.has('anonymous'))
    throw new InputError(`--map must name the column of the user (got "${map}"). Add user=COLUMN.`);
  const at = new Map(
    pairs.filter(([field]) => field !== 'path').map(([field, column]) => [field, indexOf(column, header)] as const),
  );
  if (!isPath) {
    if (!at.has('time')) throw new InputError(`--map must name the column of the time (got "${map}"). Add time=COLUMN.`);
    return { kind: 'long', at: at as ReadonlyMap<LongField, number> };
  }
  return { kind: 'path', at: at as ReadonlyMap<PathField, number>, path: pathColumns(fields.get('path') as string, header) };
}

function parsePair(pair: string): [string, string] {
  const at = pair.indexOf('=');
  const field = pair.slice(0, at).trim();
  const column = pair.slice(at + 1).trim();
  if (at < 1 || column === '') throw new InputError(`--map must be FIELD=COLUMN, separated by commas (got "${pair}")`);
  return [field, column];
}

/** `click_1..click_5` (from one column to another, both included) or `first+second+third`. */
export function pathColumns(text: string, header: readonly string[]): number[] {
  const range = text.split('..');
  if (range.length === 2) {
    const [from, to] = range.map((column) => indexOf(column.trim(), header)) as [number, number];
    if (from > to) throw new InputError(`--map path must go from a column to a later one (got ${text}). Exchange the two.`);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  }
  return text.split('+').map((column) => indexOf(column.trim(), header));
}

function indexOf(column: string, header: readonly string[]): number {
  const at = header.indexOf(column);
  if (at < 0) {
    const spaced = header.find((title) => title.trim() === column);
    const fix =
      spaced === undefined ? 'Take a title from there.' : `"${spaced}" begins or ends with a space: take it away in the file.`;
    throw new InputError(`--map must name a column of the file (got "${column}"; the file has ${header.join(', ')}). ${fix}`);
  }
  if (header.indexOf(column, at + 1) >= 0)
    throw new InputError(
      `--map must name a column with a title of its own (got "${column}", which two columns have). Rename or remove one of them.`,
    );
  return at;
}
