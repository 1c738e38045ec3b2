/** What every share of a window is a share of, and all that the sum game needs to know. */

import { SEPARATOR } from '@tributary/attribution/data-driven/counts';
import type { SizedCount } from '@tributary/attribution/data-driven/sum-game';
import { OTHER } from '@tributary/model/channels/channel';
import { add, type Integer } from '@tributary/model/integer';
import type { Snapshot } from '@tributary/serving/snapshot';
import { coalitions } from '@tributary/views/coalitions/fold';
import type { Rows } from '@tributary/views/deltas';
import { collectionOf, type Remembered, rememberedUnder, type Scope, within } from './scope.ts';

/** Conversions, and their value by currency, minor units: exact, for what is shared out sums to it. */
export interface Amounts {
  conversions: Integer;
  readonly values: Map<string, Integer>;
}

/** What every share of the window is a share of. Counts for models are doubles: beyond 2^53 to one part in 2^53. */
export interface SizeCounts {
  /** Conversions with a path. */
  readonly attributed: Amounts;
  readonly unattributed: Amounts;
  /** By channel and size of the set, in conversions. */
  readonly ofConversions: readonly SizedCount[];
  /** The same in value, by currency. */
  readonly ofValue: ReadonlyMap<string, readonly SizedCount[]>;
  /** Counts of the set `(other)` alone: paths of more than 20 channels, and of channels that are not tracked. */
  readonly capped: number;
}

/** Where a row counts towards all conversions of the window, in place of a channel. */
const ALL = '\u001e';

/** The sum game's counts: linear, so a row adds to the sizes of its channels at once and no set is kept. */
export function sizesOf(snapshot: Pick<Snapshot, 'collect'>, scope: Scope): SizeCounts {
  const rows = snapshot.collect(coalitions, {
    ...collectionOf('sizes', scope),
    map([, type, channels = '', currency = ''], measures, emit) {
      if (!within(scope, type, currency)) return;
      if (channels === '') return emit(`\t0\t${currency}`, measures);
      emit(`${ALL}\t1\t${currency}`, measures);
      const set = channels.split(SEPARATOR);
      for (const channel of set) emit(`${channel}\t${set.length}\t${currency}`, measures);
    },
  });
  return rememberedUnder(memory, rows, null, () => countSizes(rows));
}

const memory = new WeakMap<Rows, Remembered<SizeCounts>>();

function countSizes(rows: Rows): SizeCounts {
  const attributed: Amounts = { conversions: 0, values: new Map() };
  const unattributed: Amounts = { conversions: 0, values: new Map() };
  const ofConversions: SizedCount[] = [];
  const ofValue = new Map<string, SizedCount[]>();
  for (const [key, [conversions = 0, value = 0]] of rows) {
    const [channel = '', size, currency = ''] = key.split('\t');
    if (channel === '') addAmounts(unattributed, currency, conversions, value);
    else if (channel === ALL) addAmounts(attributed, currency, conversions, value);
    else {
      ofConversions.push({ channel, size: Number(size), amount: Number(conversions) });
      listAt(ofValue, currency).push({ channel, size: Number(size), amount: Number(value) });
    }
  }
  const capped = ofConversions.reduce(
    (sum, { channel, size, amount }) => sum + (channel === OTHER && size === 1 ? amount : 0),
    0,
  );
  return { attributed, unattributed, ofConversions, ofValue, capped };
}

/** Every currency in which a channel has value: over several channels it may sum to nothing. */
export function currenciesOfSizes({ attributed, unattributed, ofValue }: SizeCounts): string[] {
  const whole = [attributed, unattributed].flatMap(({ values }) => [...values]);
  return [
    ...whole.flatMap(([currency, value]) => (value === 0 ? [] : [currency])),
    ...[...ofValue].flatMap(([currency, channels]) => (channels.some(({ amount }) => amount !== 0) ? [currency] : [])),
  ];
}

function addAmounts(amounts: Amounts, currency: string, conversions: Integer, value: Integer): void {
  amounts.conversions = add(amounts.conversions, conversions);
  amounts.values.set(currency, add(amounts.values.get(currency) ?? 0, value));
}

function listAt<T>(lists: Map<string, T[]>, key: string): T[] {
  let list = lists.get(key);
  if (list === undefined) lists.set(key, (list = []));
  return list;
}
