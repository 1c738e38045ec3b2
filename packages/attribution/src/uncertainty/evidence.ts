/** What stands behind the figures of a channel: how many units, and how their value is spread. */
import type { Estimator } from './estimators.ts';
import { type BesideOthers, besideOthers, ORDERS_FROM, type Powers, type Shared } from './like-others.ts';
import { addOrders, noOrders } from './orders-a-user.ts';
import { type Amount, hasHeavyTail } from './tail.ts';
import type { Units } from './units.ts';

export interface Evidence {
  /** Units with a conversion that counts for the channel. */
  readonly converted: number;
  /** `(Σn)² / Σn²` over the conversions of these units. */
  readonly ofConversions: number;
  /** `(Σv)² / Σv²` over the net values of these units, 0 where they sum to less than 0: that many units of equal value would be as certain. */
  readonly ofValue: number;
  /** Whether any of these units has a value. */
  readonly hasValue: boolean;
  /** Journeys over no other channel, and how many units converted by one. */
  readonly journeysAlone: number;
  readonly convertedAlone: number;
  readonly heavyTail: HeavyTail;
  readonly beside: Beside;
}

/** What the units of all other channels show of the channel's own; null: they are too few. */
interface Beside {
  readonly ofConversions: BesideOthers | null;
  readonly ofValue: BesideOthers | null;
}

/** Whether the conversions, and the values, of single units may have no variance. */
interface HeavyTail {
  readonly ofConversions: boolean;
  readonly ofValue: boolean;
}

export interface AllEvidence {
  readonly converted: number;
  readonly ofConversions: number;
  readonly ofValue: number;
  readonly hasValue: boolean;
  /** Value of the largest order, and the part of all value that it is. */
  readonly largestValue: number;
  readonly largestOrder: number;
  readonly heavyTail: HeavyTail;
  readonly byChannel: readonly Evidence[];
}

interface Sums {
  converted: number;
  conversions: number;
  squaresOfConversions: number;
  value: number;
  squares: number;
  readonly powers: Readonly<Record<keyof HeavyTail, MutablePowers>>;
  /** What single units have. */
  readonly amounts: Readonly<Record<keyof HeavyTail, Amount[]>>;
}

/** A unit counts once, however often it converts. */
export function evidenceOf(units: Units, { channels, counts }: Pick<Estimator, 'channels' | 'counts'>): AllEvidence {
  const all = noSums();
  const own = channels.map(noSums);
  const alone = channels.map(() => ({ journeys: 0, converted: 0 }));
  const place = new Map(channels.map((channel, i) => [channel, i]));
  const channelsOf = units.paths.map(({ path }, at) =>
    [...new Set(path)].map((channel) => place.get(channel) as number).filter((channel) => counts(at, channel)),
  );
  const onlyOf = units.paths.map(({ path }) =>
    path.every((channel) => channel === path[0]) ? (place.get(path[0] as string) as number) : -1,
  );
  const entries = entriesOf(units, channelsOf, channels.length);
  let largest = 0;
  for (const [unit, times] of units.times.entries()) {
    const aloneHere = new Set<number>();
    let [converted, value] = [0, 0];
    for (let at = units.begins[unit] as number; at < (units.begins[unit + 1] as number); at++) {
      const path = units.pathOf[at] as number;
      const conversions = units.conversions[at] as number;
      const worth = units.value[at] as number;
      const only = onlyOf[path] as number;
      if (only >= 0) (alone[only] as { journeys: number }).journeys += times * (conversions + (units.nulls[at] as number));
      if (conversions === 0) continue;
      if (only >= 0) aloneHere.add(only);
      converted += conversions;
      value += worth;
      largest = Math.max(largest, Math.abs(worth) / conversions);
    }
    if (converted === 0) continue;
    count(all, times, { conversions: converted, worth: value, orders: 0 });
    for (let at = entries.begins[unit] as number; at < (entries.begins[unit + 1] as number); at++)
      count(own[entries.channels[at] as number] as Sums, times, unitAt(entries, at));
    for (const channel of aloneHere) (alone[channel] as { converted: number }).converted += times;
  }
  const besideIn = (of: keyof HeavyTail) =>
    besideOthers(
      own.map(({ powers }): Powers => powers[of]),
      sharedIn(units.times, entries, own.length, of),
    );
  const besides = { ofConversions: besideIn('ofConversions'), ofValue: besideIn('ofValue') };
  return {
    converted: all.converted,
    ofConversions: equals(all.conversions, all.squaresOfConversions),
    ofValue: equals(all.value, all.squares),
    hasValue: all.squares > 0,
    largestValue: largest,
    largestOrder: all.value <= 0 ? 0 : largest / all.value,
    heavyTail: heavyTailOf(all),
    byChannel: own.map((sums, i) => ({
      converted: sums.converted,
      ofConversions: equals(sums.conversions, sums.squaresOfConversions),
      ofValue: equals(sums.value, sums.squares),
      hasValue: sums.squares > 0,
      journeysAlone: (alone[i] as { journeys: number }).journeys,
      convertedAlone: (alone[i] as { converted: number }).converted,
      heavyTail: heavyTailOf(sums),
      beside: { ofConversions: besides.ofConversions[i] ?? null, ofValue: besides.ofValue[i] ?? null },
    })),
  };
}

