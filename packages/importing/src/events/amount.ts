/** Amounts and instants as spreadsheets write them, read exactly: no float ever holds money. */

import { decimalsOf } from '@tributary/model/amounts/currency';
import { FIELDS, type FieldsWith } from '@tributary/model/event-fields';

export type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

/** How the amounts of a file are written. */
export interface AmountStyle {
  /** The text counts units of the field already. */
  readonly minor: boolean;
  readonly decimalMark: '.' | ',';
}

export interface AmountFormat extends AmountStyle {
  /** Decimals of the currency: 2 for EUR, 0 for JPY. */
  readonly digits: number;
  /** What the amount counts once it is read, and the bound of its magnitude. */
  readonly unit: string;
  readonly max: number;
}

export type AmountField = FieldsWith<{ type: 'amount' }>;

/** Decimals of an amount as people write it, by the unit of its field. */
const DECIMALS_OF_UNIT = { 'minor units': decimalsOf } as const satisfies Record<
  (typeof FIELDS)[AmountField]['unit'],
  (currency: string | undefined) => number
>;

/** The amount of a field, in its unit. */
export function parseAmountOf(field: AmountField, text: string, currency: string | undefined, style: AmountStyle): Read<number> {
  const { unit, min, max } = FIELDS[field];
  const read = parseAmount(text, { ...style, digits: DECIMALS_OF_UNIT[unit](currency), unit, max });
  return read.ok && read.value < min ? no(`must be ${min} or more (got ${text})`) : read;
}

/** Where an amount has the other decimal mark: the option that changes it. */
function markAdvice(mark: string | undefined, { minor, decimalMark }: AmountFormat): string {
  if (mark === undefined || minor) return '';
  return decimalMark === '.' ? '. Write --decimal-comma where it is the decimal mark.' : '. Leave out --decimal-comma.';
}

/** "1.234,50", "1'234", "1 234 567": never read, as "1.234" may be either. */
function isGrouped(text: string): boolean {
  return /^[+-]?\d{1,3}(?:(?:\.\d{3})+,\d+|(?:,\d{3})+\.\d+|(?:['’ \u00a0\u202f]\d{3})+(?:[.,]\d+)?|(?:[.,]\d{3}){2,})$/.test(
    text.trim(),
  );
}

/** Units of "44", "44.5", "−44.50". More decimals than the currency has are refused, not rounded; so is "44.", which was cut. */
export function parseAmount(text: string, format: AmountFormat): Read<number> {
  const match = /^([+-]?)(\d{1,15})(?:([.,])(\d+))?$/.exec(text.trim());
  const mark = match?.[3];
  if (match === null || (mark !== undefined && (format.minor || mark !== format.decimalMark)))
    return no(
      `must be an amount such as ${format.minor ? '4400' : `44${format.decimalMark}00`} (got "${text.slice(0, 30)}")${isGrouped(text) ? '. Leave out the marks between thousands.' : markAdvice(mark, format)}`,
    );
  const decimals = (match[4] ?? '').replace(/0+$/, '');
  const digits = format.minor ? 0 : format.digits;
  if (decimals.length > digits)
    return no(`must have at most the ${digits} decimals of the currency (got "${text.slice(0, 30)}")`);
  const magnitude = Number(`${match[2]}${decimals.padEnd(digits, '0')}`);
  if (magnitude > format.max) return no(`must be within ±${format.max} ${format.unit} (got ${text.trim()})`);
  return { ok: true, value: match[1] === '-' && magnitude !== 0 ? -magnitude : magnitude };
}

function no(reason: string): { ok: false; reason: string } {
  return { ok: false, reason };
}
