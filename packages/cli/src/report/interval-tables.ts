/** How sure the figures of `attribution run --bootstrap` are, for people. */
import type { Reward } from '@tributary/attribution/data-driven/counts';
import { CAUTIONS, type CautionCode } from '@tributary/attribution/uncertainty/caution-codes';
import type { Rank } from '@tributary/attribution/uncertainty/ranks';
import type { Interval } from '@tributary/attribution/uncertainty/scales';
import { type ChannelUncertainty, COVERS, type Uncertainty } from '@tributary/attribution/uncertainty/uncertainty';
import {
  type ChannelLine,
  cpaInterval,
  creditOf,
  effectOf,
  type RunAnswer,
  roasInterval,
  uncertaintyAt,
} from '@tributary/attribution-files/models/answer';
import { handsOut, type ModelAnswer } from '@tributary/attribution-files/models/models';
import { count, counted, fixed } from '../terminal/figures.ts';
import type { Table } from '../terminal/table.ts';
import { amount, CHANNEL, right, shortened } from './channel-lines.ts';

type Section = [title: string, table: Table];

/** Shares and ranks; where there are costs, what comes back for them. */
export function intervalTables(answer: RunAnswer): Section[] {
  const { uncertainty, rewards, channels, decimals } = answer;
  if (uncertainty === null) return [];
  const level = `its ${Number((uncertainty.level * 100).toFixed(6))} % interval`;
  const hasCosts = channels.some(({ costMinor }) => costMinor !== null);
  const sections: Section[] = rewards.map((reward) => [
    `share of ${reward} in percent, with ${level}; rank, #1–3 where the order of neighbours is not certain, = for equal ones`,
    tableOf(answer, reward, (of, model, line) => {
      // A share below 0 or above 1 is an effect, and no share of anything.
      if (!handsOut(model, reward)) return '–';
      return `${points(answer.uncertainty?.groups == null ? shareOf(answer, model, reward, line) : of.shareIs)} ${inBrackets(of.share, points)} ${rankOf(of.rank)}`;
    }),
  ]);
  if (!hasCosts) return sections;
  if (rewards.includes('value'))
    sections.push([
      `ROAS, ${level}: none below 10 conversions`,
      tableOf(answer, 'value', (of, _, { costMinor }) => inBrackets(roasInterval(of, costMinor), ratio)),
    ]);
  if (rewards.includes('conversions'))
    sections.push([
      `CPA, ${level}: none below 10 conversions`,
      tableOf(answer, 'conversions', (of, _, { costMinor }) => inBrackets(cpaInterval(of, costMinor, decimals), ratio)),
    ]);
  return sections;
}

function tableOf(
  answer: RunAnswer,
  reward: Reward,
  cell: (of: ChannelUncertainty, model: ModelAnswer, line: ChannelLine) => string,
): Table {
  const row = (line: ChannelLine) => [
    line.channel,
    ...answer.models.map((model) => {
      const of = uncertaintyAt(answer, model.model, reward, line.channel);
      return of === undefined ? '–' : cell(of, model, line);
    }),
  ];
  return {
    columns: [CHANNEL, ...answer.models.map(({ model }) => right(model))],
    rows: shortened(answer.channels, row, (name) => [name]),
  };
}

function shareOf({ facts }: RunAnswer, model: ModelAnswer, reward: Reward, { channel }: ChannelLine): number {
  const effect = effectOf(model, reward, channel);
  if (effect !== undefined) return effect.share;
  const { creditMicros, valueMinor } = creditOf(model, channel);
  const [part, whole] = reward === 'value' ? [valueMinor, facts.valueMinor] : [creditMicros, facts.conversions * 1_000_000];
  return whole === 0 ? 0 : part / whole;
}

function inBrackets(interval: Interval | null, text: (bound: number) => string): string {
  return interval === null ? '(–)' : `(${text(interval.low)}–${text(interval.high)})`;
}

function rankOf(rank: Rank | null): string {
  if (rank === null) return '–';
  return `#${rank.from}${rank.to > rank.from ? `–${rank.to}` : ''}${rank.isTie ? '=' : ''}`;
}

/** Under the tables: what was drawn, what the intervals cover, and cautions with the channels that they are of. */
export function intervalNotes({ uncertainty, choice, order, decimals, currency }: RunAnswer): string[] {
  if (uncertainty === null) return [];
  const { unit, groups, replicates, seed, cautions, models } = uncertainty;
  const from =
    groups === null
      ? `${counted(replicates, 'resampling')} of ${unit === 'user' ? 'users' : 'journeys'} (seed ${seed})`
      : `from the differences between ${groups} groups of users, as a platform with ${groups} partitions has them`;
  return [
    `intervals: ${from}; ${COVERS}${choice === null ? '' : `: order ${order} was chosen once, outside of the ${groups === null ? 'resamplings' : 'groups'}`}`,
    ...cautions.map((code) => `caution: ${CAUTIONS[code]}`),
    ...byCode(models).map(([code, where]) => `caution: ${CAUTIONS[code]}: ${where}`),
    // Groups do not know single orders, so not how large the largest is.
    ...(groups !== null && models.some((of) => of.cautions.includes('larger_orders_unseen'))
      ? [`caution: ${CAUTIONS.larger_orders_unseen}`]
      : []),
    ...models
      .flatMap(({ seen }) => seen ?? [])
      .slice(0, 1)
      .map(
        ({ largest, missesBelowOneIn }) =>
          `caution: intervals of value go up to the largest order here, ${amount(Math.round(largest), decimals)}${currency === undefined ? '' : ` ${currency}`}: larger ones, by fewer than one in ${count(Math.floor(missesBelowOneIn))} ${unit === 'user' ? 'users who convert' : 'conversions'}, may all be missing from such data`,
      ),
  ];
}

/** Names of channels that a line shows. */
const MOST_NAMES = 5;

/** Said by lines of their own. */
const OF_THEIR_OWN: ReadonlySet<CautionCode> = new Set(['larger_orders_unseen', 'outside_of_whole']);

function byCode(models: Uncertainty['models']): [CautionCode, string][] {
  const places = new Map<CautionCode, Set<string>>();
  const add = (code: CautionCode, place: string) => places.set(code, (places.get(code) ?? new Set()).add(place));
  for (const { reward, cautions, channels } of models) {
    for (const code of cautions) if (!OF_THEIR_OWN.has(code)) add(code, reward);
    for (const { channel, cautions: own } of channels) for (const code of own) add(code, channel);
  }
  return [...places].map(([code, names]) => {
    const more = names.size > MOST_NAMES ? ` and ${count(names.size - MOST_NAMES)} more` : '';
    return [code, `${[...names].slice(0, MOST_NAMES).join(', ')}${more}`];
  });
}

function ratio(bound: number): string {
  return fixed(bound, 2);
}

function points(part: number): string {
  return fixed(part * 100, 1);
}
