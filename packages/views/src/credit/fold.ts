import { weightsOf } from '@tributary/attribution/rule-based';
import { CREDIT_UNIT_MICROS, split } from '@tributary/model/amounts/money';
import { NONE } from '@tributary/model/channels/channel';
import { type Definitions, RULE_BASED_MODELS, type RuleBasedModel } from '@tributary/model/definitions';
import { dayOf } from '@tributary/model/time';
import { CONVERTING_PATH, type ConvertingPath } from '../journeys/lenses.ts';
import type { TimelineEvent } from '../timeline.ts';
import type { View } from '../view.ts';

export const UNATTRIBUTED = '(unattributed)';
const NOWHERE = `${UNATTRIBUTED}\t${NONE}`;

export const credit = {
  name: 'credit',
  counts: 'the credit of each conversion under every rule-based model, split over its path to the micro and the minor unit',
  dimensions: ['day', 'model', 'type', 'channel', 'campaign', 'currency'],
  measures: ['creditMicros', 'valueMinor'],
  lens: CONVERTING_PATH,
  keptByPartition: 'bounded',
  rows({ conversion, path }, definitions, emit) {
    const day = dayOf(conversion.ts);
    for (const model of RULE_BASED_MODELS) {
      for (const [place, measures] of creditByPlace(model, path, conversion, definitions))
        emit(`${day}\t${model}\t${conversion.type}\t${place}\t${conversion.currency}`, measures);
    }
  },
} as const satisfies View<ConvertingPath>;

/** Credit and value by place; summed before anybody builds a row key, for paths may be long and their places few. */
export function creditByPlace(
  model: RuleBasedModel,
  path: readonly TimelineEvent[],
  conversion: TimelineEvent,
  definitions: Definitions,
): Map<string, [creditMicros: number, valueMinor: number]> {
  if (path.length === 0) return new Map([[NOWHERE, [CREDIT_UNIT_MICROS, conversion.valueMinor]]]);
  const weights = weightsOf(model, path, conversion.ts, definitions);
  const credits = split(CREDIT_UNIT_MICROS, weights);
  const values = split(conversion.valueMinor, weights);
  const byPlace = new Map<string, [number, number]>();
  for (let i = 0; i < path.length; i++) {
    if (weights[i] === 0) continue;
    const { place } = path[i] as TimelineEvent;
    const sums = byPlace.get(place);
    if (sums === undefined) byPlace.set(place, [credits[i] as number, values[i] as number]);
    else {
      sums[0] += credits[i] as number;
      sums[1] += values[i] as number;
    }
  }
  return byPlace;
}
