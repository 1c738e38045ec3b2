/** The answer of `attribution run` for people: one table a question, the models side by side. */
import { basename } from 'node:path';
import type { ChannelInterval } from '@tributary/attribution/data-driven/bootstrap';
import type { Reward } from '@tributary/attribution/data-driven/counts';
import type { OrderChoice } from '@tributary/attribution/data-driven/order-choice';
import { CREDIT_UNIT_MICROS } from '@tributary/model/money';
import { type ChannelLine, cpa, creditOf, effectOf, type RunAnswer, roas } from '../paths/answer.ts';
import { decimalText } from '../paths/decimal.ts';
import type { ModelAnswer } from '../paths/models.ts';
import { conversions, count, share } from '../terminal/figures.ts';
import { renderWide, type Table } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** Channels with a line of their own; the others share one. */
export const SHOWN_CHANNELS = 50;
const UNATTRIBUTED = '(unattributed)';

const right = (title: string) => ({ title, align: 'right' }) as const;
const CHANNEL = { title: 'channel' };

export function runText(answer: RunAnswer, { width, bold, dim }: Pick<Terminal, 'width' | 'bold' | 'dim'>): string {
  const money = answer.currency === undefined ? '' : `, ${answer.currency}`;
  const withCosts = answer.channels.some(({ costMinor }) => costMinor !== null);
  const hasConversions = answer.rewards.includes('conversions');
  const hasValue = answer.rewards.includes('value');
  const sections: [string, Table | null][] = [
    ['journeys by channel', factsTable(answer)],
    ['conversions by channel', hasConversions ? creditTable(answer, 'creditMicros', conversions) : null],
    [`value by channel${money}`, hasValue ? creditTable(answer, 'valueMinor', (minor) => amount(minor, answer.decimals)) : null],
    ['ROAS by channel: value for each unit of cost', hasValue && withCosts ? roasTable(answer) : null],
    [`CPA by channel: cost of a conversion${money}`, hasConversions && withCosts ? cpaTable(answer) : null],
    ['what would be lost without the channel (Markov removal effects)', marginalTable(answer, withCosts)],
    ['conversions by channel and position in the path (ordered Shapley)', positionsTable(answer)],
    ...answer.rewards.map((reward): [string, Table | null] => [intervalTitle(answer, reward), intervalTable(answer, reward)]),
  ];
  const shown = sections.filter((section): section is [string, Table] => section[1] !== null);
  return [
    ...shown.map(([title, table]) => `${dim(title)}\n${renderWide(table, width, bold)}`),
    [summary(answer), ...modelNotes(answer)].map(dim).join('\n'),
  ].join('\n\n');
}

/** `1,234.50`: exact, with all the decimals of the file. */
export function amount(minor: number, decimals: number): string {
  return grouped(decimalText(minor, decimals));
}

function grouped(text: string): string {
  const [whole = '', fraction] = text.split('.');
  return `${whole.replace(/\B(?=(\d{3})+$)/g, ',')}${fraction === undefined ? '' : `.${fraction}`}`;
}

