/** The oracle of what definitions count over all users: what one event adds, said of the event alone, its conditions by the CEL library itself. */
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { sentOf } from './naive-corrections.ts';
import { fieldValue, type NaiveFields, selects } from './naive-fields.ts';

type Add = (view: string, dimensions: readonly string[], measures: readonly bigint[]) => void;

interface NaiveCount {
  readonly count: string | readonly string[];
  readonly by: string;
  readonly where?: string;
}

/** The library takes a while for each condition, and the simulation asks of each event again and again. */
const known = new WeakMap<Event, Map<string, readonly string[][]>>();

/** `event`: as corrections leave it. */
export function naiveCountRows(event: Event, definitions: Definitions, add: Add): void {
  const { counts, json } = definitions;
  if (counts === undefined) return;
  const rows = known.get(event) ?? new Map<string, readonly string[][]>();
  known.set(event, rows);
  const own = rows.get(json) ?? rowsOf(event, definitions);
  rows.set(json, own);
  for (const row of own) add('counts', row, [1n]);
}

function rowsOf(event: Event, { counts = {}, countVersions, derived }: Definitions): string[][] {
  const fields = Object.fromEntries(
    Object.entries(derived?.fields ?? {}).map(([name, from]) => [name, typeof from === 'string' ? { from, type: 'text' } : from]),
  ) as NaiveFields;
  const day = new Date(event.ts).toISOString().slice(0, 10);
  return Object.entries(counts as Readonly<Record<string, NaiveCount>>).flatMap(([name, { count, by, where = null }]) => {
    const given = typeof count === 'string' ? [count] : count;
    if (!selects({ types: given.includes('*') ? null : given, where }, sentOf(event), fields)) return [];
    const marks = event.properties?.['$counts'];
    const unnamed = typeof marks === 'string' && marks.split(',').includes(name);
    return [[day, name, countVersions.get(name) as string, unnamed ? '(other)' : shownValue(fieldValue(event, by, fields))]];
  });
}

function shownValue(value: unknown): string {
  if (value === undefined || value === '') return '(none)';
  const points = Array.from(String(value), (one) => one.codePointAt(0) as number);
  return points.length > 200 || points.some((point) => point < 32 || point === 127) ? '(other)' : String(value);
}
