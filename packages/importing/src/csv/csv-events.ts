/** Rows of a CSV file as events: pure, one row at a time. */
import { isCurrency, noCurrency } from '@tributary/model/amounts/currency';
import type { Event } from '@tributary/model/event';
import { type Field, fieldsWith, isPlain } from '@tributary/model/event-fields';
import { refusalText } from '@tributary/model/refusal';
import { type AmountField, type AmountStyle, parseAmountOf, type Read } from '../events/amount.ts';
import type { ImportEvent } from '../events/import-event.ts';
import { INSTANT_FORMS, parseInstant } from '../events/instant.ts';
import type { OccurrenceId } from '../events/occurrences.ts';
import { longContent, pathContent } from './csv-content.ts';
import type { LongColumns, LongField, PathColumns, PathField } from './csv-map.ts';

export interface CsvOptions extends AmountStyle {
  /** Type of the rows of a long file without a type column. */
  readonly type: string;
  readonly touchType: string;
  readonly conversionType: string;
  /** The currency of amounts whose row names none. */
  readonly currency: string | undefined;
  /** Cost of one touch by channel, as text: "7" in the currency's unit. */
  readonly costs: ReadonlyMap<string, string>;
  /** Times for path files, which have none: touch i at `startMs + i·stepMs`, the conversion a step after the last. */
  readonly times: { readonly startMs: number; readonly stepMs: number } | undefined;
}

/** The events of one row, in their order; or why there are none. */
export type RowReader = (fields: readonly string[]) => Read<ImportEvent[]>;

export function createRowReader(columns: LongColumns | PathColumns, options: CsvOptions, idOf: OccurrenceId): RowReader {
  const width = 1 + Math.max(...columns.at.values(), ...(columns.kind === 'path' ? columns.path : []));
  const read = columns.kind === 'long' ? longReader(columns, options, idOf) : pathReader(columns, options, idOf);
  return (fields) => {
    if (fields.length < width) return no(`the row must have the ${width} columns that are mapped (got ${fields.length})`);
    try {
      return { ok: true, value: read(fields) };
    } catch (error) {
      if (error instanceof RowError) return no(error.message);
      throw error;
    }
  };
}

const IMPORTED = { source: 'csv', historical: true } as const;

/** Ends the reading of one row; never leaves this file. */
class RowError extends Error {}

function longReader({ at }: LongColumns, options: CsvOptions, idOf: OccurrenceId) {
  return (fields: readonly string[]): ImportEvent[] => {
    const cell = (field: LongField) => cellOf(fields, at.get(field));
    const time = cell('time');
    const ts = parseInstant(time ?? '');
    if (ts === null) throw new RowError(`time must be ${INSTANT_FORMS} (got "${(time ?? '').slice(0, 30)}")`);
    const [user, anonymous] = [cell('user'), cell('anonymous')];
    if (user === undefined && anonymous === undefined) throw new RowError('the user must have a name (got an empty cell)');
    const currency = demandCurrency(cell('currency') ?? options.currency);
    const amounts = amountsOf(cell, currency, options);
    return [
      {
        ts,
        type: cell('type') ?? options.type,
        id: cell('id') ?? idOf(longContent(cell, ts)),
        ...IMPORTED,
        ...present('userId', user),
        ...present('anonymousId', anonymous),
        ...textsOf(cell),
        ...amounts,
        ...present('currency', Object.keys(amounts).length > 0 ? currency : undefined),
      },
    ];
  };
}

type Cell = (field: LongField) => string | undefined;
type Some<F extends Field> = { -readonly [K in F]?: Event[K] };

const TEXTS = fieldsWith({ type: 'text' }).filter(isPlain);
function textsOf(cell: Cell): Some<(typeof TEXTS)[number]> {
  const texts: ReturnType<typeof textsOf> = {};
  for (const field of TEXTS) {
    const text = cell(field);
    if (text !== undefined) texts[field] = text;
  }
  return texts;
}

const AMOUNTS = fieldsWith({ type: 'amount' });
function amountsOf(cell: Cell, currency: string | undefined, options: CsvOptions): Some<AmountField> {
  const amounts: ReturnType<typeof amountsOf> = {};
  for (const field of AMOUNTS) {
    const text = cell(field) ?? (field === 'cost' ? options.costs.get(cell('channel') ?? '') : undefined);
    if (text !== undefined) amounts[field] = amountOf(field, text, currency, options);
  }
  return amounts;
}

function pathReader({ at, path }: PathColumns, options: CsvOptions, idOf: OccurrenceId) {
  const times = options.times;
  if (times === undefined) throw new TypeError('a path file is read with assigned times');
  return (fields: readonly string[]): ImportEvent[] => {
    const cell = (field: PathField) => cellOf(fields, at.get(field));
    const userId = cell('user');
    if (userId === undefined) throw new RowError('the user must have a name (got an empty cell)');
    const currency = demandCurrency(cell('currency') ?? options.currency);
    const campaign = present('campaign', cell('campaign'));
    const channels = path.map((column) => cellOf(fields, column)).filter((channel) => channel !== undefined);
    const hasConverted = isConversion(cell('conversion'));
    const rowId = idOf(pathContent(cell, channels, hasConverted));
    const events: ImportEvent[] = channels.map((channel, i) => {
      const cost = options.costs.get(channel);
      return {
        ts: times.startMs + i * times.stepMs,
        type: options.touchType,
        id: `${rowId}-${i + 1}`,
        ...IMPORTED,
        userId,
        channel,
        ...campaign,
        ...(cost === undefined ? {} : { cost: amountOf('cost', cost, currency, options), ...present('currency', currency) }),
      };
    });
    const value = cell('value');
    const valueMinor = value === undefined ? undefined : amountOf('value', value, currency, options);
    if (hasConverted)
      events.push({
        ts: times.startMs + channels.length * times.stepMs,
        type: options.conversionType,
        id: `${rowId}-c`,
        ...IMPORTED,
        userId,
        ...present('value', valueMinor),
        ...present('currency', valueMinor === undefined ? undefined : currency),
      });
    else if (valueMinor !== undefined && valueMinor !== 0)
      throw new RowError(`value must be 0 without a conversion (got ${value})`);
    return events;
  };
}

function isConversion(flag: string | undefined): boolean {
  if (flag === undefined || /^(0|false|no|n)$/i.test(flag)) return false;
  if (/^(1|true|yes|y)$/i.test(flag)) return true;
  throw new RowError(`the conversion flag must be 0 or 1, no or yes, false or true (got "${flag.slice(0, 30)}")`);
}

function demandCurrency(currency: string | undefined): string | undefined {
  if (currency !== undefined && !isCurrency(currency)) throw new RowError(refusalText(noCurrency(currency)));
  return currency;
}

function amountOf(field: AmountField, text: string, currency: string | undefined, options: CsvOptions): number {
  const amount = parseAmountOf(field, text, currency, options);
  if (!amount.ok) throw new RowError(`${field} ${amount.reason}`);
  return amount.value;
}

/** The trimmed cell; undefined when it is empty or its field is not mapped. */
function cellOf(fields: readonly string[], at: number | undefined): string | undefined {
  return at === undefined ? undefined : fields[at]?.trim() || undefined;
}

function present<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]: V });
}

function no(reason: string): { ok: false; reason: string } {
  return { ok: false, reason };
}
