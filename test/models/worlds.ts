/**
 * Worlds whose truth is known: users walk a chain of channels, and what a model says of all users that there could be is computed, not
 * drawn. Samples of them show how often an interval holds that truth.
 */
import type { PathCount } from '@tributary/attribution/data-driven/counts';
import { poisson, type Random } from '@tributary/attribution/data-driven/random';
import type { Sample, UnitRow } from '@tributary/attribution/uncertainty/units';

/** null: it did not convert. */
export interface Journey {
  readonly path: readonly string[];
  readonly value: number | null;
}

export interface World {
  readonly name: string;
  /** What one user is expected to do; fractions. */
  readonly population: readonly PathCount[];
  /** Orders from `value` on are so rare that a sample may hold none, and so cannot know of them; the population without them. */
  readonly rare: { readonly value: number; readonly population: readonly PathCount[] } | null;
  user(random: Random): Journey[];
}

const CHANNELS = ['search', 'social', 'email', 'display', 'partner', 'podcast'];
/** The longest path, in touches, so that all paths can be listed. */
const LONGEST = 5;

interface Walk {
  /** Probability of each channel, first and next. */
  readonly channels: readonly number[];
  /** How probable a conversion is after a touch of each channel. */
  readonly converts: readonly number[];
  readonly goesOn: number;
}

const PLAIN: Walk = {
  channels: [0.52, 0.2, 0.13, 0.09, 0.05, 0.01],
  converts: [0.06, 0.06, 0.075, 0.05, 0.09, 0.05],
  goesOn: 0.3,
};

interface Habit extends Orders {
  /** Journeys that begin with the same channel. */
  readonly journeys: number;
  readonly rare: { readonly value: number; readonly part: number; readonly meanValueOfOthers: number } | null;
  /** How probable it is that an order is refunded in full, by the channel that was touched last: one more conversion, over the same path. */
  readonly refunded: readonly number[];
  /** Buyers of whom some come back over this channel, and order once more. */
  readonly returns: { readonly channel: string; readonly part: number } | null;
  /** Orders of journeys that end with this channel differ: the others' are `Habit`'s. */
  readonly apart: (Orders & { readonly channel: string }) | null;
}

interface Orders {
  /** Orders of a journey that converts. */
  orders(random: Random): number;
  readonly meanOrders: number;
  value(random: Random): number;
  readonly meanValue: number;
}

/** No user has more: else their orders would have no variance. */
const MOST_ORDERS = 1_000;

const NEVER: readonly number[] = CHANNELS.map(() => 0);
const FIFTY: Orders = { orders: () => 1, meanOrders: 1, value: () => 50, meanValue: 50 };
const ONCE: Habit = { ...FIFTY, journeys: 1, rare: null, refunded: NEVER, returns: null, apart: null };

/** Pareto with this exponent. */
function paretoValues(exponent: number): Pick<Orders, 'value' | 'meanValue'> {
  return { value: (random) => 50 * (1 - random()) ** (-1 / exponent), meanValue: (50 * exponent) / (exponent - 1) };
}

/** Zipf with exponent 1.5, as far as 1 000: at least k orders with a probability of k^-1.5. */
const ZIPF_ORDERS: Pick<Orders, 'orders' | 'meanOrders'> = {
  orders: (random) => Math.min(MOST_ORDERS, Math.floor((1 - random()) ** (-1 / 1.5))),
  meanOrders: Array.from({ length: MOST_ORDERS }, (_, i) => (i + 1) ** -1.5).reduce((sum, part) => sum + part, 0),
};

const ONE_IN_FIVE_TWICE: Pick<Orders, 'orders' | 'meanOrders'> = {
  orders: (random) => (random() < 0.2 ? 2 : 1),
  meanOrders: 1.2,
};