function factsTable({ channels, facts, decimals }: RunAnswer): Table {
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

function creditTable(answer: RunAnswer, measure: 'creditMicros' | 'valueMinor', text: (amount: number) => string): Table {
  const { channels, models, facts } = answer;
  const row = (name: string, lines: readonly ChannelLine[]) => [
    name,
    ...models.map((model) => text(sumOf(lines, ({ channel }) => creditOf(model, channel)[measure]))),
  ];
  const without =
    measure === 'creditMicros' ? facts.unattributed.conversions * CREDIT_UNIT_MICROS : facts.unattributed.valueMinor;
  return {
    columns: [CHANNEL, ...models.map(({ model }) => right(model))],
    ...partsAtData(models, 1),
    rows: [...shortened(channels, (line) => row(line.channel, [line]), row), [UNATTRIBUTED, ...models.map(() => text(without))]],
    total: [
      'total',
      ...models.map((model) => text(without + sumOf(channels, ({ channel }) => creditOf(model, channel)[measure]))),
    ],
  };
}

function roasTable(answer: RunAnswer): Table {
  return ratioTable(answer, (model, lines, costMinor) => {
    const got = roas(
      sumOf(lines, ({ channel }) => creditOf(model, channel).valueMinor),
      costMinor,
    );
    return got === null ? '–' : got.toFixed(2);
  });
}

function cpaTable(answer: RunAnswer): Table {
  return ratioTable(answer, (model, lines, costMinor) => {
    const credit = sumOf(lines, ({ channel }) => creditOf(model, channel).creditMicros);
    const got = cpa(costMinor, credit / CREDIT_UNIT_MICROS, answer.decimals);
    return got === null ? '–' : grouped(got.toFixed(2));
  });
}

/** Channels whose cost is known, and their total. */
function ratioTable(
  { channels, models, decimals }: RunAnswer,
  ratio: (model: ModelAnswer, lines: readonly ChannelLine[], costMinor: number | null) => string,
): Table {
  const known = channels.filter(({ costMinor }) => costMinor !== null);
  const row = (name: string, lines: readonly ChannelLine[]) => {
    const costMinor = costOf(lines);
    return [
      name,
      costMinor === null ? '–' : amount(costMinor, decimals),
      ...models.map((model) => ratio(model, lines, costMinor)),
    ];
  };
  return {
    columns: [CHANNEL, right('cost'), ...models.map(({ model }) => right(model))],
    ...partsAtData(models, 2),
    rows: shortened(known, (line) => row(line.channel, [line]), row),
    total: row('total', known),
  };
}

/** Rules stay together, and so do data-driven models. */
function partsAtData(models: readonly ModelAnswer[], before: number): { partsAt?: number } {
  const at = models.findIndex(({ effects }) => effects.size > 0);
  return at > 0 ? { partsAt: before + at } : {};
}

/** Removal effects overlap: journeys with several channels are lost with each of them, so there is no total. */
function marginalTable(answer: RunAnswer, withCosts: boolean): Table | null {
  const { channels, facts, decimals, rewards, models } = answer;
  const model = models.find((one) => one.model === 'markov');
  if (model === undefined) return null;
  const effect = (reward: 'conversions' | 'value', channel: string) => effectOf(model, reward, channel)?.effect ?? 0;
  const row = ({ channel, costMinor }: ChannelLine) => {
    const lost = effect('conversions', channel) * facts.conversions;
    const lostMinor = effect('value', channel) * facts.valueMinor;
    const back = roas(lostMinor, costMinor);
    const price = cpa(costMinor, lost, decimals);
    return [
      channel,
      ...(rewards.includes('conversions') ? [percent(effect('conversions', channel)), grouped(lost.toFixed(2))] : []),
      ...(rewards.includes('value') ? [percent(effect('value', channel)), amount(Math.round(lostMinor), decimals)] : []),
      ...(withCosts && rewards.includes('value') ? [back === null ? '–' : back.toFixed(2)] : []),
      ...(withCosts && rewards.includes('conversions') ? [price === null ? '–' : grouped(price.toFixed(2))] : []),
    ];
  };
  return {
    columns: [
      CHANNEL,
      ...(rewards.includes('conversions') ? [right('effect'), right('conversions lost')] : []),
      ...(rewards.includes('value') ? [right('effect on value'), right('value lost')] : []),
      ...(withCosts && rewards.includes('value') ? [right('marginal ROAS')] : []),
      ...(withCosts && rewards.includes('conversions') ? [right('marginal CPA')] : []),
    ],
    rows: shortened(channels, row, (name) => [name]),
  };
}

/** Positions with a column of their own; later ones share the last. */
const SHOWN_POSITIONS = 20;

function positionsTable({ channels, positions, facts }: RunAnswer): Table | null {
  if (positions === null) return null;
  const shown = Math.min(facts.longest, SHOWN_POSITIONS);
  const at = (channel: string, i: number) => {
    const credits = positions.get(channel) ?? [];
    return i + 1 < SHOWN_POSITIONS ? (credits[i] ?? 0) : sumOf(credits.slice(i), (credit) => credit);
  };
  const row = (name: string, lines: readonly ChannelLine[]) => {
    const credits = Array.from({ length: shown }, (_, i) => sumOf(lines, ({ channel }) => at(channel, i)));
    return [
      name,
      ...[...credits, sumOf(credits, (credit) => credit)].map((credit) => conversions(Math.round(credit * CREDIT_UNIT_MICROS))),
    ];
  };
  const titles = Array.from({ length: shown }, (_, i) => `${i + 1}${i + 1 === SHOWN_POSITIONS ? '+' : ''}`);
  return {
    columns: [CHANNEL, ...titles.map(right), right('all')],
    rows: shortened(channels, (line) => row(line.channel, [line]), row),
    total: row('total', channels),
  };
}

function intervalTitle({ level }: RunAnswer, reward: Reward): string {
  return `share of ${reward} in percent, with its ${percent(level, 0)} interval; rank, and how many of the resamplings agree on it`;
}

function intervalTable({ channels, intervals }: RunAnswer, reward: Reward): Table | null {
  const shown = intervals.filter((one) => one.reward === reward);
  if (shown.length === 0) return null;
  const cell = (of: ChannelInterval | undefined) =>
    of === undefined
      ? '–'
      : `${points(of.share)} (${points(of.low)}–${points(of.high)}) #${of.rank} ${percent(of.rankStability, 0).padStart(5)}`;
  return {
    columns: [CHANNEL, ...shown.map(({ model }) => right(model))],
    rows: shortened(
      channels,
      ({ channel }) => [channel, ...shown.map((one) => cell(one.channels.get(channel)))],
      (name) => [name],
    ),
  };
}

/** The first lines, and one for all others. */
function shortened(
  lines: readonly ChannelLine[],
  one: (line: ChannelLine) => string[],
  rest: (name: string, lines: readonly ChannelLine[]) => string[],
): string[][] {
  const shown = lines.slice(0, SHOWN_CHANNELS);
  const others = lines.slice(SHOWN_CHANNELS);
  return [...shown.map(one), ...(others.length === 0 ? [] : [rest(`(${count(others.length)} more)`, others)])];
}

function summary({ facts, channels, file }: RunAnswer): string {
  const { unattributed } = facts;
  return [
    `${file === '-' ? 'standard input' : basename(file)}: ${count(facts.journeys)} journeys over ${count(channels.length)} channel${channels.length === 1 ? '' : 's'}`,
    `${count(facts.conversions)} converted`,
    `${count(facts.nulls)} did not`,
    `${count(facts.paths)} different paths, the longest of ${count(facts.longest)} touches`,
    ...(unattributed.conversions > 0 ? [`${count(unattributed.conversions)} conversions without a touch`] : []),
  ].join(' · ');
}

function modelNotes({ models, order, choice }: RunAnswer): string[] {
  const ofOrder = models.filter(({ model }) => ['markov', 'markovShapley', 'hybrid'].includes(model)).map(({ model }) => model);
  return [
    ...(ofOrder.length > 0 ? [`${ofOrder.join(', ')}: order ${order}${choice === null ? '' : chosenBy(choice)}`] : []),
    ...models.flatMap(({ model, sampling }) =>
      sampling === null
        ? []
        : [
            `${model}: estimated from ${count(2 * sampling.pairs)} orders of the channels (seed ${sampling.seed}); every effect is within ${sampling.epsilon.toPrecision(2)} with ${percent(1 - sampling.delta)} probability`,
          ],
    ),
  ];
}

function chosenBy({ fits }: OrderChoice): string {
  return `, the best of ${fits.map((fit) => `${fit.order} (${fit.penalisedAuc.toFixed(3)})`).join(', ')} by penalised AUC`;
}

function costOf(lines: readonly ChannelLine[]): number | null {
  return lines.every(({ costMinor }) => costMinor === null) ? null : sumOf(lines, ({ costMinor }) => costMinor ?? 0);
}

function sumOf<T>(items: readonly T[], amountOf: (item: T) => number): number {
  return items.reduce((sum, item) => sum + amountOf(item), 0);
}

function points(part: number): string {
  return (part * 100).toFixed(1);
}

function percent(part: number, decimals = 1): string {
  return `${(part * 100).toFixed(decimals)} %`;
}
