/**
 * Which column of a path file is what. Without `--map` the header says it:
 *
 *   aggregated, a row a path:   path, total_conversions, total_conversion_value, total_null
 *   wide, a row a journey:      user, click_1, click_2, …, conversion, value
 */

import { pathColumns } from '@tributary/importing/csv/csv-map';
import { InputError } from '@tributary/importing/failures';

export interface PathFileColumns {
  /** One column with the whole path, or several with a touch each. */
  readonly path: readonly number[];
  readonly wide: boolean;
  readonly conversions: number;
  readonly value: number | undefined;
  readonly nulls: number | undefined;
  /** Whose journey it is. */
  readonly user: number | undefined;
}

type Field = 'path' | 'conversions' | 'value' | 'nulls' | 'user';

/** Names by which each field is known, in lower case. Two columns that are both known as one field are refused: which one was taken could not be seen. */
const NAMES: Readonly<Record<Field, readonly string[]>> = {
  path: ['path', 'channel_path', 'paths', 'journey'],
  conversions: ['total_conversions', 'conversions', 'conversion', 'total_conversion', 'converted', 'conv'],
  value: ['total_conversion_value', 'conversion_value', 'total_value', 'value', 'revenue', 'conv_value'],
  nulls: ['total_null', 'total_nulls', 'nulls', 'null', 'non_conversions', 'conv_null'],
  user: ['user', 'user_id', 'userid'],
};

/** Throws input errors that name the columns there are. */
export function resolvePathColumns(map: string | undefined, header: readonly string[]): PathFileColumns {
  const named = namesOf(map);
  const at = (field: Field) => {
    const name = named.get(field);
    return name === undefined ? byKnownName(field, header) : indexOf(name, header);
  };
  const path = pathOf(named.get('path'), header);
  const conversions = at('conversions');
  if (path.length === 0)
    throw new InputError(
      `--map must name the column of paths, as no title says which it is (got none; ${there(header)}). Write --map path=COLUMN, or path=FIRST..LAST.`,
    );
  if (conversions === undefined)
    throw new InputError(
      `--map must name the column of conversions, as no title says which it is (got none; ${there(header)}). Write --map conversions=COLUMN.`,
    );
  const columns = { path, wide: path.length > 1, conversions, value: at('value'), nulls: at('nulls'), user: at('user') };
  demandDistinct(columns, header);
  return columns;
}

function namesOf(map: string | undefined): Map<Field, string> {
  const named = new Map<Field, string>();
  for (const pair of map?.split(',') ?? []) {
    const [field = '', column = '', ...more] = pair.split('=').map((part) => part.trim());
    if (column === '' || more.length > 0) throw new InputError(`--map must be FIELD=COLUMN, separated by commas (got "${pair}")`);
    if (!Object.hasOwn(NAMES, field))
      throw new InputError(`--map must name fields of a path file (got "${field}"). They are ${Object.keys(NAMES).join(', ')}.`);
    if (named.has(field as Field))
      throw new InputError(`--map must name each field once (got ${field} twice). Leave out one of them.`);
    named.set(field as Field, column);
  }
  return named;
}

function pathOf(named: string | undefined, header: readonly string[]): readonly number[] {
  if (named !== undefined) return pathColumns(named, header);
  const one = byKnownName('path', header);
  return one === undefined ? numbered(header) : [one];
}

/** The columns `name_1, name_2, …`, side by side: of one name, and without a gap, for a touch left out would go unseen. */
function numbered(header: readonly string[]): number[] {
  const titles = header.map((title) => title.trim());
  const runs = titles.flatMap((title, start) => {
    const stem = /^(.*\D)1$/.exec(title)?.[1];
    if (stem === undefined) return [];
    const run = [start];
    while (titles[start + run.length] === `${stem}${run.length + 1}`) run.push(start + run.length);
    const all = titles.filter((other) => other.startsWith(stem) && /^\d+$/.test(other.slice(stem.length)));
    return all.length > 1 ? [{ run, all }] : [];
  });
  const gap = runs.find(({ run, all }) => all.length !== run.length);
  if (gap !== undefined)
    throw new InputError(
      `columns of a path must be numbered from 1 without a gap, side by side (got ${gap.all.slice(0, 20).join(', ')}). Name those of the path with --map path=${gap.all.slice(0, 2).join('+')}.`,
    );
  const names = runs.map(({ all }) => `${all[0]}..${all.at(-1)}`);
  if (names.length > 1) throw ambiguous('path', names);
  return runs[0]?.run ?? [];
}

function byKnownName(field: Field, header: readonly string[]): number | undefined {
  const known = header.flatMap((title, at) => (NAMES[field].includes(title.trim().toLowerCase()) ? [at] : []));
  if (known.length > 1) {
    const titles = known.map((at) => (header[at] as string).trim());
    throw ambiguous(field, titles);
  }
  return known[0];
}

function ambiguous(field: Field, columns: readonly string[]): InputError {
  const [one = ''] = columns;
  const same = columns.find((column, i) => columns.indexOf(column) !== i);
  if (same !== undefined)
    return new InputError(
      `the file must have one column for the ${field} (got two that are called "${same}"). Rename or remove one of them.`,
    );
  return new InputError(`one column must be the ${field} (got ${columns.join(' and ')}). Say which with --map ${field}=${one}.`);
}

function indexOf(name: string, header: readonly string[]): number {
  const at = header.findIndex((title) => title.trim() === name);
  if (at < 0)
    throw new InputError(`--map must name a column of the file (got "${name}"; ${there(header)}). Take a title from there.`);
  if (header.findLastIndex((title) => title.trim() === name) !== at)
    throw new InputError(
      `--map must name a column with a title of its own (got "${name}", which two columns have). Rename or remove one of them.`,
    );
  return at;
}

function demandDistinct({ path, conversions, value, nulls, user }: PathFileColumns, header: readonly string[]): void {
  const used = [...path, conversions, value, nulls, user].filter((column) => column !== undefined);
  const twice = used.find((column, i) => used.indexOf(column) !== i);
  if (twice !== undefined)
    throw new InputError(`a column must be one thing (got "${header[twice]}" for two). Say which with --map.`);
}

function there(header: readonly string[]): string {
  const shown = header.slice(0, 20).map((title) => title.slice(0, 40));
  return `the file has ${shown.join(', ')}${header.length > 20 ? ', …' : ''}`;
}
