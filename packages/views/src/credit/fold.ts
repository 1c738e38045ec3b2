import { weightsOf } from '@tributary/attribution/rule-based';
import { type Definitions, RULE_BASED_MODELS, type RuleBasedModel } from '@tributary/model/definitions';
import { CREDIT_UNIT_MICROS, split } from '@tributary/model/money';
import { dayOf } from '@tributary/model/time';
import { NONE, type TimelineEvent } from '../timeline.ts';
import type { Emit, View } from '../view.ts';
import { pathOf } from './path.ts';

export const UNATTRIBUTED = '(unattributed)';

/** The credit of each conversion under every rule-based model, split over its path to the micro and the minor unit. */
export const credit: View = {
  name: 'credit',
  dimensions: ['day', 'model', 'type', 'channel', 'campaign', 'currency'],
  measures: ['creditMicros', 'valueMinor'],
  reachMs: (definitions) => definitions.lookbackMs,
  // With `resetOnConversion` a conversion changes what later ones may look at, never earlier ones.
  revisableMs: () => 0,
  fold(timeline, at, definitions, emit) {
    const conversion = timeline[at] as TimelineEvent;
    if (conversion.kind !== 'conversion') return;
    const path = pathOf(timeline, at, definitions);
    for (const model of RULE_BASED_MODELS) {
      const prefix = `${dayOf(conversion.ts)}\t${model}\t${conversion.type}\t`;
      if (path.length === 0)
        emit(`${prefix}${UNATTRIBUTED}\t${NONE}\t${conversion.currency}`, [CREDIT_UNIT_MICROS, conversion.valueMinor]);
      else creditPath(model, path, conversion, definitions, prefix, emit);
    }
  },
};

function creditPath(
  model: RuleBasedModel,
  path: readonly TimelineEvent[],
  conversion: TimelineEvent,
  definitions: Definitions,
  prefix: string,
  emit: Emit,
): void {
  const weights = weightsOf(model, path, conversion.ts, definitions);
  const credits = split(CREDIT_UNIT_MICROS, weights);
  const values = split(conversion.valueMinor, weights);
  for (let i = 0; i < path.length; i++) {
    const micros = credits[i] as number;
    const value = values[i] as number;
    if (micros === 0 && value === 0) continue;
    const touch = path[i] as TimelineEvent;
    emit(`${prefix}${touch.channel}\t${touch.campaign}\t${conversion.currency}`, [micros, value]);
  }
}
