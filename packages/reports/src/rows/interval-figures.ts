/** How sure the figures of a channel are. null: there is no interval, and the cautions say why. */
import type { Interval } from '@tributary/attribution/uncertainty/scales';
import type { ModelUncertainty } from '../credit/uncertainty.ts';
import type { Row } from './figures.ts';

export function intervalFigures({ rewards }: ModelUncertainty, channel: string): Row {
  const [conversions, value] = (['conversions', 'value'] as const).map((of) => rewards.find(({ reward }) => reward === of));
  const [ofConversions, ofValue] = [conversions?.channels.get(channel), value?.channels.get(channel)];
  const leading = conversions === undefined ? ofValue : ofConversions;
  const rank = leading?.rank ?? null;
  return {
    ...bounds('share', leading?.share),
    ...(conversions === undefined
      ? {}
      : {
          ...bounds('conversions', ofConversions?.credit),
          ...bounds('effect', ofConversions?.effect),
          conversionsCautions: ofConversions?.cautions.join(' ') ?? '',
        }),
    ...(value === undefined
      ? {}
      : {
          ...bounds('valueMinor', ofValue?.credit, Math.round),
          ...bounds('valueEffect', ofValue?.effect),
          valueCautions: ofValue?.cautions.join(' ') ?? '',
        }),
    rank: rank?.from ?? null,
    rankTo: rank?.to ?? null,
    aboveNext: rank?.aboveNext ?? null,
  };
}

/** Intervals of ROAS and CPA; the cost is taken as known. */
export function ratioIntervals({ rewards }: ModelUncertainty, channel: string, cost: number): Row {
  return Object.assign(
    {},
    ...rewards.map(({ reward, channels }) => {
      const interval = cost === 0 ? null : (channels.get(channel)?.ofRatios ?? null);
      if (reward === 'value') return bounds('roas', interval && { low: interval.low / cost, high: interval.high / cost });
      return bounds('cpaMinor', interval && { low: cost / interval.high, high: cost / interval.low });
    }),
  );
}

function bounds(name: string, interval: Interval | null | undefined, rounded = (bound: number) => bound): Row {
  const of = (bound: number | undefined) => (bound === undefined ? null : rounded(bound));
  return { [`${name}Low`]: of(interval?.low), [`${name}High`]: of(interval?.high) };
}
