/** Numbers as R, pandas and spreadsheets write them (12, 12.5, 1e+05), read exactly: no float ever holds an amount. */
import type { Read } from '@tributary/importing/events/amount';

export interface Decimal {
  /** The number is `units / 10^scale`. */
  readonly units: number;
  /** 0 to 6, as small as it can be. */
  readonly scale: number;
  /** It had more than six decimals: `units` is the nearest. */
  readonly rounded: boolean;
}

export const MAX_SCALE = 6;

export function parseDecimal(text: string, mark: '.' | ',' = '.'): Read<Decimal> {
  const match = /^\+?(\d{1,40})(?:([.,])(\d{0,40}))?(?:[eE]([+-]?\d{1,2}))?$/.exec(text);
  if (match === null || (match[2] ?? mark) !== mark) return { ok: false, reason: objection(text, mark) };
  const fraction = match[3] ?? '';
  let scale = fraction.length - Number(match[4] ?? 0);
  let units = BigInt(`${match[1]}${fraction}`);
  if (scale < 0) units *= 10n ** BigInt(-scale);
  const rounded = scale > MAX_SCALE && units % 10n ** BigInt(scale - MAX_SCALE) !== 0n;
  if (scale > MAX_SCALE) units = (units * 2n + 10n ** BigInt(scale - MAX_SCALE)) / (2n * 10n ** BigInt(scale - MAX_SCALE));
  scale = Math.min(MAX_SCALE, Math.max(0, scale));
  while (scale > 0 && units % 10n === 0n) {
    units /= 10n;
    scale -= 1;
  }
  if (units > BigInt(Number.MAX_SAFE_INTEGER))
    return { ok: false, reason: `must be at most ${Number.MAX_SAFE_INTEGER} of its last decimal (got "${cut(text)}")` };
  return { ok: true, value: { units: Number(units), scale, rounded } };
}

/** A whole number that is not negative; an empty cell is 0. */
export function parseCount(text: string): Read<number> {
  if (text === '') return { ok: true, value: 0 };
  const read = parseDecimal(text);
  if (!read.ok && /^must be (?:0 or more|at most)/.test(read.reason)) return read;
  if (!read.ok || read.value.scale > 0)
    return { ok: false, reason: `must be a whole number (got "${cut(text)}"). Leave the cell empty for none.` };
  return { ok: true, value: read.value.units };
}

/** `units / 10^scale` as text with exactly that many decimals. */
export function decimalText(units: number, scale: number): string {
  const digits = String(Math.abs(units)).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  return `${units < 0 ? '-' : ''}${whole}${scale === 0 ? '' : `.${digits.slice(-scale)}`}`;
}

function objection(text: string, mark: '.' | ','): string {
  const got = `(got "${cut(text)}")`;
  if (/^[-−]\s*\d/.test(text)) return `must be 0 or more ${got}`;
  if (mark === '.' && /^\d+,\d+$/.test(text))
    return `must be a number such as 44.50 ${got}. --decimal-comma reads 44,50, and thousands are written without separators.`;
  return `must be a number such as 44${mark}50 ${got}. Leave the cell empty for none.`;
}

function cut(text: string): string {
  return text.length > 30 ? `${text.slice(0, 30)}…` : text;
}