/** What one unit did over a channel, or in all. */
interface Unit {
  readonly conversions: number;
  readonly worth: number;
  /** Conversions without refunds. */
  readonly orders: number;
}

function noSums(): Sums {
  const amounts = { ofConversions: [], ofValue: [] };
  const powers: Sums['powers'] = { ofConversions: noPowers(), ofValue: noPowers() };
  return { converted: 0, conversions: 0, squaresOfConversions: 0, value: 0, squares: 0, powers, amounts };
}

function heavyTailOf({ amounts }: Sums): HeavyTail {
  return { ofConversions: hasHeavyTail(amounts.ofConversions), ofValue: hasHeavyTail(amounts.ofValue) };
}

function count(sums: Sums, times: number, { conversions, worth, orders }: Unit): void {
  sums.converted += times;
  sums.conversions += times * conversions;
  sums.squaresOfConversions += times * conversions ** 2;
  sums.value += times * worth;
  sums.squares += times * worth ** 2;
  for (const kind of ['ofConversions', 'ofValue'] as const)
    addUnit(sums.powers[kind], kind, { conversions, worth, orders }, times);
  sums.amounts.ofConversions.push({ amount: conversions, times });
  sums.amounts.ofValue.push({ amount: Math.abs(worth), times });
}

/** What units have over each channel that their conversions count for: those of unit `i` are the places from `begins[i]` to `begins[i + 1]`. */
interface Entries {
  readonly begins: Int32Array;
  readonly channels: number[];
  readonly conversions: number[];
  readonly worth: number[];
  readonly orders: number[];
}

function entriesOf(units: Units, channelsOf: readonly (readonly number[])[], channels: number): Entries {
  const begins = new Int32Array(units.times.length + 1);
  const entries: Entries = { begins, channels: [], conversions: [], worth: [], orders: [] };
  /** By channel: the place of the unit's own, where it is not of a unit before. */
  const places = new Int32Array(channels).fill(-1);
  for (let unit = 0; unit < units.times.length; unit++) {
    const first = entries.channels.length;
    for (let at = units.begins[unit] as number; at < (units.begins[unit + 1] as number); at++) {
      const conversions = units.conversions[at] as number;
      if (conversions === 0) continue;
      const value = units.value[at] as number;
      for (const channel of channelsOf[units.pathOf[at] as number] as number[]) {
        if ((places[channel] as number) < first) {
          places[channel] = entries.channels.push(channel) - 1;
          for (const figures of [entries.conversions, entries.worth, entries.orders]) figures.push(0);
        }
        const place = places[channel] as number;
        entries.conversions[place] = (entries.conversions[place] as number) + conversions;
        entries.worth[place] = (entries.worth[place] as number) + value;
        entries.orders[place] = (entries.orders[place] as number) + (value < 0 ? 0 : conversions);
      }
    }
    begins[unit + 1] = entries.channels.length;
  }
  return entries;
}

function unitAt({ conversions, worth, orders }: Entries, at: number): Unit {
  return { conversions: conversions[at] as number, worth: worth[at] as number, orders: orders[at] as number };
}

/** What channels have of the units that met each of them. */
function sharedIn(times: Float64Array, entries: Entries, channels: number, of: keyof HeavyTail): Shared {
  const { begins, channels: channelAt } = entries;
  const sharedOf = (isOf: (channel: number) => boolean): Powers[] => {
    const shared = Array.from({ length: channels }, noPowers);
    for (let unit = 0; unit < times.length; unit++) {
      const [begin, end] = [begins[unit] as number, begins[unit + 1] as number];
      if (begin === end) continue;
      const all = noPowers();
      for (let at = begin; at < end; at++)
        if (isOf(channelAt[at] as number)) addUnit(all, of, unitAt(entries, at), times[unit] as number);
      for (let at = begin; at < end; at++) {
        const own = shared[channelAt[at] as number] as MutablePowers;
        for (let k = 0; k < own.length; k++) own[k] = (own[k] as number) + (all[k] as number);
      }
    }
    return shared;
  };
  return { withAll: sharedOf(() => true), withEach: (channel) => sharedOf((one) => one === channel) };
}

function noPowers(): MutablePowers {
  return [0, 0, 0, 0, 0, 0, ...noOrders()];
}

/** One unit more. */
function addUnit(powers: MutablePowers, of: keyof HeavyTail, { conversions, worth, orders }: Unit, times: number): void {
  addPowers(powers, of === 'ofConversions' ? conversions : worth, times);
  if (of === 'ofConversions') addOrders(powers, orders, times, ORDERS_FROM);
}

type MutablePowers = [number, number, number, number, number, number, ...number[]];

function addPowers(powers: MutablePowers, amount: number, times: number): void {
  if (amount <= 0) powers[5] += times;
  let power = times;
  for (let k = 0; k <= 4; k++) {
    powers[k] = (powers[k] as number) + power;
    power *= amount;
  }
}

function equals(sum: number, squares: number): number {
  return squares === 0 || sum <= 0 ? 0 : sum ** 2 / squares;
}
