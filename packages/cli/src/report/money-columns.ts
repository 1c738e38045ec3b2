/** Rows for other tools have money of one currency in a column: euros and dollars have no sum, so the API leaves them out where it is not asked by currency. */

type Row = Readonly<Record<string, unknown>>;

const MONEY = /Minor|roas|Roas|valueEffect/;
const NO_CURRENCY = '(none)';

/**
 * `rows`: the answer to what was asked; `byCurrency`: the same, by currency as well; `keys`: what names a row in both. In one currency the
 * names stay, and `currency` says which; of several each has columns of its own, such as `valueMinor_EUR`.
 */
export function separated(rows: readonly Row[], byCurrency: readonly Row[], keys: readonly string[]): Row[] {
  const currencies = [
    ...new Set(byCurrency.filter(hasMoney).flatMap(({ currency }) => (typeof currency === 'string' ? [currency] : []))),
  ].sort();
  const [sole, ...more] = currencies;
  if (sole === undefined) return [...rows];
  if (more.length === 0) return rows.map((row) => ({ ...row, currency: sole }));
  const keyOf = (row: Row) => keys.map((key) => String(row[key] ?? '')).join('\t');
  const amounts = new Map(byCurrency.map((row) => [`${keyOf(row)}\t${row['currency']}`, row]));
  const sums = [...new Set(byCurrency.flatMap(Object.keys))].filter(isSum);
  return rows.map((row) => ({
    ...Object.fromEntries(Object.entries(row).filter(([name]) => !MONEY.test(name))),
    ...Object.fromEntries(
      currencies.flatMap((currency) =>
        sums.map((name) => {
          // null: no credit is handed out.
          const { [name]: amount = 0 } = amounts.get(`${keyOf(row)}\t${currency}`) ?? {};
          return [columnOf(name, currency), amount];
        }),
      ),
    ),
  }));
}

/** A ratio is not a sum: it can be had from the sums. */
function isSum(name: string): boolean {
  return name.includes('Minor') && !/cpa/i.test(name);
}

function hasMoney(row: Row): boolean {
  return Object.entries(row).some(([name, value]) => isSum(name) && Number(value) !== 0);
}

function columnOf(name: string, currency: string): string {
  return `${name}_${currency === NO_CURRENCY ? 'none' : currency}`;
}

/** The name of a column without its currency. */
export function measureOf(column: string): string {
  return column.replace(/_(?:[A-Z]{3}|none)$/, '');
}