export const WORLDS: readonly World[] = [
  worldOf('plain', PLAIN, ONCE),
  worldOf('users who convert 1 to 9 times', PLAIN, { ...ONCE, orders: (random) => 1 + Math.floor(9 * random()), meanOrders: 5 }),
  worldOf('users with 5 journeys, one first channel', PLAIN, { ...ONCE, journeys: 5 }),
  worldOf('lognormal values, σ 1', PLAIN, {
    ...ONCE,
    value: (random) => 50 * Math.exp(normal(random)),
    meanValue: 50 * Math.exp(0.5),
  }),
  worldOf('one order in 500 is 50 000', PLAIN, {
    ...ONCE,
    value: (random) => (random() < 1 / 500 ? 50_000 : 50),
    meanValue: 50_000 / 500 + (50 * 499) / 500,
    rare: { value: 50_000, part: 1 / 500, meanValueOfOthers: 50 },
  }),
  worldOf('all convert', { ...PLAIN, converts: PLAIN.channels.map(() => 1 - PLAIN.goesOn) }, ONCE),
  worldOf('values without a variance', PLAIN, { ...ONCE, ...paretoValues(1.5) }),
  worldOf('orders without a variance', PLAIN, { ...ONCE, ...ZIPF_ORDERS }),
  worldOf('values without a variance in one channel', PLAIN, {
    ...ONCE,
    apart: { ...FIFTY, ...paretoValues(1.5), channel: 'partner' },
  }),
  worldOf('orders without a variance in one channel', PLAIN, {
    ...ONCE,
    apart: { ...FIFTY, ...ZIPF_ORDERS, channel: 'partner' },
  }),
  worldOf('orders without a variance in one large channel', PLAIN, {
    ...ONCE,
    apart: { ...FIFTY, ...ZIPF_ORDERS, channel: 'social' },
  }),
  worldOf('orders without a variance in one large channel, one in five of the others orders twice', PLAIN, {
    ...ONCE,
    ...ONE_IN_FIVE_TWICE,
    apart: { ...FIFTY, ...ZIPF_ORDERS, channel: 'social' },
  }),
  worldOf('orders without a variance in the largest channel', PLAIN, {
    ...ONCE,
    apart: { ...FIFTY, ...ZIPF_ORDERS, channel: 'search' },
  }),
  worldOf('one buyer in five buys twice', PLAIN, { ...ONCE, ...ONE_IN_FIVE_TWICE }),
  worldOf('one buyer in twenty comes back over email', PLAIN, { ...ONCE, returns: { channel: 'email', part: 0.05 } }),
  worldOf('refunds of 10 to 50 % of the orders', PLAIN, {
    ...ONCE,
    value: (random) => 25 + 50 * random(),
    refunded: [0.1, 0.2, 0.1, 0.5, 0.1, 0.2],
  }),
  worldOf('one buyer in five buys 5 times', PLAIN, { ...ONCE, orders: (random) => (random() < 0.2 ? 5 : 1), meanOrders: 1.8 }),
  worldOf(
    'tiny channels beside two',
    { channels: [0.6, 0.35, 0.02, 0.015, 0.01, 0.005], converts: CHANNELS.map(() => 0.3), goesOn: 0.3 },
    ONCE,
  ),
  worldOf('ties', { ...PLAIN, channels: [0.25, 0.25, 0.2, 0.2, 0.05, 0.05], converts: PLAIN.channels.map(() => 0.06) }, ONCE),
];

/** A Poisson number of users: visitors come when they come. */
export function usersOf({ user }: World, mean: number, random: Random): Journey[][] {
  return Array.from({ length: poisson(mean, random) }, () => user(random));
}

/** The same as rows: those whose only journey did not convert are counted by its path, for they are most of all users. */
export function rowsOf({ user }: World, mean: number, random: Random): UnitRow[] {
  const without = new Map<readonly string[], number>();
  const rows: UnitRow[] = [];
  for (let left = poisson(mean, random); left > 0; left--) {
    const journeys = user(random);
    const [{ path, value }] = journeys as [Journey];
    if (journeys.length === 1 && value === null) without.set(path, (without.get(path) ?? 0) + 1);
    else rows.push(rowOf(journeys));
  }
  for (const [path, times] of without) rows.push({ ...rowOf([{ path, value: null }]), times });
  return rows;
}

/** A user as an engine of intervals takes them. */
export function rowOf(journeys: readonly Journey[]): UnitRow {
  return {
    times: 1,
    journeys: journeys.map(({ path, value }) =>
      value === null ? { path, conversions: 0, nulls: 1, value: 0 } : { path, conversions: 1, nulls: 0, value },
    ),
  };
}

