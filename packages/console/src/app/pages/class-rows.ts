/** Differences between both layers in parts, one for each class, which add up to them. */
import type { Answer } from '@tributary/client/operations';

type Reconciliation = Answer<'reconciliation'>['reconciliation'];
type View = Reconciliation['views'][string];
export type Figure = number | bigint;

/** The sum of a view as people read it, with its unit: `valueMinor` is "value, minor units". */
export function sumName(measure: string): string {
  const [, name = measure, unit = ''] = /^(.+?)(Minor|Micros|Ms|Px)$/.exec(measure) ?? [];
  return unit === '' ? name : `${name}, ${UNITS[unit]}`;
}

const UNITS: Readonly<Record<string, string>> = { Minor: 'minor units', Micros: 'millionths', Ms: 'ms', Px: 'px' };

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

export interface ClassRow {
  readonly view: string;
  readonly measure: string;
  /** null: it is not an amount. */
  readonly currency: string | null;
  readonly difference: Figure;
  /** By class; what is absent is 0. */
  readonly parts: ReadonlyMap<string, Figure>;
}

/** One for each sum that differs, amounts by currency: the same measure without one would add them up. */
export function classRowsOf(views: Reconciliation['views']): readonly ClassRow[] {
  return Object.entries(views).flatMap(([view, compared]) => {
    const amounts = Object.entries(compared.amounts ?? {});
    const inCurrencies = new Set(amounts.flatMap(([, totals]) => Object.keys(totals)));
    const plain = Object.fromEntries(Object.entries(compared.totals).filter(([measure]) => !inCurrencies.has(measure)));
    return [
      ...rowsOf(view, null, plain, compared),
      ...amounts.flatMap(([currency, totals]) => rowsOf(view, currency, totals, compared)),
    ];
  });
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
