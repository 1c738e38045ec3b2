/** Numbers, money, instants and spans as people read them. Always English and UTC: output does not depend on the machine. */
import { decimalsOf, isCurrencyCode } from '@tributary/model/amounts/currency';
import { CREDIT_UNIT_MICROS } from '@tributary/model/amounts/money';
import { type Integer, integerOf, negate } from '@tributary/model/integer';

const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** `12,345`. */
export function count(value: Integer): string {
  return WHOLE.format(value);
}

/** `1 value`, `12,345 values`. */
export function counted(value: Integer, unit: string, units = `${unit}s`): string {
  return `${count(value)} ${Number(value) === 1 ? unit : units}`;
}

/** Minor units as `1,234.50 EUR`: exact, never through a float. Without a currency, two decimals and no name. */
export function money(minor: Integer, currency: string): string {
  const known = isCurrencyCode(currency);
  const digits = known ? decimalsOf(currency) : 2;
  const sign = minor < 0 ? '-' : '';
  const text = String(minor < 0 ? negate(minor) : minor).padStart(digits + 1, '0');
  const whole = WHOLE.format(BigInt(text.slice(0, text.length - digits)));
  const decimals = digits === 0 ? '' : `.${text.slice(-digits)}`;
  return `${sign}${whole}${decimals}${known ? ` ${currency}` : ''}`;
}

/** What events without a currency are filed under. */
const NO_CURRENCY = '(none)';

/** Amounts of several currencies, each with its own. `sole`: the only currency of the table, which nothing is shown in too. */
export function amounts(minorByCurrency: ReadonlyMap<string, Integer>, sole = ''): string {
  if (minorByCurrency.size === 0) return money(0, sole);
  return [...minorByCurrency]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([currency, minor], i) => {
      const text = money(i > 0 && minor < 0 ? negate(minor) : minor, currency);
      const sign = i === 0 ? '' : minor < 0 ? ' - ' : ' + ';
      return `${sign}${text}${currency === NO_CURRENCY ? ' (no currency)' : ''}`;
    })
    .join('');
}

/** `-1,234.50`: a plain number. What rounds to nothing has no sign. */
export function fixed(value: number, decimals: number): string {
  return value.toLocaleString('en', {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
    signDisplay: 'negative',
  });
}

/** `12.3 %`. */
export function percent(part: number, decimals = 1): string {
  return `${fixed(part * 100, decimals)} %`;
}

/** Micro-credits as conversions: whole where they are whole, else two decimals; `<0.01` and `-<0.01` for what would read as nothing. */
export function conversions(micros: Integer): string {
  if (typeof micros === 'bigint') return wideConversions(micros);
  if (micros % CREDIT_UNIT_MICROS === 0) return count(micros / CREDIT_UNIT_MICROS);
  if (micros > 0 && micros < CREDIT_UNIT_MICROS / 200) return '<0.01';
  if (micros < 0 && micros > -CREDIT_UNIT_MICROS / 200) return '-<0.01';
  return fixed(micros / CREDIT_UNIT_MICROS, 2);
}

function wideConversions(micros: bigint): string {
  const unit = BigInt(CREDIT_UNIT_MICROS);
  if (micros % unit === 0n) return count(micros / unit);
  // Hundredths, half away from zero; written as money without a currency is.
  const half = micros < 0n ? -unit / 2n : unit / 2n;
  return money(integerOf((micros * 100n + half) / unit), '');
}

/** `12.3 %`; `–` of nothing. */
export function share(part: Integer, whole: Integer): string {
  return whole === 0 ? '–' : percent(Number(part) / Number(whole));
}

/** `2026-11-21 08:00:00Z`; milliseconds only where there are some. */
export function instant(ms: number): string {
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return String(ms);
  return new Date(ms).toISOString().replace('T', ' ').replace('.000Z', 'Z');
}

/** `1.2 MB`, in powers of 1000. */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const step = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  return `${step === 0 ? value : (value / 1000 ** step).toFixed(1)} ${units[step]}`;
}
