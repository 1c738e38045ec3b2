/** Rows for other tools have money of one currency in a column: euros and dollars have no sum, so the API leaves them out where it is not asked by currency. */

type Row = Readonly<Record<string, unknown>>;

const MONEY = /Minor|roas|Roas|valueEffect/;
const BOUND = /(?:Low|High)$/;
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
  const placeOf = (row: Row, currency: unknown, name: string) => [row['model'], currency, name].join('\t');
  const withheld = new Set(
    byCurrency.flatMap((row) => sums.filter((name) => row[name] === null).map((name) => placeOf(row, row['currency'], name))),
  );
  // A row without that currency has nothing of it; null: of no row is it said, as where a model hands out no credit, and an interval is of a row.
  const without = (row: Row, currency: string, name: string) =>
    BOUND.test(name) || withheld.has(placeOf(row, currency, name)) ? null : 0;
  return rows.map((row) => ({
    ...Object.fromEntries(Object.entries(row).filter(([name]) => !MONEY.test(name))),
    ...Object.fromEntries(
      currencies.flatMap((currency) =>
        sums.map((name) => {
          const { [name]: amount } = amounts.get(`${keyOf(row)}\t${currency}`) ?? {};
          return [columnOf(name, currency), amount === undefined ? without(row, currency, name) : amount];
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
