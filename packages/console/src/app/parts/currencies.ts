/** Which currencies there are, and whether amounts of an answer without a chosen one can only be in one. */
interface Totals {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly meta: { readonly complete: boolean };
}

const NONE_NAMED = '(none)';

export interface Currencies {
  /** Those of conversions and of costs, sorted. */
  readonly names: readonly string[];
  /** The one that all amounts are in; null: there are several, none, or others may be missing here. */
  readonly only: string | null;
}

/** From totals by currency; undefined for one that was not answered. */
export function currenciesOf(totals: readonly (Totals | undefined)[]): Currencies {
  const rows = totals.flatMap((one) => one?.rows ?? []);
  const names = [...new Set(rows.map(({ currency }) => String(currency)))].filter((name) => name !== NONE_NAMED).sort();
  const isWhole = totals.every((one) => one?.meta.complete === true);
  return { names, only: names.length === 1 && isWhole ? (names[0] ?? null) : null };
}
