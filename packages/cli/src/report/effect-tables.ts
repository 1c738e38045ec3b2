/** What stands behind the credit of data-driven models: removal effects and positions. */
import { modelInfo } from '@tributary/attribution/models/catalogue';
import { type ChannelLine, cpa, effectOf, type RunAnswer, roas } from '@tributary/attribution-files/models/answer';
import { CREDIT_UNIT_MICROS } from '@tributary/model/amounts/money';
import { conversions, fixed, percent } from '../terminal/figures.ts';
import type { Table } from '../terminal/table.ts';
import { amount, CHANNEL, right, shortened, sumOf } from './channel-lines.ts';

/** Removal effects overlap: journeys with several channels are lost with each of them, so there is no total. */
export function lossTable(answer: RunAnswer, withCosts: boolean): Table | null {
  const { channels, facts, decimals, rewards, models } = answer;
  const model = models.find((one) => modelInfo(one.model).isRemovalEffect);
  if (model === undefined) return null;
  const effect = (reward: 'conversions' | 'value', channel: string) => effectOf(model, reward, channel)?.effect ?? 0;
  const row = ({ channel, costMinor }: ChannelLine) => {
    const lost = effect('conversions', channel) * facts.conversions;
    const onPathsMinor = effect('value', channel) * facts.valueMinor;
    const back = roas(onPathsMinor, costMinor);
    const price = cpa(costMinor, lost, decimals);
    return [
      channel,
      ...(rewards.includes('conversions') ? [percent(effect('conversions', channel)), fixed(lost, 2)] : []),
      ...(rewards.includes('value') ? [percent(effect('value', channel)), amount(Math.round(onPathsMinor), decimals)] : []),
      ...(withCosts && rewards.includes('value') ? [back === null ? '–' : fixed(back, 2)] : []),
      ...(withCosts && rewards.includes('conversions') ? [price === null ? '–' : fixed(price, 2)] : []),
    ];
  };
  return {
    columns: [
      CHANNEL,
      ...(rewards.includes('conversions') ? [right('effect'), right('conversions')] : []),
      ...(rewards.includes('value') ? [right('effect on value'), right('value')] : []),
      ...(withCosts && rewards.includes('value') ? [right('ROAS through')] : []),
      ...(withCosts && rewards.includes('conversions') ? [right('CPA through')] : []),
    ],
    rows: shortened(channels, row, (name) => [name]),
  };
}

/** Positions with a column of their own; later ones share the last. */
const SHOWN_POSITIONS = 20;

export function positionsTable({ channels, positions, facts }: RunAnswer): Table | null {
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
