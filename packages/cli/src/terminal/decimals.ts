/** Decimals of a currency, for amounts as people read and write them. */
import { isCurrency } from '@tributary/model/currency';

/** How many decimals the currency has, by ISO 4217; 2 where it names none. */
export function decimalsOf(currency: string | undefined): number {
  if (currency === undefined || !isCurrency(currency)) return 2;
  const known = DECIMALS.get(currency);
  if (known !== undefined) return known;
  const decimals = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
  DECIMALS.set(currency, decimals);
  return decimals;
}

/** A formatter takes longer than a row. At most an entry a currency. */
const DECIMALS = new Map<string, number>();
