/**
 * Amounts of all currencies in one, by the rates of the definitions. Rows are counted by currency beside what they are asked by, so
 * nothing is added across currencies before it is converted: each currency's sum once, and its rows so that they add up to it (law 4).
 */
import type { ModelName } from '@tributary/attribution/models/catalogue';
import { convertParts, type ExchangeRates, type Factor, factorOf } from '@tributary/model/amounts/exchange-rates';
import { NONE } from '@tributary/model/channels/channel';
import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import type { Integer } from '@tributary/model/integer';
import { addRow, type Rows } from '@tributary/views/deltas';
import type { ChannelFacts } from '../credit/channel-facts.ts';
import type { ModelCredit } from '../credit/model-credit.ts';
import type { ModelUncertainty } from '../credit/uncertainty.ts';
import { sumOf } from '../sums.ts';
import type { Credited } from './report.ts';

/** Throws `invalid_query` where the definitions have no rates, or other ones. */
export function demandRates({ exchangeRates }: Pick<Definitions, 'exchangeRates'>, convertTo: string): ExchangeRates {
  const got = JSON.stringify(convertTo);
  if (exchangeRates === undefined)
    throw refused(
      `convertTo must be left out where the definitions in force have no exchange rates (got ${got}). Add exchangeRates to them; they are used from the next generation on`,
    );
  if (exchangeRates.to !== convertTo)
    throw refused(`convertTo must be ${exchangeRates.to}, which the exchange rates of the definitions convert to (got ${got})`);
  return exchangeRates;
}

/**
 * `counts` and `credit` have rows keyed by `by`, then by currency; what comes back is keyed by `by`. Throws `invalid_query` that names the currencies
 * without a rate: a sum without them would be too small. `turn` lets other requests go on.
 */
export async function convertedTo(
  rates: ExchangeRates,
  { counts, credit }: Credited,
  by: readonly string[],
  turn: () => Promise<unknown>,
): Promise<Credited> {
  const { values, costs } = counts.currencies;
  demandRatesOf([...values, ...costs], rates);
  const ofModels = new Map<ModelName, ModelCredit>();
  for (const [model, ofModel] of credit) {
    const rows = await rowsInOne(ofModel.rows, rates, turn);
    const uncertainty = ofConversions(ofModel.uncertainty);
    const sums = { rows, totals: sumOf(rows, 2), channels: withoutAmounts(ofModel) };
    ofModels.set(model, { ...ofModel, ...sums, uncertainty, oneCurrency: false });
  }
  return {
    counts: {
      ...counts,
      question: { ...counts.question, by },
      costs: counts.costs === null ? null : await rowsInOne(counts.costs, rates, turn),
      currencies: {
        values: values.length === 0 ? [] : [rates.to],
        costs: costs.length === 0 ? [] : [rates.to],
      },
    },
    credit: ofModels,
  };
}

/** How certain a share of conversions is does not depend on rates; how certain value is was computed in each currency. */
function ofConversions(uncertainty: ModelUncertainty | null): ModelUncertainty | null {
  return uncertainty && { ...uncertainty, rewards: uncertainty.rewards.filter(({ reward }) => reward === 'conversions') };
}

export function notesOfRates({ to, rates }: ExchangeRates): string[] {
  const named = Object.entries(rates).map(([from, rate]) => `1 ${from} = ${rate} ${to}`);
  return [
    `amounts are converted to ${to} by the rates of the definitions (${[...named.slice(0, 10), ...(named.length > 10 ? [`and ${named.length - 10} more`] : [])].join(', ')}): approximations, not what was paid`,
  ];
}

function demandRatesOf(currencies: readonly string[], rates: ExchangeRates): void {
  const without = [...new Set(currencies)].filter((currency) => factorOf(rates, currency) === undefined).sort();
  if (without.length === 0) return;
  const named = `${without.slice(0, 10).join(', ')}${without.length > 10 ? ` and ${without.length - 10} more` : ''}`;
  const fix = without.includes(NONE)
    ? `Amounts of ${NONE} were sent without a currency, so no rate converts them: name the currencies that have one with currency`
    : 'Add it to exchangeRates.rates of the definitions, or name the others with currency';
  throw refused(
    `convertTo must be left out where amounts have a currency without a rate (got ${JSON.stringify(rates.to)}; without one: ${named}). ${fix}`,
  );
}

/** Rows that are converted before requests have their turn: a few ms. */
const ROWS_PER_TURN = 4_096;

/** `[count, minor]` keyed by `…, currency`: without the currency, the second measure converted. */
async function rowsInOne(rows: Rows, rates: ExchangeRates, turn: () => Promise<unknown>): Promise<Rows> {
  let passed = 0;
  const ofCurrency = new Map<string, [key: string, measures: readonly Integer[]][]>();
  for (const [key, measures] of rows) {
    const end = key.lastIndexOf('\t');
    const currency = key.slice(end + 1);
    const own = ofCurrency.get(currency) ?? [];
    ofCurrency.set(currency, own);
    own.push([key.slice(0, Math.max(0, end)), measures]);
    if (++passed % ROWS_PER_TURN === 0) await turn();
  }
  const sums: Rows = new Map();
  for (const currency of [...ofCurrency.keys()].sort()) {
    await turn();
    const own = ofCurrency.get(currency) ?? [];
    // Which rows get the last minor units does not depend on the order in which they were counted.
    if (currency !== rates.to) own.sort(([a], [b]) => (a < b ? -1 : 1));
    const minor = converted(
      own.map(([, [, amount = 0]]) => amount),
      factorOf(rates, currency),
    );
    for (const [i, [key, [count = 0]]] of own.entries()) {
      addRow(sums, key, [count, minor[i] as Integer]);
      if (++passed % ROWS_PER_TURN === 0) await turn();
    }
  }
  return sums;
}

/** Without a rate there are zeros alone. */
function converted(amounts: readonly Integer[], factor: Factor | undefined): readonly Integer[] {
  return factor === undefined ? amounts : convertParts(amounts, factor);
}

/** What a model says of value is of each currency: effects on value and what lies on paths have no rate. */
function withoutAmounts({ channels }: ModelCredit): Map<string, ChannelFacts> {
  return new Map([...channels].map(([channel, { valueEffect: _, valueMinorOnPaths: __, ...facts }]) => [channel, facts]));
}

function refused(why: string): TributaryError {
  return new TributaryError('invalid_query', why);
}
