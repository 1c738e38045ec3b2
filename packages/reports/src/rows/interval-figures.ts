/** How sure the figures of a channel are. null: there is no interval, and the cautions say why. */
import type { CautionCode } from '@tributary/attribution/uncertainty/caution-codes';
import { UNKNOWN_IN_GROUPS, withCodesOfAll, withRatios } from '@tributary/attribution/uncertainty/cautions';
import { type GroupedChannel, hasFewBefore, ofChange, ofRatio } from '@tributary/attribution/uncertainty/jackknife';
import type { Interval } from '@tributary/attribution/uncertainty/scales';
import type { ModelUncertainty, RewardUncertainty } from '../credit/uncertainty.ts';
import type { Row } from './figures.ts';

export function intervalFigures({ rewards, hasEffects }: ModelUncertainty, channel: string): Row {
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
          ...(hasEffects ? bounds('effect', ofConversions?.effect) : {}),
          conversionsCautions: codesOf(conversions, ofConversions),
        }),
    ...(value === undefined
      ? {}
      : {
          ...bounds('valueMinor', ofValue?.credit, Math.round),
          ...(hasEffects ? bounds('valueEffect', ofValue?.effect) : {}),
          valueCautions: codesOf(value, ofValue),
        }),
    rank: rank?.from ?? null,
    rankTo: rank?.to ?? null,
    aboveNext: rank?.aboveNext ?? null,
  };
}

/** Why a whole reward has none stands beside it, not in its rows. */
function codesOf({ channels }: RewardUncertainty, own: GroupedChannel | undefined): string {
  const codes = own?.cautions ?? (channels.size === 0 ? [] : UNKNOWN_IN_GROUPS);
  return codes.join(' ');
}

/** The same where it has no other place: rows that come alone. */
export function withCodesOfRewards(row: Row, { rewards }: ModelUncertainty): Row {
  const codes = rewards.flatMap(({ reward, cautions }) => {
    const name = `${reward}Cautions`;
    const own = row[name];
    return typeof own === 'string' ? [[name, withCodesOfAll(cautions, own)] as const] : [];
  });
  return { ...row, ...Object.fromEntries(codes) };
}

/** Intervals of ROAS and CPA, and the cautions with the reason where they have none; the cost is taken as known. */
export function ratioIntervals({ rewards }: ModelUncertainty, channel: string, cost: number): Row {
  return Object.assign(
    {},
    ...rewards.map((of) => {
      const { reward, channels } = of;
      const own = channels.get(channel);
      const interval = cost === 0 ? null : (own?.ofRatios ?? null);
      const codes = { [`${reward}Cautions`]: own === undefined ? codesOf(of, own) : withRatios(own, cost).join(' ') };
      if (reward === 'value')
        return { ...bounds('roas', interval && { low: interval.low / cost, high: interval.high / cost }), ...codes };
      return { ...bounds('cpaMinor', interval && { low: cost / interval.high, high: cost / interval.low }), ...codes };
    }),
  );
}

/** `ofAll`: what is said of the whole reward, and so of a channel without an interval. A channel that the window does not know: few groups do. */
function cautionsOfEarlier(earlier: GroupedChannel | undefined, ofAll: readonly CautionCode[]): readonly CautionCode[] {
  if (earlier === undefined) return ofAll.length > 0 ? ofAll : UNKNOWN_IN_GROUPS;
  const { credit, cautions, ofRatios } = earlier;
  if (credit === null) return [...new Set([...ofAll, ...cautions])];
  const isMarked = ofRatios === null || cautions.includes('few_users');
  return !isMarked && hasFewBefore(earlier) ? [...cautions, 'few_users'] : cautions;
}

/** What changed since an earlier window; the ratio where `row` has one, the change of cost taken as known. */
export function changeIntervals(now: ModelUncertainty, before: ModelUncertainty, channel: string, row: Row): Row {
  return Object.assign(
    {},
    ...now.rewards.map(({ reward, channels }) => {
      const own = channels.get(channel);
      const ofEarlier = before.rewards.find((one) => one.reward === reward);
      const earlier = ofEarlier?.channels.get(channel);
      const change = own === undefined || earlier === undefined ? null : ofChange(own, earlier, now.level);
      const ratio = own === undefined || earlier === undefined ? null : ofRatio(own, earlier, now.level);
      const earlierCautions = cautionsOfEarlier(earlier, ofEarlier?.cautions ?? []);
      if (reward === 'conversions')
        return {
          ...bounds('conversionsChange', change),
          ...changeOfCpa(row, ratio),
          previousConversionsCautions: earlierCautions.join(' '),
        };
      const cost = Number(row['costMinorChange']);
      const isRatio = typeof row['changeRatioRoas'] === 'number' && change !== null;
      const [from, to] = isRatio ? [change.low / cost, change.high / cost] : [0, 0];
      return {
        ...bounds('valueMinorChange', change, Math.round),
        previousValueCautions: earlierCautions.join(' '),
        ...bounds('changeRatioRoas', isRatio ? { low: Math.min(from, to), high: Math.max(from, to) } : null),
      };
    }),
  );
}

/** CPA over that of the earlier window, both costs taken as known. Without costs there is none; null: either window has no CPA, or no cost. */
function changeOfCpa({ costMinor, previousCostMinor, creditMicros, previousCreditMicros }: Row, credit: Interval | null): Row {
  if (costMinor === undefined || previousCostMinor === undefined) return {};
  const costs = Number(costMinor) / Number(previousCostMinor);
  const isKnown = credit !== null && costs > 0 && Number.isFinite(costs);
  const [now, before] = [Number(creditMicros), Number(previousCreditMicros)];
  return {
    cpaRatio: costs > 0 && Number.isFinite(costs) && now > 0 && before > 0 ? (costs * before) / now : null,
    ...bounds('cpaRatio', isKnown ? { low: costs / credit.high, high: costs / credit.low } : null),
  };
}

function bounds(name: string, interval: Interval | null | undefined, rounded = (bound: number) => bound): Row {
  const of = (bound: number | undefined) => (bound === undefined ? null : rounded(bound));
  return { [`${name}Low`]: of(interval?.low), [`${name}High`]: of(interval?.high) };
}
