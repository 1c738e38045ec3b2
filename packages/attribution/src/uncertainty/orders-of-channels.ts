/**
 * How often users order over each channel, from counts that add up: conversions by the set of channels on their path, and those of them that are
 * a user's second, third … over a channel (packages/views/src/later-orders/fold.ts).
 */
import { addOrders, MARKS, noOrders, type OrdersAUser } from './orders-a-user.ts';

/** Users of a channel by how often they order over it, and over each other channel by orders that did not meet it. */
export interface BesideOrders {
  readonly own: OrdersAUser;
  readonly others: OrdersAUser;
}

export const NO_ORDERS: BesideOrders = { own: noOrders(), others: noOrders() };

/** Orders that a user made over a channel before, by the marks: 1 for the second and third, … 12 from the twelfth on. */
export interface Again {
  /** The last mark that is reached. */
  readonly nth: number;
  /** Conversions; those of no order (refunds) have an `nth` of 0. */
  readonly conversions: number;
  /** How many of them reach it. */
  readonly users: number;
}

/** A conversion that is that order of its user. */
export function againOf(order: number): Again {
  const nth = MARKS.findLast((mark) => mark <= order) ?? 0;
  return { nth, conversions: 1, users: order > 0 && order === nth ? 1 : 0 };
}

export interface OrdersOfChannels {
  /** Conversions whose path has these channels. */
  add(channels: readonly string[], conversions: number): void;
  /** How many of them are not the first order over one of the channels. */
  again(channels: readonly string[], channel: string, again: Again): void;
  of(channel: string): BesideOrders;
}

export function createOrdersOfChannels(): OrdersOfChannels {
  const sets = new Map<string, { readonly channels: readonly string[]; readonly of: Map<string, number[]> }>();
  const setOf = (channels: readonly string[]) => {
    const key = channels.join('\n');
    let set = sets.get(key);
    if (set === undefined) sets.set(key, (set = { channels, of: new Map(channels.map((channel) => [channel, noOrders()])) }));
    return set.of;
  };
  return {
    add(channels, conversions) {
      for (const users of setOf(channels).values()) addOrders(users, 1, conversions);
    },
    again(channels, channel, { nth, conversions, users }) {
      const own = setOf(channels).get(channel);
      if (own === undefined) return;
      own[0] = (own[0] as number) - conversions;
      const at = MARKS.indexOf(nth as (typeof MARKS)[number]);
      if (at > 0) own[at] = (own[at] as number) + users;
    },
    of(channel) {
      const found = { own: noOrders(), others: noOrders() };
      for (const { of } of sets.values()) {
        const own = of.get(channel);
        if (own !== undefined) addTo(found.own, own);
        else for (const users of of.values()) addTo(found.others, users);
      }
      return found;
    },
  };
}

function addTo(sum: number[], more: OrdersAUser): void {
  for (const [at, users] of more.entries()) sum[at] = (sum[at] as number) + users;
}
