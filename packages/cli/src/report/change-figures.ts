/** A report against an earlier window as columns for people: what changed, and what each unit of changed cost went with. */
import { amounts, conversions, money } from '../terminal/figures.ts';
import { type AmountRow, type FoldedRow, foldCurrencies, totalOf } from './fold-currencies.ts';

/** What a row of the API says of the earlier window. */
interface PreviousAmounts {
  readonly previousCreditMicros?: number;
  readonly previousValueMinor?: number;
  readonly previousCostMinor?: number;
}

/** Amounts that changed: an entry of zero is none. */
export interface Change {
  readonly creditMicros: number;
  readonly cost: ReadonlyMap<string, number>;
  readonly value: ReadonlyMap<string, number>;
}

/** The rows as they were in the earlier window, one currency or several each. */
export function foldPrevious(
  rows: readonly (PreviousAmounts & Readonly<Record<string, unknown>>)[],
  by: readonly string[],
): FoldedRow[] {
  const amountsOf = (row: PreviousAmounts): AmountRow => ({
    creditMicros: row.previousCreditMicros ?? 0,
    valueMinor: row.previousValueMinor ?? 0,
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
      creditMicros: row.creditMicros - (before?.creditMicros ?? 0),
      cost: difference(row.cost, before?.cost),
      value: difference(row.value, before?.value),
    };
  };
}

function difference(now: ReadonlyMap<string, number>, before: ReadonlyMap<string, number> = new Map()): Map<string, number> {
  const currencies = [...new Set([...now.keys(), ...before.keys()])];
  const changes = currencies.map((currency) => [currency, (now.get(currency) ?? 0) - (before.get(currency) ?? 0)] as const);
  return new Map(changes.filter(([, minor]) => minor !== 0));
}

export function signed(amount: number, text: (amount: number) => string): string {
  return amount === 0 ? '=' : `${amount > 0 ? '+' : ''}${text(amount)}`;
}

export function creditChange({ creditMicros }: Change): string {
  return signed(creditMicros, conversions);
}

export function moneyChange(changes: ReadonlyMap<string, number>): string {
  if (changes.size === 0) return '=';
  return [...changes].map(([currency, minor]) => signed(minor, () => amounts(new Map([[currency, minor]])))).join(' ');
}

/** As the API has it (docs/models.md): none where the cost did not change, or less cost came with more value. */
export function marginalRoas({ cost, value }: Change): string {
  const [currency, minor] = only(cost);
  if (currency === undefined || [...value.keys()].some((other) => other !== currency)) return '–';
  const gained = value.get(currency) ?? 0;
  return minor < 0 && gained > 0 ? '–' : (gained / minor).toFixed(2);
}

/** As the API has it: none unless cost and conversions both rose, or both fell. */
export function marginalCpa({ cost, creditMicros }: Change): string {
  const [currency, minor] = only(cost);
  if (currency === undefined || Math.sign(minor) * Math.sign(creditMicros) <= 0) return '–';
  return money(Math.round((minor / creditMicros) * 1_000_000), currency);
}

/** There is no rate between two currencies. */
export function only(amount: ReadonlyMap<string, number>): [string, number] | [undefined, 0] {
  const [first, ...more] = amount;
  return first === undefined || more.length > 0 ? [undefined, 0] : first;
}
