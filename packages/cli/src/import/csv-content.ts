/**
 * What a row says of its event, as one text that its id is made of (law 3): the mapped cells under the names of their fields. A file whose
 * columns moved, were renamed, or that has others beside them gives the same ids; so does 1.5 in place of 1.50, and an instant in another form.
 */
import { fieldsWith } from '@tributary/model/event-fields';
import { LONG_FIELDS, type LongField, type PathField } from './csv-map.ts';

type Cell<Name> = (field: Name) => string | undefined;

const AMOUNTS: ReadonlySet<string> = new Set(fieldsWith({ type: 'amount' }));

/** Options are not part of it: what was forgotten and is given with the next run must not make other events. */
export function longContent(cell: Cell<LongField>, ts: number): string {
  const texts = LONG_FIELDS.filter((field) => field !== 'id' && field !== 'time').map((field) => [field, cell(field)] as const);
  return content([['time', ts], ...texts.map(([field, text]) => [field, plain(field, text)] as const)]);
}

export function pathContent(cell: Cell<PathField>, channels: readonly string[], hasConverted: boolean): string {
  const texts = (['user', 'value', 'campaign', 'currency'] as const).map((field) => [field, plain(field, cell(field))] as const);
  return content([['path', channels], ['conversion', hasConverted], ...texts]);
}

/** In one order, whatever order fields are declared in. Empty cells are left out: a column without values says nothing. */
function content(parts: readonly (readonly [field: string, value: unknown])[]): string {
  const given = parts.filter(([, value]) => value !== undefined);
  return JSON.stringify(given.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function plain(field: string, text: string | undefined): string | undefined {
  return text === undefined || !AMOUNTS.has(field) ? text : plainAmount(text);
}

/** "+1,50" as "1.5": what options make of it, the minor units, is not looked at. Anything else stays as it is. */
function plainAmount(text: string): string {
  const [, sign, whole = '', decimals = ''] = /^([+-]?)0*(\d+)(?:[.,](\d*?)0*)?$/.exec(text) ?? [];
  if (whole === '') return text;
  return `${sign === '-' ? '-' : ''}${whole}${decimals === '' ? '' : `.${decimals}`}`;
}
