/**
 * How many conversions an interval of a share needs to be as narrow as asked for.
 *
 *   sample → the same with the share that is expected → resampled → conversions that are as certain as one witness
 *   width → witnesses that Wilson's interval needs → conversions
 *
 * One witness takes more conversions where users convert repeatedly, fewer where a model divides each conversion. Both depend on the
 * share, so the sample is brought to it first.
 */
import { byCodePoint } from '@tributary/model/code-points';
import type { ModelName } from '../models/catalogue.ts';
import { deviations, wilson } from './scales.ts';
import { type ChannelUncertainty, type Uncertainty, type UncertaintyOptions, uncertaintyOf } from './uncertainty.ts';
import { type Sample, type UnitRow, unitsOf } from './units.ts';

export interface Plan {
  readonly model: ModelName;
  readonly channel: string;
  /** Part of 1 that the channel is expected to have; undefined: what it has. */
  readonly share: number | undefined;
  /** From the lower to the upper bound. */
  readonly width: number;
}

export interface Power {
  /** What the sample as it is says. */
  readonly uncertainty: Uncertainty;
  readonly own: ChannelUncertainty | undefined;
  readonly share: number;
  readonly conversions: number;
  /** Conversions that are as certain as one witness. */
  readonly perWitness: number;
  /** The channel whose users show that: the one asked for, or one of a like share where it has too few. */
  readonly like: string;
}

/** `unknown_share`: the channel has none, and none was given. `out_of_reach`: users like these never give it that share. `few_users_decide`: a few users make up most conversions. */
export type NoPlan = 'too_few_conversions' | 'unknown_share' | 'out_of_reach' | 'few_users_decide';

/** Converting units below which a channel's own variance says little. */
export const FEWEST_TO_PLAN = 20;
/** No plan is for more. */
const MOST_WITNESSES = 1e12;

type Options = Omit<UncertaintyOptions, 'models' | 'rewards'>;

export function powerOf(sample: Sample, { model, channel, share: asked, width }: Plan, options: Options): Power | NoPlan {
  const answerOf = (of: Sample) => uncertaintyOf(unitsOf(of), { ...options, models: [model], rewards: ['conversions'] });
  const channelsOf = ({ models }: Uncertainty) => models[0]?.channels ?? [];
  const uncertainty = answerOf(sample);
  if (uncertainty.models[0]?.cautions.includes('few_users_decide') === true) return 'few_users_decide';
  const own = channelsOf(uncertainty).find((one) => one.channel === channel);
  const share = asked ?? own?.shareIs ?? 0;
  if (!(share > 0 && share < 1)) return 'unknown_share';
  const known = channelsOf(uncertainty).filter(({ converted, shareIs }) => converted >= FEWEST_TO_PLAN && shareIs > 0);
  const far = (one: ChannelUncertainty) => Math.abs(Math.log(one.shareIs / share));
  const like = known.find((one) => one === own) ?? known.sort((a, b) => far(a) - far(b) || byCodePoint(a.channel, b.channel))[0];
  if (like === undefined) return 'too_few_conversions';
  const planned = withShare(sample, like.channel, like.shareIs, share);
  if (planned === null) return 'out_of_reach';
  const witnesses = planned === sample ? like.witnesses : witnessesOf(channelsOf(answerOf(planned)), like.channel);
  if (witnesses === null) return 'out_of_reach';
  const perWitness = conversionsOf(planned.rows) / witnesses;
  const conversions = Math.ceil(witnessesFor(share, width, options.level) * perWitness);
  return { uncertainty, own, share, conversions, perWitness, like: like.channel };
}

function witnessesOf(channels: readonly ChannelUncertainty[], channel: string): number | null {
  return channels.find((one) => one.channel === channel)?.witnesses ?? null;
}

/**
 * The sample as it would be if the channel had another share. Less: a part of its users met another channel in its place. More: fewer of the
 * users came who did not meet it. Units are drawn as often as `times` says, a whole number or not. null: it cannot have that much.
 */
export function withShare(sample: Sample, channel: string, from: number, to: number): Sample | null {
  if (to === from) return sample;
  const meets = ({ journeys }: UnitRow) => journeys.some(({ path }) => path.includes(channel));
  if (to < from) {
    const part = to / from;
    const without = (row: UnitRow): UnitRow => ({
      times: row.times * (1 - part),
      journeys: row.journeys.map((one) => ({
        ...one,
        path: one.path.map((name) => (name === channel ? `(not ${channel})` : name)),
      })),
    });
    return {
      ...sample,
      rows: sample.rows.flatMap((row) => (meets(row) ? [{ ...row, times: row.times * part }, without(row)] : [row])),
    };
  }
  const all = conversionsOf(sample.rows);
  const near = conversionsOf(sample.rows.filter(meets));
  const part = ((from * all) / to - near) / (all - near);
  if (!(part > 0)) return null;
  return { ...sample, rows: sample.rows.map((row) => (meets(row) ? row : { ...row, times: row.times * part })) };
}

/** Those with a touch. */
function conversionsOf(rows: readonly UnitRow[]): number {
  let sum = 0;
  for (const { times, journeys } of rows)
    for (const { path, conversions } of journeys) if (path.length > 0) sum += times * conversions;
  return sum;
}

/** The fewest whose interval is not wider: the width falls with their number. */
export function witnessesFor(share: number, width: number, level: number): number {
  const z = deviations(level);
  const isNarrow = (size: number) => {
    const { low, high } = wilson(share, size, z);
    return high - low <= width;
  };
  let [few, enough] = [0, 1];
  while (!isNarrow(enough) && enough < MOST_WITNESSES) [few, enough] = [enough, enough * 2];
  while (enough - few > 1) {
    const middle = Math.floor((few + enough) / 2);
    if (isNarrow(middle)) enough = middle;
    else few = middle;
  }
  return enough;
}
