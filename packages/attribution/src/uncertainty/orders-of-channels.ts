/**
 * How often users order over each channel, from counts that add up: conversions by the set of channels on their path, and those of them that are
 * a user's second, third … over a channel (packages/views/src/order-numbers/fold.ts).
 */
import { MARKS, noOrders, type OrdersAUser } from './orders-a-user.ts';

/** Users of a channel by how often they order over it, and over each other channel by orders that did not meet it. */
export interface BesideOrders {
  readonly own: OrdersAUser;
  readonly others: OrdersAUser;
}

export const NO_ORDERS: BesideOrders = { own: noOrders(), others: noOrders() };

export interface OrdersOfChannels {
  /** Conversions whose path has these channels. */
  add(channels: readonly string[], conversions: number): void;
  /** Those of them that are not the first order over each of the channels: which order they are over each; 0: none (refunds). */
  again(channels: readonly string[], numbers: readonly number[], conversions: number): void;
  /** By the channel's name in the report. */
  of(name: string): BesideOrders;
}

/**
 * `rename`: channels under their names in the report. Where several channels of a path have one name, an order over that name is at least the order
 * that it is over each of them: so the largest of their counts stands for the name, and never their sum.
 */
export function createOrdersOfChannels(rename: (channel: string) => string = (channel) => channel): OrdersOfChannels {
  const sets = new Map<string, OfSet>();
  const setOf = (channels: readonly string[]) => {
    const key = channels.join('\n');
    let set = sets.get(key);
    if (set === undefined) sets.set(key, (set = { conversions: 0, names: namesOf(channels, rename) }));
    return set;
  };
  return {
    add(channels, conversions) {
      setOf(channels).conversions += conversions;
    },
    again(channels, numbers, conversions) {
      const { names } = setOf(channels);
      for (const [i, channel] of channels.entries()) {
        const number = numbers[i] ?? 1;
        const own = names.get(rename(channel))?.get(channel);
        if (own === undefined || number === 1) continue;
        const last = MARKS.findLastIndex((mark) => mark <= number);
        for (let at = 0; at <= Math.max(0, last); at++) own.later[at] = (own.later[at] as number) + conversions;
        if (number === MARKS[last]) own.users[last] = (own.users[last] as number) + conversions;
      }
    },
    of(name) {
      const own = noCounts();
      const others = new Map<string, Counts>();
      for (const { conversions, names } of sets.values()) {
        const met = names.get(name);
        if (met !== undefined) addSet(own, conversions, met);
        else
          for (const [other, channels] of names) {
            if (!others.has(other)) others.set(other, noCounts());
            addSet(others.get(other) as Counts, conversions, channels);
          }
      }
      const sum = noOrders();
      for (const other of others.values())
        for (const [at, users] of usersOf(other).entries()) sum[at] = (sum[at] as number) + users;
      return { own: usersOf(own), others: sum };
    },
  };
}

/** Orders over a channel that are not its users' first, by the marks. */
interface Later {
  /** Conversions that are that order or a later one; at 0 all that are none of the first, refunds too. */
  readonly later: number[];
  /** Users who reach that number of orders by these; at 0 none. */
  readonly users: number[];
}

interface OfSet {
  conversions: number;
  readonly names: ReadonlyMap<string, ReadonlyMap<string, Later>>;
}

/** The same over all sets that a name is in. */
interface Counts extends Later {
  conversions: number;
}

function noCounts(): Counts {
  return { conversions: 0, later: noOrders(), users: noOrders() };
}

function namesOf(channels: readonly string[], rename: (channel: string) => string): OfSet['names'] {
  const names = new Map<string, Map<string, Later>>();
  for (const channel of channels) {
    const name = rename(channel);
    names.set(name, (names.get(name) ?? new Map<string, Later>()).set(channel, { later: noOrders(), users: noOrders() }));
  }
  return names;
}

function addSet(counts: Counts, conversions: number, channels: ReadonlyMap<string, Later>): void {
  counts.conversions += conversions;
  const each = [...channels.values()];
  for (const figure of ['later', 'users'] as const)
    for (let at = 0; at < MARKS.length; at++)
      counts[figure][at] =
        (counts[figure][at] as number) + each.reduce((most, own) => Math.max(most, own[figure][at] as number), 0);
}

/**
 * Users who order at least that often. A window may have a user's later orders without the earlier ones: a user who makes a fourth order made a
 * second, and where fourth orders are counted and none who reaches four by them, there is one user at least.
 */
function usersOf({ conversions, later, users }: Counts): number[] {
  const atLeast = users.map((count, at) =>
    at === 0 ? conversions - (later[0] as number) : Math.max(count, Math.sign(later[at] as number)),
  );
  for (let at = atLeast.length - 2; at >= 0; at--) atLeast[at] = Math.max(atLeast[at] as number, atLeast[at + 1] as number);
  return atLeast;
}
