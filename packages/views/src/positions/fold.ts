import { CREDIT_UNIT_MICROS, split } from '@tributary/model/money';
import { dayOf } from '@tributary/model/time';
import { UNATTRIBUTED } from '../credit/fold.ts';
import { CONVERTING_PATH, type ConvertingPath } from '../journeys/lenses.ts';
import type { TimelineEvent } from '../timeline.ts';
import type { Emit, View } from '../view.ts';

const LAST_TOLD_APART = 20;

/**
 * Ordered Shapley (Zhao, Mahboobi, Bagheri 2018): each conversion is shared equally by the distinct channels of its path, and a
 * channel's part equally by its touches, filed by their position.
 */
export const positions: View<ConvertingPath> = {
  name: 'positions',
  dimensions: ['day', 'type', 'channel', 'position', 'currency'],
  measures: ['creditMicros', 'valueMinor'],
  lens: CONVERTING_PATH,
  rows({ conversion, channels }, _definitions, emit) {
    emitShares(channels, conversion, emit);
  },
};

function emitShares(channels: readonly string[], { ts, type, currency, valueMinor }: TimelineEvent, emit: Emit): void {
  const filed = `${dayOf(ts)}\t${type}`;
  if (channels.length === 0) {
    emit(`${filed}\t${UNATTRIBUTED}\t0\t${currency}`, [CREDIT_UNIT_MICROS, valueMinor]);
    return;
  }
  const touches = Map.groupBy(channels.keys(), (i) => channels[i] as string);
  const micros = split(CREDIT_UNIT_MICROS, ones(touches.size));
  const values = split(valueMinor, ones(touches.size));
  [...touches].forEach(([channel, indices], nth) => {
    const ownMicros = split(micros[nth] as number, ones(indices.length));
    const ownValues = split(values[nth] as number, ones(indices.length));
    indices.forEach((index, i) => {
      const position = index + 1 < LAST_TOLD_APART ? index + 1 : `${LAST_TOLD_APART}+`;
      emit(`${filed}\t${channel}\t${position}\t${currency}`, [ownMicros[i] as number, ownValues[i] as number]);
    });
  });
}

function ones(length: number): number[] {
  return new Array<number>(length).fill(1);
}
