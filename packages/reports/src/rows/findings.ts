/** What a report says about itself: law 4 held on its own numbers, counts that are not shares, currencies that have no sum. */
import { isShared, type ModelName, modelInfo } from '@tributary/attribution/models/catalogue';
import { CREDIT_UNIT_MICROS } from '@tributary/model/amounts/money';
import { multiply } from '@tributary/model/integer';
import type { Findings } from '@tributary/serving/meta';
import type { Counts, Currencies } from '../counts/take-counts.ts';
import type { ModelCredit } from '../credit/model-credit.ts';
import type { ReportQuestion } from '../question.ts';
import { conservationGap, severalCurrencies, sumOf } from '../sums.ts';

type Credit = ReadonlyMap<ModelName, ModelCredit>;

/** Law 4 for models that share out the whole window: their channels and the unattributed are its conversions. */
export function gapsOfShares({ converted: [count = 0, worth = 0], question: { wanted } }: Counts, credit: Credit): string[] {
  return [...credit].flatMap(([model, { byChannel }]) => {
    if (!isShared(model)) return [];
    const [micros = 0, value = 0] = sumOf(byChannel, 2);
    // What was not asked for was not handed out.
    const given = [wanted.conversions ? micros : multiply(count, CREDIT_UNIT_MICROS), wanted.revenue ? value : worth];
    const gap = conservationGap(new Map([['the window', given]]), new Map([['the window', [count, worth]]]));
    return gap === null ? [] : [`model ${model}: ${gap}`];
  });
}

/** A negative share is sound for a channel; where it was earned, linear credit can only say how it is handed down. */
export function negativeCells({ by, equal, wanted }: ReportQuestion, credit: Credit): string[] {
  if (equal['campaign'] === undefined && by.every((dimension) => dimension === 'channel')) return [];
  return [...credit].flatMap(([model, { rows, hasNegativeShares, withheld }]) => {
    if (!hasNegativeShares || withheld.has(wanted.conversions ? 'conversions' : 'value')) return [];
    const cells = [...rows.values()].filter(([micros = 0, value = 0]) => (wanted.conversions ? micros : value) < 0).length;
    return cells === 0
      ? []
      : [
          `${cells} cells of ${model} are negative: a channel of a negative share hands it down by its linear credit, the most where it was met most; read it by=channel`,
        ];
  });
}

/** Why figures of credit are null. */
export function outsideOfWhole(credit: Credit): string[] {
  return [...credit].flatMap(([model, { outside }]) => {
    if (outside.length === 0) return [];
    const named = outside
      .slice(0, 5)
      .map(
        ({ channel, share, alone }) =>
          `${channel} ${(share * 100).toFixed(1)} %, ${alone} ${alone === 1 ? 'journey' : 'journeys'} over it alone`,
      );
    const more = outside.length > named.length ? ` and ${outside.length - named.length} more` : '';
    return [
      `${model} gives shares below 0 or above 1 (${named.join('; ')}${more}), so it hands out no credit: read its effects, or ask for shapley or markov. It needs 30 journeys and 5 conversions over each channel alone`,
    ];
  });
}

/** As beside a channel (channel-figures.ts): a filter may leave fewer than a share can rest on. */
const ENOUGH_CONVERSIONS = 20;

export function fewOfFilter({ shared, question: { models, equal } }: Counts): string[] {
  const filters = ['type', 'currency'].filter((dimension) => equal[dimension] !== undefined);
  const conversions = shared?.journeys.sizes.attributed.conversions ?? 0;
  if (shared === null || filters.length === 0 || conversions >= ENOUGH_CONVERSIONS) return [];
  const names = models.filter(isShared).join(', ');
  return [
    `the filter by ${filters.join(' and ')} leaves ${conversions} conversions with a path, on which ${names} cannot rest a share: take a longer window`,
  ];
}

/** For answers whose rows are by currency. Value is computed in each currency, conversions over all of them. */
export function handedToCurrencies(models: readonly ModelName[], { values }: Currencies): string[] {
  const shared = models.filter(isShared);
  if (shared.length === 0 || values.length < 2) return [];
  return [
    `conversions of ${shared.join(', ')} are handed down to currencies by linear credit: those of one currency need not sum to its conversions. Ask for one currency`,
  ];
}

export function overlaps({ models }: ReportQuestion): string[] {
  return models
    .filter((model) => modelInfo(model).family === 'counts')
    .map((model) => `${model} counts a conversion for every channel that had a part in it: the totals are not the conversions`);
}

/** For all windows of one answer: what is held against each other is of one currency, or it is left out and said. */
export function currencyNotes({ values, costs }: Currencies, { revenue }: ReportQuestion['wanted']): string[] {
  const several = [revenue ? severalCurrencies('values', values) : null, severalCurrencies('costs', costs)];
  const said = several.filter((note) => note !== null);
  if (said.length > 0 || costs.length === 0 || values.every((currency) => currency === costs[0])) return said;
  const fix = 'ask by=currency, or for one currency';
  if (!revenue)
    return [`conversions are paid in ${values.slice(0, 10).join(', ')} and costs are in ${costs[0]}, so CPA is left out: ${fix}`];
  return [`values are in ${values[0]} and costs in ${costs[0]}, so ROAS and CPA are left out: ${fix}`];
}

/** What is true of both windows is said once. `notes`: of the answer as a whole. */
export function findingsOfBoth(own: Findings, before: Findings | undefined, notes: readonly string[]): Findings {
  const only = (of: 'holes' | 'notes') =>
    (before?.[of] ?? []).filter((finding) => !own[of].includes(finding)).map((finding) => `in the window before: ${finding}`);
  return { holes: [...own.holes, ...only('holes')], notes: [...own.notes, ...only('notes'), ...notes] };
}
