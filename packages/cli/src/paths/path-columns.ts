/**
 * Which column of a path file is what. Without `--map` the header tells:
 *
 *   aggregated, a row a path:   path, total_conversions, total_conversion_value, total_null
 *   wide, a row a journey:      user, click_1, click_2, …, conversion, value
 */
import { UsageError } from '../exit.ts';
import { pathColumns } from '../import/csv-map.ts';

export interface PathFileColumns {
  /** One column with the whole path, or several with a touch each. */
  readonly path: readonly number[];
  readonly wide: boolean;
  readonly conversions: number;
  readonly value: number | undefined;
  readonly nulls: number | undefined;
}

type Field = 'path' | 'conversions' | 'value' | 'nulls';

/** Names by which each field is known, in lower case; the first one found counts. */
const NAMES: Readonly<Record<Field, readonly string[]>> = {
  path: ['path', 'channel_path', 'paths', 'journey'],
  conversions: ['total_conversions', 'conversions', 'conversion', 'total_conversion', 'converted', 'conv'],
  value: ['total_conversion_value', 'conversion_value', 'total_value', 'value', 'revenue', 'conv_value'],
  nulls: ['total_null', 'total_nulls', 'nulls', 'null', 'non_conversions', 'conv_null'],
};

/** Throws usage errors that name the columns there are. */
export function resolvePathColumns(map: string | undefined, header: readonly string[]): PathFileColumns {
  const named = namesOf(map);
  const at = (field: Field) => {
    const name = named.get(field);
    return name === undefined ? byKnownName(field, header) : indexOf(name, header);
  };
  const path = pathOf(named.get('path'), header);
  const conversions = at('conversions');
  if (path.length === 0)
    throw new UsageError(`no column holds the paths; name it with --map path=COLUMN (or path=FIRST..LAST); ${there(header)}`);
  if (conversions === undefined)
    throw new UsageError(`no column holds the conversions; name it with --map conversions=COLUMN; ${there(header)}`);
  const columns = { path, wide: path.length > 1, conversions, value: at('value'), nulls: at('nulls') };
  demandDistinct(columns, header);
  return columns;
}

function namesOf(map: string | undefined): Map<Field, string> {
  const named = new Map<Field, string>();
  for (const pair of map?.split(',') ?? []) {
    const [field = '', column = '', ...more] = pair.split('=').map((part) => part.trim());
    if (column === '' || more.length > 0) throw new UsageError(`--map takes FIELD=COLUMN, separated by commas; got "${pair}"`);
    if (!(field in NAMES))
      throw new UsageError(`--map: there is no field "${field}"; a path file has ${Object.keys(NAMES).join(', ')}`);
    if (named.has(field as Field)) throw new UsageError(`--map names ${field} twice`);
    named.set(field as Field, column);
  }
  return named;
}

function pathOf(named: string | undefined, header: readonly string[]): readonly number[] {
  if (named !== undefined) return pathColumns(named, header);
  const one = byKnownName('path', header);
  return one === undefined ? numbered(header) : [one];
}

/** The longest run of columns `name_1, name_2, …`. */
function numbered(header: readonly string[]): number[] {
  let best: number[] = [];
  header.forEach((title, start) => {
    const stem = /^(.*\D)1$/.exec(title.trim())?.[1];
    if (stem === undefined) return;
    const run: number[] = [];
    while (header[start + run.length]?.trim() === `${stem}${run.length + 1}`) run.push(start + run.length);
    if (run.length > best.length) best = run;
  });
  return best.length > 1 ? best : [];
}

function byKnownName(field: Field, header: readonly string[]): number | undefined {
  const lower = header.map((title) => title.trim().toLowerCase());
  for (const name of NAMES[field]) if (lower.includes(name)) return lower.indexOf(name);
  return undefined;
}

function indexOf(name: string, header: readonly string[]): number {
  const at = header.findIndex((title) => title.trim() === name);
  if (at < 0) throw new UsageError(`--map: there is no column "${name}"; ${there(header)}`);
  return at;
}

function demandDistinct({ path, conversions, value, nulls }: PathFileColumns, header: readonly string[]): void {
  const used = [...path, conversions, ...(value === undefined ? [] : [value]), ...(nulls === undefined ? [] : [nulls])];
  const twice = used.find((column, i) => used.indexOf(column) !== i);
  if (twice !== undefined) throw new UsageError(`the column "${header[twice]}" cannot be two things; say which with --map`);
}

function there(header: readonly string[]): string {
  const shown = header.slice(0, 20).map((title) => title.slice(0, 40));
  return `the file has ${shown.join(', ')}${header.length > 20 ? ', …' : ''}`;
}
