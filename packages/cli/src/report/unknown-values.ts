/** A filter by a value that no row has answers with nothing: that is said, with the value that was probably meant. */
import type { ApiClient, Query } from '../api-client.ts';
import type { Report, ReportRow } from '../api-types.ts';
import type { Context } from '../context.ts';
import { counted } from '../terminal/figures.ts';
import { printable } from '../terminal/table.ts';
import { FILTERS, type Filter } from './filters.ts';

type Amounts = Pick<ReportRow, 'creditMicros' | 'valueMinor'>;
/** A row of `/v1/attribution`, or of `/v1/attribution/compare`. */
export type CreditRow = Amounts | { readonly models: Readonly<Record<string, Amounts>> };

/** No row has any credit. */
export function isNothing(rows: readonly CreditRow[]): boolean {
  const amounts = rows.flatMap((row) => ('models' in row ? Object.values(row.models) : [row]));
  return amounts.every(({ creditMicros = 0, valueMinor = 0 }) => Number(creditMicros) === 0 && Number(valueMinor) === 0);
}

/** For an answer that is nothing. `query`: what was asked. */
export async function nameUnknownValues(context: Context, api: ApiClient, query: Query): Promise<void> {
  const { from, to, layer, view } = query;
  for (const dimension of FILTERS) {
    const value = query[dimension];
    if (value === undefined) continue;
    const { rows } = await api.get<Report>('/v1/attribution', { model: 'last', by: dimension, from, to, layer, view });
    const known = [...new Set(rows.flatMap((row) => row[dimension] ?? []))];
    if (known.includes(String(value))) continue;
    context.terminal.say(printable(`note: ${await sentenceOf(dimension, String(value), known)}`));
  }
}

/** Values that are listed. */
const LISTED = 10;

async function sentenceOf(dimension: Filter, value: string, known: readonly string[]): Promise<string> {
  const lead = `no row of this window has the ${dimension} "${value}"`;
  if (known.length === 0) return `${lead}: there are no rows at all`;
  const { distanceOf } = await import('@tributary/runtime/settings/unknown');
  const bound = Math.max(1, Math.floor(value.length / 3));
  const [nearest] = known
    .filter((name) => Math.abs(name.length - value.length) <= bound)
    .map((name) => ({ name, distance: distanceOf(name.toLowerCase(), value.toLowerCase()) }))
    .filter(({ distance }) => distance <= bound)
    .sort((a, b) => a.distance - b.distance);
  if (nearest !== undefined) return `${lead}. Did you mean "${nearest.name}"?`;
  return known.length <= LISTED
    ? `${lead}; there are ${known.map((name) => `"${name}"`).join(', ')}`
    : `${lead}; --by ${dimension} lists the ${counted(known.length, 'value')} there are`;
}
