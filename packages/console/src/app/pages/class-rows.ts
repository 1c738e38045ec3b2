/** Differences between both layers in parts, one for each class, which add up to them. */
import type { Answer } from '@tributary/client/operations';
import { count, money } from '../parts/format.ts';

type Reconciliation = Answer<'reconciliation'>['reconciliation'];
type View = Reconciliation['views'][string];
export type Figure = number | bigint;

/** The sum of a view as people read it, with its unit: `valueMinor` is "value, minor units". */
export function sumName(measure: string): string {
  const [, name = measure, unit = ''] = /^(.+?)(Minor|Micros|Ms|Px)$/.exec(measure) ?? [];
  return unit === '' ? name : `${name}, ${UNITS[unit]}`;
}

const UNITS: Readonly<Record<string, string>> = { Minor: 'minor units', Micros: 'millionths', Ms: 'ms', Px: 'px' };

interface InCurrency {
  readonly measure: string;
  /** null: it is not an amount. */
  readonly currency: string | null;
}

/** The same without its unit where figures are in their currency. */
export function nameIn({ measure, currency }: InCurrency): string {
  return currency === null ? sumName(measure) : measure.replace(/Minor$/, '');
}

export function figureIn({ currency }: Pick<InCurrency, 'currency'>, figure: Figure): string {
  return currency === null ? count(figure) : money(figure, currency);
}

/** In the order of the columns. Names of later versions follow, as they are. */
export const CLASSES: Readonly<Record<string, string>> = {
  late: 'Late',
  beyondRetention: 'Beyond retention',
  duplicate: 'Duplicate',
  overflow: 'Overflow',
  correction: 'Correction',
  definitions: 'Definitions',
  identity: 'Identity',
  erasure: 'Erasure',
  behind: 'Not read yet',
  unexamined: 'Not examined',
  engineDefect: 'Engine defect',
};

/** A sum of a view, as readers saw it and as it was computed. */
export interface Difference extends InCurrency {
  readonly view: string;
  readonly rowsDiffering: number;
  readonly rowsAfter: number;
  readonly before: Figure;
  readonly after: Figure;
  readonly difference: Figure;
  readonly isEqual: boolean;
}

export function differencesOf(view: string, compared: View): readonly Difference[] {
  const { rowsDiffering, rowsAfter } = compared;
  const isEqual = rowsDiffering === 0;
  return totalsApart(compared).flatMap(([currency, totals]) =>
    Object.entries(totals).map(([measure, { before, after, difference }]) => ({
      ...{ view, measure, currency, rowsDiffering, rowsAfter },
      ...{ before, after, difference, isEqual },
    })),
  );
}

export interface ClassRow extends InCurrency {
  readonly view: string;
  readonly difference: Figure;
  /** By class; what is absent is 0. */
  readonly parts: ReadonlyMap<string, Figure>;
}

/** One for each sum that differs. */
export function classRowsOf(views: Reconciliation['views']): readonly ClassRow[] {
  return Object.entries(views).flatMap(([view, compared]) =>
    totalsApart(compared).flatMap(([currency, totals]) => rowsOf(view, currency, totals, compared)),
  );
}

/** Amounts by currency: the same measure without one would add them up. */
function totalsApart({ totals, amounts = {} }: View): readonly (readonly [currency: string | null, totals: View['totals']])[] {
  const inCurrencies = new Set(Object.values(amounts).flatMap(Object.keys));
  const plain = Object.fromEntries(Object.entries(totals).filter(([measure]) => !inCurrencies.has(measure)));
  return [[null, plain], ...Object.entries(amounts)];
}

function rowsOf(view: string, currency: string | null, totals: View['totals'], { classes = {} }: View): ClassRow[] {
  return Object.entries(totals).flatMap(([measure, { difference, moved = 0 }]) => {
    if (Number(difference) === 0 && Number(moved) === 0) return [];
    const parts = new Map(
      Object.entries(classes).flatMap(([name, { totals: plain, amounts }]) => {
        const part = (currency === null ? plain : amounts[currency])?.[measure];
        return part === undefined || Number(part.moved) === 0 ? [] : [[name, part.difference] as const];
      }),
    );
    return [{ view, measure, currency, difference, parts }];
  });
}

export function classesIn(rows: readonly ClassRow[]): readonly string[] {
  const met = new Set(rows.flatMap(({ parts }) => [...parts.keys()]));
  const known = Object.keys(CLASSES).filter((name) => met.has(name));
  return [...known, ...[...met].filter((name) => !Object.hasOwn(CLASSES, name)).sort()];
}
