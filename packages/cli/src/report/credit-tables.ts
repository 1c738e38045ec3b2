/** What is credited to whom: journeys, credit, and credit against cost, the models side by side. */
import type { Reward } from '@tributary/attribution/data-driven/counts';
import { type ChannelLine, cpa, creditOf, type RunAnswer, roas } from '@tributary/attribution-files/models/answer';
import { handsOut, type ModelAnswer } from '@tributary/attribution-files/models/models';
import { CREDIT_UNIT_MICROS } from '@tributary/model/amounts/money';
import { count, fixed, share } from '../terminal/figures.ts';
import type { Table } from '../terminal/table.ts';
import { amount, CHANNEL, costOf, right, shortened, sumOf } from './channel-lines.ts';

const UNATTRIBUTED = '(unattributed)';

export function factsTable({ channels, facts, decimals }: RunAnswer): Table {
  const withCosts = channels.some(({ costMinor }) => costMinor !== null);
  const cost = (line: { costMinor: number | null }) =>
    withCosts ? [line.costMinor === null ? '–' : amount(line.costMinor, decimals)] : [];
  const cells = (name: string, line: Omit<ChannelLine, 'channel'>) => [
    name,
    count(line.touches),
    count(line.journeys),
    count(line.participated),
    share(line.participated, line.journeys),
    ...cost(line),
  ];
  return {
    columns: [
      CHANNEL,
      right('touches'),
      right('journeys'),
      right('converted'),
      right('rate'),
      ...(withCosts ? [right('cost')] : []),
    ],
    rows: shortened(
      channels,
      (line) => cells(line.channel, line),
      (name, rest) => [name, count(sumOf(rest, ({ touches }) => touches)), '', '', '', ...cost({ costMinor: costOf(rest) })],
    ),
    total: cells('all journeys', { ...facts, participated: facts.conversions, costMinor: costOf(channels) }),
  };
}

export function creditTable(answer: RunAnswer, measure: Measure, text: (amount: number) => string): Table {
  const { channels, models, facts } = answer;
  const row = (name: string, lines: readonly ChannelLine[]) => [
    name,
    ...models.map((model) => given(model, () => text(sumOf(lines, ({ channel }) => creditOf(model, channel)[measure])))),
  ];
  const given = (model: ModelAnswer, cell: () => string) => (handsOut(model, rewardOf(measure)) ? cell() : '–');
  const without = unattributedOf(facts, measure);
  return {
    columns: [CHANNEL, ...models.map(({ model }) => right(model))],
    ...partsAtData(models, 1),
    rows: [...shortened(channels, (line) => row(line.channel, [line]), row), [UNATTRIBUTED, ...models.map(() => text(without))]],
    total: [
      'total',
      ...models.map((model) =>
        given(model, () => text(without + sumOf(channels, ({ channel }) => creditOf(model, channel)[measure]))),
      ),
    ],
  };
}

export function roasTable(answer: RunAnswer): Table {
  return ratioTable(answer, 'valueMinor', (valueMinor, costMinor) => {
    const got = roas(valueMinor, costMinor);
    return got === null ? '–' : fixed(got, 2);
  });
}

export function cpaTable(answer: RunAnswer): Table {
  return ratioTable(answer, 'creditMicros', (creditMicros, costMinor) => {
    const got = cpa(costMinor, creditMicros / CREDIT_UNIT_MICROS, answer.decimals);
    return got === null ? '–' : fixed(got, 2);
  });
}

type Measure = 'creditMicros' | 'valueMinor';

/** Channels whose cost is known. The total is all credit over everything spent, as on the platform: unpaid channels and `(unattributed)` included. */
function ratioTable(
  { channels, models, facts, decimals }: RunAnswer,
  measure: Measure,
  ratio: (credited: number, costMinor: number | null) => string,
): Table {
  const known = channels.filter(({ costMinor }) => costMinor !== null);
  const spent = costOf(known);
  const row = (name: string, lines: readonly ChannelLine[], costMinor: number | null, without = 0) => [
    name,
    costMinor === null ? '–' : amount(costMinor, decimals),
    ...models.map((model) =>
      handsOut(model, rewardOf(measure))
        ? ratio(without + sumOf(lines, ({ channel }) => creditOf(model, channel)[measure]), costMinor)
        : '–',
    ),
  ];
  return {
    columns: [CHANNEL, right('cost'), ...models.map(({ model }) => right(model))],
    ...partsAtData(models, 2),
    rows: shortened(
      known,
      (line) => row(line.channel, [line], line.costMinor),
      (name, lines) => row(name, lines, costOf(lines)),
    ),
    total: row('total', channels, spent, unattributedOf(facts, measure)),
  };
}

function rewardOf(measure: Measure): Reward {
  return measure === 'creditMicros' ? 'conversions' : 'value';
}

function unattributedOf({ unattributed }: RunAnswer['facts'], measure: Measure): number {
  return measure === 'creditMicros' ? unattributed.conversions * CREDIT_UNIT_MICROS : unattributed.valueMinor;
}

/** Rules stay together, and so do data-driven models. */
function partsAtData(models: readonly ModelAnswer[], before: number): { partsAt?: number } {
  const at = models.findIndex(({ effects }) => effects.size > 0);
  return at > 0 ? { partsAt: before + at } : {};
}
