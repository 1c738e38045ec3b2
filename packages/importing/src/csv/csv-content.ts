/**
 * What a row says of its event, as one text that its id is made of (law 3): the mapped cells under the names of their fields. A file whose
 * columns moved, were renamed, or that has others beside them gives the same ids; so does 1.5 in place of 1.50, and an instant in another form.
 */
import { fieldsWith } from '@tributary/model/event-fields';
import { LONG_FIELDS, type LongField, type PathField } from './csv-map.ts';

type Cell<Name> = (field: Name) => string | undefined;

const AMOUNTS: ReadonlySet<string> = new Set(fieldsWith({ type: 'amount' }));

type Part = readonly [field: string, value: unknown];

const LONG_TEXTS = LONG_FIELDS.filter((field) => field !== 'id' && field !== 'time');
const PATH_TEXTS = ['user', 'value', 'campaign', 'currency'] as const;

/** Options are not part of it: what was forgotten and is given with the next run must not make other events. */
export function longContent(cell: Cell<LongField>, ts: number): string {
  return content([['time', ts]], LONG_TEXTS, cell);
}

export function pathContent(cell: Cell<PathField>, channels: readonly string[], hasConverted: boolean): string {
  const parts: Part[] = [
    ['path', channels],
    ['conversion', hasConverted],
  ];
  return content(parts, PATH_TEXTS, cell);
}

/** In one order, whatever order fields are declared in. Empty cells are left out: a column without values says nothing. */
function content<Name extends string>(parts: Part[], fields: readonly Name[], cell: Cell<Name>): string {
  for (const field of fields) {
    const text = cell(field);
    if (text !== undefined) parts.push([field, AMOUNTS.has(field) ? plainAmount(text) : text]);
  }
  return JSON.stringify(parts.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** "+1,50" as "1.5": what options make of it, the minor units, is not looked at. Anything else stays as it is; in time linear in its length. */
function plainAmount(text: string): string {
  const [, sign, whole = '', decimals = ''] = /^([+-]?)0*(0|[1-9]\d*)(?:[.,](\d*))?$/.exec(text) ?? [];
  if (whole === '') return text;
  let end = decimals.length;
  while (decimals[end - 1] === '0') end--;
  return `${sign === '-' ? '-' : ''}${whole}${end === 0 ? '' : `.${decimals.slice(0, end)}`}`;
}
