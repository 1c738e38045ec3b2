/** Figures and instants as people read them. Every figure of a page passes here, so that one number looks the same everywhere. */
import type { Integer } from '@tributary/model/integer';

type Figure = Integer | number | null | undefined;

export const NONE = '–';

const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const ONE = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const TWO = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
/** What would read as 0 with one decimal. */
const TWO_FIGURES = new Intl.NumberFormat('en', { maximumSignificantDigits: 2 });

/** 60412 → "60,412". */
export function count(value: Figure): string {
  return value === null || value === undefined ? NONE : WHOLE.format(value);
}

/** With its noun: 1 → "1 path", 2 → "2 paths". */
export function counted(value: Figure, noun: string): string {
  return `${count(value)} ${noun}${Number(value) === 1 ? '' : 's'}`;
}

/** Credit in conversions, which has parts: 171 → "171.0". */
export function parts(value: Figure): string {
  return value === null || value === undefined ? NONE : ONE.format(value);
}

export function ratio(value: Figure): string {
  return value === null || value === undefined ? NONE : TWO.format(value);
}

export function percent(value: number | null | undefined): string {
  if (value === null || value === undefined) return NONE;
  const isSmall = value !== 0 && Math.abs(value) < 0.001;
  return `${(isSmall ? TWO_FIGURES : ONE).format(value * 100)} %`;
}

/** Minor units in their currency. Without one they stay minor units, and say so. */
export function money(minor: Figure, currency: string | null): string {
  if (minor === null || minor === undefined) return NONE;
  const format = formatOf(currency);
  if (format === null) return `${WHOLE.format(minor)} minor`;
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  if (typeof minor === 'number') return format.format(minor / 10 ** digits);
  // Beyond 2^53: as a decimal text, which the formatter takes digit by digit.
  const sign = minor < 0n ? '-' : '';
  const text = String(minor < 0n ? -minor : minor).padStart(digits + 1, '0');
  const at = text.length - digits;
  return format.format(`${sign}${text.slice(0, at)}.${text.slice(at)}` as unknown as number);
}

const formats = new Map<string, Intl.NumberFormat | null>();

function formatOf(currency: string | null): Intl.NumberFormat | null {
  if (currency === null || !/^[A-Z]{3}$/.test(currency)) return null;
  let format = formats.get(currency);
  if (format === undefined) {
    format = new Intl.NumberFormat('en', { style: 'currency', currency });
    formats.set(currency, format);
  }
  return format;
}

/** UTC, as the API files rows: "24 Nov 2026, 23:46:10". */
export function instant(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? NONE : INSTANT.format(ms);
}

const INSTANT = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZone: 'UTC',
});

export function clock(ms: number): string {
  return CLOCK.format(ms);
}

const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', timeZone: 'UTC' });

const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
] as const;

/** 91 000 → "1 min 31 s": the two largest units. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return NONE;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const at = UNITS.findIndex(([size]) => ms >= size);
  let rest = ms;
  const words = UNITS.slice(at, at + 2).flatMap(([size, name]) => {
    const many = Math.floor(rest / size);
    rest -= many * size;
    return many === 0 ? [] : [`${many} ${name}`];
  });
  return words.join(' ');
}

export function bytes(value: number): string {
  return value < 1_000_000 ? `${ONE.format(value / 1_000)} kB` : `${ONE.format(value / 1_000_000)} MB`;
}