export function sampleOf(rows: readonly UnitRow[]): Sample {
  return { kind: 'user', rows, hasSingleValues: true };
}

export function worldOf(name: string, walk: Walk, habit: Habit): World {
  const { journeys, rare, refunded, returns } = habit;
  const walks = populationOf(walk);
  const returning = returns === null ? 0 : returns.part * walks.reduce((sum, { conversions }) => sum + conversions, 0);
  const populationWith = (meanOfMost: number | null) =>
    walks.map(({ path, conversions, nulls }) => {
      const { meanOrders, meanValue } = habitAt(path, habit);
      const valueOfOrder = meanOfMost ?? meanValue;
      const comesBack = path.length === 1 && path[0] === returns?.channel ? returning : 0;
      const orders = journeys * (conversions * meanOrders + comesBack);
      const refunds = orders * (refunded[CHANNELS.indexOf(path.at(-1) as string)] as number);
      return { path, conversions: orders + refunds, nulls: journeys * nulls, value: (orders - refunds) * valueOfOrder };
    });
  return {
    name,
    population: populationWith(null),
    rare: rare && { value: rare.value, population: populationWith((1 - rare.part) * rare.meanValueOfOthers) },
    user(random) {
      const first = oneOf(walk.channels, random);
      if (journeys === 1) return walked(walk, first, habit, random);
      return Array.from({ length: journeys }, () => walked(walk, first, habit, random)).flat();
    },
  };
}

function walked({ channels, converts, goesOn }: Walk, first: number, habit: Habit, random: Random): Journey[] {
  let step = START;
  for (let at = first; ; at = oneOf(channels, random)) {
    step = stepOf(step, at);
    const { path } = step;
    const further = path.length === LONGEST ? 0 : goesOn;
    if (random() < further) continue;
    // The part that converts of those that end here.
    if (random() >= (converts[at] as number) / (1 - goesOn)) return [{ path, value: null }];
    return ordered(path, habit, habit.refunded[at] as number, random);
  }
}

/** Paths that begin alike share a step, so equal paths are one array. */
interface Step {
  readonly path: readonly string[];
  readonly next: Map<number, Step>;
}

const START: Step = { path: [], next: new Map() };

function stepOf({ path, next }: Step, channel: number): Step {
  let step = next.get(channel);
  if (step === undefined) next.set(channel, (step = { path: [...path, CHANNELS[channel] as string], next: new Map() }));
  return step;
}

function habitAt(path: readonly string[], habit: Habit): Orders {
  return habit.apart !== null && path.at(-1) === habit.apart.channel ? habit.apart : habit;
}

function ordered(path: readonly string[], habit: Habit, refunded: number, random: Random): Journey[] {
  const { orders, value } = habitAt(path, habit);
  const { returns } = habit;
  const again = returns !== null && random() < returns.part ? [[returns.channel]] : [];
  return [...Array.from({ length: orders(random) }, () => path), ...again].flatMap((one) => {
    const order = { path: one, value: value(random) };
    // Worlds without refunds draw no number for them: their samples are those of before.
    return refunded > 0 && random() < refunded ? [order, { path: one, value: -order.value }] : [order];
  });
}

/** All paths with their probabilities, of a journey. */
function populationOf({ channels, converts, goesOn }: Walk): PathCount[] {
  const all: PathCount[] = [];
  const extend = (path: readonly string[], probability: number) => {
    for (const [at, chance] of channels.entries()) {
      const here = probability * chance;
      const longer = [...path, CHANNELS[at] as string];
      const further = longer.length === LONGEST ? 0 : here * goesOn;
      const converting = (converts[at] as number) / (1 - goesOn);
      const ending = here - further;
      all.push({ path: longer, conversions: ending * converting, nulls: ending * (1 - converting), value: 0 });
      if (further > 0) extend(longer, further);
    }
  };
  extend([], 1);
  return all;
}

function oneOf(probabilities: readonly number[], random: Random): number {
  let left = random();
  // A loop: samples draw millions of these.
  for (let at = 0; at < probabilities.length; at++) {
    left -= probabilities[at] as number;
    if (left < 0) return at;
  }
  return probabilities.length - 1;
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
}
