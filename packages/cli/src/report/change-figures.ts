/** A report against an earlier window as columns for people: what changed, and what each unit of changed cost went with. */
import { type Integer, subtract } from '@tributary/model/integer';
import type { ReportRow } from '../api-types.ts';
import { amounts, conversions, fixed, money } from '../terminal/figures.ts';
import { type AmountRow, type FoldedRow, foldCurrencies, totalOf } from './fold-currencies.ts';

/** What a row of the API says of the earlier window. */
type PreviousAmounts = Pick<ReportRow, 'previousCreditMicros' | 'previousValueMinor' | 'previousCostMinor'>;

/** Amounts that changed: an entry of zero is none. */
export interface Change {
  readonly creditMicros: Integer;
  /** No credit in either window. */
  readonly withheld: FoldedRow['withheld'];
  readonly cost: ReadonlyMap<string, Integer>;
  readonly value: ReadonlyMap<string, Integer>;
  readonly previousCreditMicros: Integer;
  readonly previousCost: ReadonlyMap<string, Integer>;
}

/** The rows as they were in the earlier window, one currency or several each. */
export function foldPrevious(
  rows: readonly (PreviousAmounts & Readonly<Record<string, unknown>>)[],
  by: readonly string[],
): FoldedRow[] {
  const amountsOf = (row: PreviousAmounts): AmountRow => ({
    // Not there: not asked for, or not handed out.
    creditMicros: row.previousCreditMicros ?? null,
    valueMinor: row.previousValueMinor ?? null,
    costMinor: row.previousCostMinor ?? 0,
  });
  return foldCurrencies(
    rows.map((row) => ({ ...row, ...amountsOf(row) })),
    by,
  );
}

/** By row of the later window, the total (of an empty key) included. */
export function changesFrom(previous: readonly FoldedRow[]): (row: FoldedRow) => Change {
  const byKey = new Map(previous.map((row) => [row.key.join('\t'), row]));
  const total = totalOf(previous);
  return (row) => {
    const before = row.key.length === 0 ? total : byKey.get(row.key.join('\t'));
    return {
      withheld: new Set([...row.withheld, ...(before?.withheld ?? [])]),
      creditMicros: subtract(row.creditMicros, before?.creditMicros ?? 0),
      cost: difference(row.cost, before?.cost),
      value: difference(row.value, before?.value),
      previousCreditMicros: before?.creditMicros ?? 0,
      previousCost: before?.cost ?? new Map(),
    };
  };
}

function difference(now: ReadonlyMap<string, Integer>, before: ReadonlyMap<string, Integer> = new Map()): Map<string, Integer> {
  const currencies = [...new Set([...now.keys(), ...before.keys()])];
  const changes = currencies.map((currency) => [currency, subtract(now.get(currency) ?? 0, before.get(currency) ?? 0)] as const);
  return new Map(changes.filter(([, minor]) => minor !== 0));
}

export function signed(amount: Integer, text: (amount: Integer) => string): string {
  return amount === 0 ? '=' : `${amount > 0 ? '+' : ''}${text(amount)}`;
}

export function creditChange({ creditMicros }: Change): string {
  return signed(creditMicros, conversions);
}

export function moneyChange(changes: ReadonlyMap<string, Integer>): string {
  if (changes.size === 0) return '=';
  return [...changes].map(([currency, minor]) => signed(minor, () => amounts(new Map([[currency, minor]])))).join(' ');
}

/** As the API has it (docs/models.md): none where either change is within chance, or less cost came with more value. */
export function changeRatioRoas(change: Change): string {
  const { cost, value } = change;
  const [currency, minor] = only(cost);
  if (currency === undefined || [...value.keys()].some((other) => other !== currency) || !stands(change)) return '–';
  const gained = value.get(currency) ?? 0;
  // Neither conversions nor value: of --value revenue there are no conversions to see that by.
  if (gained === 0 && change.creditMicros === 0) return '–';
  return minor < 0 && gained > 0 ? '–' : fixed(Number(gained) / Number(minor), 2);
}

/** As the API has it: none unless cost and conversions both rose, or both fell, by more than chance. */
export function changeRatioCpa(change: Change): string {
  const { cost, value, creditMicros } = change;
  const [currency, minor] = only(cost);
  if ([...value.keys()].some((other) => other !== currency)) return '–';
  if (currency === undefined || Math.sign(Number(minor)) * Math.sign(Number(creditMicros)) <= 0 || !stands(change)) return '–';
  return money(Math.round((Number(minor) / Number(creditMicros)) * 1_000_000), currency);
}

/** The bounds of packages/reports/src/rows/change.ts: 5 % of the earlier cost, 2·√(previous + now) conversions. */
function stands({ cost, creditMicros, previousCost, previousCreditMicros }: Change): boolean {
  const [currency, minor] = only(cost);
  const [change, before] = [Number(creditMicros) / 1e6, Number(previousCreditMicros) / 1e6];
  const isStill = Math.abs(Number(minor)) < 0.05 * Number(previousCost.get(currency ?? '') ?? 0);
  return !isStill && Math.abs(change) >= 2 * Math.sqrt(Math.max(0, 2 * before + change));
}

/** There is no rate between two currencies. */
export function only(amount: ReadonlyMap<string, Integer>): [string, Integer] | [undefined, 0] {
  const [first, ...more] = amount;
  return first === undefined || more.length > 0 ? [undefined, 0] : first;
}
