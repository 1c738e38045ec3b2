import { CREDIT_UNIT_MICROS, split } from '@tributary/model/amounts/money';
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
export const positions = {
  name: 'positions',
  counts: "conversions shared by the distinct channels of their path, and a channel's part by its touches and their position",
  dimensions: ['day', 'type', 'channel', 'position', 'currency'],
  measures: ['creditMicros', 'valueMinor'],
  lens: CONVERTING_PATH,
  looksAtParts: true,
  rows({ conversion, channels }, _definitions, emit) {
    emitShares(channels, conversion, emit);
  },
} as const satisfies View<ConvertingPath>;

function emitShares(channels: readonly string[], { ts, type, currency, valueMinor }: TimelineEvent, emit: Emit): void {
  const filed = `${dayOf(ts)}\t${type}`;
  if (channels.length === 0) {
    emit(`${filed}\t${UNATTRIBUTED}\t0\t${currency}`, [CREDIT_UNIT_MICROS, valueMinor]);
    return;
  }
  const parts = orderedShares(channels);
  const micros = parts(CREDIT_UNIT_MICROS);
  const values = parts(valueMinor);
  channels.forEach((channel, i) => {
    const position = i + 1 < LAST_TOLD_APART ? i + 1 : `${LAST_TOLD_APART}+`;
    emit(`${filed}\t${channel}\t${position}\t${currency}`, [micros[i] as number, values[i] as number]);
  });
}

/** How a total falls on the touches of a path that is not empty: integers that sum to it, in path order. */
export function orderedShares(channels: readonly string[]): (total: number) => number[] {
  const touches = [...Map.groupBy(channels.keys(), (i) => channels[i] as string).values()];
  return (total) => {
    const parts = new Array<number>(channels.length);
    split(total, ones(touches.length)).forEach((part, nth) => {
      const indices = touches[nth] as number[];
      for (const [i, own] of split(part, ones(indices.length)).entries()) parts[indices[i] as number] = own;
    });
    return parts;
  };
}

function ones(length: number): number[] {
  return new Array<number>(length).fill(1);
}
