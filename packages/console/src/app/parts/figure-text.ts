/** What the figure of a definition is in: amounts in their currency, times as times, counts with their thousands. */
import type { Answer } from '@tributary/client/operations';
import type { Integer } from '@tributary/model/integer';
import { useAnswer } from '../state/answers.ts';
import { count, duration, money } from './format.ts';

type Definition = Pick<Answer<'signalDefinitions'>['definitions'][number], 'name' | 'definition' | 'fields'>;
type Conversions = Answer<'conversions'>;
export type FigureText = (figure: Integer) => string;

/** Fields of every event that are in minor units. */
const AMOUNTS = new Set(['value', 'cost']);
const OF_AMOUNTS = new Set(['sum', 'min', 'max', 'mean', 'first', 'last']);
/** Sums of a field with decimals come in millionths. */
const MILLIONTHS = 1_000_000;

/** undefined: the figure stands as it is. */
export function figureTextOf({ definition, fields }: Definition, conversions: Conversions | undefined): FigureText | undefined {
  const { kind, measure, field, of } = definition as Readonly<Record<string, unknown>>;
  if (kind !== 'aggregate') return undefined;
  if (measure === 'timeSince') return (ms) => duration(Number(ms));
  if (measure === 'count' || measure === 'distinct') return count;
  if (isAmount(definition)) {
    const currency = currencyOf((of as { readonly types: readonly string[] | null }).types, conversions);
    return (minor) => money(minor, currency);
  }
  if (measure !== 'sum') return undefined;
  const { type } = (fields[String(field)] ?? {}) as { readonly type?: string };
  return type === 'number' ? (sum) => String(Number(sum) / MILLIONTHS) : count;
}

function isAmount({ kind, measure, field }: Readonly<Record<string, unknown>>): boolean {
  return kind === 'aggregate' && AMOUNTS.has(String(field)) && OF_AMOUNTS.has(String(measure));
}

/** The one currency that all conversions of these types are in; null: several, other events as well, or it is not certain. */
function currencyOf(types: readonly string[] | null, conversions: Conversions | undefined): string | null {
  if (types === null || conversions?.meta.complete !== true) return null;
  const rows = conversions.rows.filter((row) => types.includes(String(row['type'])));
  const currencies = new Set(rows.map((row) => String(row['currency'])));
  const isEach = types.every((type) => rows.some((row) => row['type'] === type));
  return isEach && currencies.size === 1 ? ([...currencies][0] ?? null) : null;
}

/** By the name of a definition. */
export type FigureOf = (name: string) => FigureText | undefined;

export function useFigureTexts(definitions: readonly Definition[] | undefined): FigureOf {
  const hasAmounts = definitions?.some(({ definition }) => isAmount(definition)) ?? false;
  const { answer } = useAnswer('conversions', hasAmounts ? { by: ['type', 'currency'] } : null);
  return (name) => {
    const found = definitions?.find((one) => one.name === name);
    return found === undefined ? undefined : figureTextOf(found, answer);
  };
}
