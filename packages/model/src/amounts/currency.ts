/** What is a currency: the one rule of the collector, of importers and of the log's reader. */
import { describe, type Refusal } from '../refusal.ts';

/** Unicode's list: what ISO 4217 names, and what it named once, for history. Made when it is first asked: that takes 12 ms, and most processes ask for none. */
let names: Intl.DisplayNames | undefined;

/** Looking a name up takes longer than the rest of an event. At most 26³ entries. */
const known = new Map<string, boolean>();

/** The form of a code. Readers of the log ask for no more: what is there was accepted, by whatever list was current then. */
export function isCurrencyCode(code: string): boolean {
  return /^[A-Z]{3}$/.test(code);
}

/** The code of a currency that exists, or did. All 17 576 of the form would be as many names that views keep, for each day and channel. */
export function isCurrency(code: string): boolean {
  if (!isCurrencyCode(code)) return false;
  const before = known.get(code);
  if (before !== undefined) return before;
  names ??= new Intl.DisplayNames('en', { type: 'currency', fallback: 'none' });
  const answer = names.of(code) !== undefined;
  known.set(code, answer);
  return answer;
}

/** Why it is refused. */
export function noCurrency(given: unknown, field = 'currency'): Refusal {
  return { field, must: 'be a code of ISO 4217', got: describe(given) };
}

/** Decimals of the minor unit where they are not two. Source: ISO 4217. (Unicode's list has what cash is rounded to: none for HUF, COP or IDR.) */
const DECIMALS: ReadonlyMap<string, number> = new Map([
  ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'.split(' ').map((code) => [code, 0] as const),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map((code) => [code, 3] as const),
  ...'CLF UYW'.split(' ').map((code) => [code, 4] as const),
]);

/** How many decimals an amount of the currency has: 1999 minor units are 19.99 EUR, and 1999 JPY. 2 where it is not known. */
export function decimalsOf(currency: string | undefined): number {
  return DECIMALS.get(currency ?? '') ?? 2;
}
