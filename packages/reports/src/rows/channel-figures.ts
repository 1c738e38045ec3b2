/** Figures that belong to a channel: effects, how sure they are, and what lies on modelled paths through it. */

import { OTHER } from '@tributary/model/channels/channel';
import type { Integer } from '@tributary/model/integer';
import { UNATTRIBUTED } from '@tributary/views/credit/fold';
import type { ChannelFacts } from '../credit/channel-facts.ts';
import type { ModelCredit } from '../credit/model-credit.ts';
import type { ModelUncertainty } from '../credit/uncertainty.ts';
import { type ReportQuestion, rowsAreChannels } from '../question.ts';
import type { Figures, Row } from './figures.ts';
import { intervalFigures } from './interval-figures.ts';

/**
 * Effect and intervals where the rows are whole channels; and what lies on modelled paths through the channel, of which a cell (a campaign,
 * a day) has the part that it has of the channel's credit.
 */
export function channelFigures(
  { channels, byChannel, oneCurrency, uncertainty }: ModelCredit,
  measures: readonly Integer[] | undefined,
  key: string,
  question: ReportQuestion,
): Row {
  const { by, wanted } = question;
  const at = by.indexOf('channel');
  const channel = key.split('\t')[at] ?? '';
  const isWhole = rowsAreChannels(question);
  const intervals = intervalsOf(uncertainty, channel, question);
  if (at < 0 || channels.size === 0) return intervals;
  const facts = channels.get(channel) ?? {};
  const part = (measure: 0 | 1) => {
    const whole = byChannel.get(channel)?.[measure] ?? 0;
    return isWhole ? 1 : whole === 0 ? 0 : Number(measures?.[measure] ?? 0) / Number(whole);
  };
  const { conversionsOnPaths, valueMinorOnPaths } = facts;
  return {
    ...(isWhole ? effectsOf(channel, facts, wanted, oneCurrency) : {}),
    ...(isWhole ? cautionOf(channel, facts) : {}),
    ...(conversionsOnPaths === undefined ? {} : { conversionsOnPaths: conversionsOnPaths * part(0) }),
    ...(valueMinorOnPaths === undefined ? {} : { valueMinorOnPaths: Math.round(valueMinorOnPaths * part(1)) }),
    ...intervals,
  };
}

/** None where rows are not whole channels, and of conversions without a touch. */
export function intervalsOf(uncertainty: ModelUncertainty | null, channel: string, question: ReportQuestion): Row {
  const hasIntervals = rowsAreChannels(question) && uncertainty !== null && channel !== UNATTRIBUTED;
  return hasIntervals ? ofShown(intervalFigures(uncertainty, channel), question) : {};
}

/** A share among the rows that a filter chose is not the share that there is an interval of. */
function ofShown(intervals: Row, { equal }: ReportQuestion): Row {
  return equal['channel'] === undefined ? intervals : { ...intervals, shareLow: null, shareHigh: null };
}

/** The same bounds as for the intervals of files: below 20 conversions a share says little, below 5 nothing. */
function cautionOf(channel: string, { met = 0 }: ChannelFacts): Row {
  if (channel === UNATTRIBUTED || channel === OTHER) return {};
  const caution = met < 1 ? 'no_conversions' : met < 5 ? 'too_few_conversions' : met < 20 ? 'few_conversions' : null;
  return { met, caution };
}

/**
 * Unattributed conversions have no channel, so no effect; a channel that the model did not meet has none on anything. The model is
 * run for the value of each currency: of several, no one effect is that on value.
 */
function effectsOf(channel: string, facts: ChannelFacts, wanted: ReportQuestion['wanted'], oneCurrency: boolean): Figures {
  const effect = (computed: number | undefined) => (channel === UNATTRIBUTED ? null : (computed ?? 0));
  return {
    ...(wanted.conversions ? { effect: effect(facts.effect) } : {}),
    ...(wanted.revenue ? { valueEffect: oneCurrency ? effect(facts.valueEffect) : null } : {}),
  };
}
