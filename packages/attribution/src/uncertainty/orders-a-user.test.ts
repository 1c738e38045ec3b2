import { describe, expect, test } from 'vitest';
import { createRandom, type Random } from '../data-driven/random.ts';
import { addOrders, fewestToRefute, mayBeOfFew, noOrders } from './orders-a-user.ts';
import { createOrdersOfChannels } from './orders-of-channels.ts';

/** Users by how many orders each has: `of([30, 1], [2, 5])`: 30 with one, 2 with 5. */
function of(...users: readonly (readonly [users: number, orders: number])[]): number[] {
  const all = noOrders();
  for (const [times, orders] of users) addOrders(all, orders, times);
  return all;
}

function zipf(random: Random): number {
  return Math.floor((1 - random()) ** (-1 / 1.5));
}

const ONCE = of([40, 1]);
const ONE_IN_FIVE_TWICE = of([80, 1], [20, 2]);
const OTHERS = {
  ONCE,
  ONE_IN_FIVE_TWICE,
  few: of([3, 1]),
  oneToNine: of(...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => [10, n] as const)),
};

describe('a few users may decide a channel', () => {
  test.each(Object.entries(OTHERS))(
    'of a law without a variance at most 15 samples of 100 are printed, beside others: %s',
    (_, others) => {
      const random = createRandom(3);
      // Samples of few users are often alike: each is asked once.
      const asked = new Map<string, boolean>();
      const ask = (own: number[]) => {
        const sample = own.join();
        const isFew = asked.get(sample) ?? mayBeOfFew(own, others);
        asked.set(sample, isFew);
        return isFew;
      };
      for (const users of [5, 9, 17, 40, 90]) {
        let printed = 0;
        for (let sample = 0; sample < 2_000; sample++) {
          const own = noOrders();
          for (let user = 0; user < users; user++) addOrders(own, zipf(random), 1);
          printed += Number(!ask(own));
        }
        expect(printed / 2_000).toBeLessThan(0.15 + 3 * Math.sqrt((0.15 * 0.85) / 2_000));
      }
    },
  );

  test('where all others order once, 5 users who do suffice; where some order twice it takes twice as many', () => {
    expect([mayBeOfFew(of([4, 1]), ONCE), mayBeOfFew(of([5, 1]), ONCE)]).toEqual([true, false]);
    expect([fewestToRefute(ONCE), fewestToRefute(ONE_IN_FIVE_TWICE)]).toEqual([5, 10]);
    expect(mayBeOfFew(of([7, 1], [2, 2]), ONE_IN_FIVE_TWICE)).toBe(true);
    expect(mayBeOfFew(of([11, 1], [3, 2]), ONE_IN_FIVE_TWICE)).toBe(false);
  });

  test('one who orders more often than any of the others is one too many; of twenty twice as often as others twice is not', () => {
    expect(mayBeOfFew(of([12, 1], [3, 2], [1, 4]), ONE_IN_FIVE_TWICE)).toBe(true);
    expect(mayBeOfFew(of([10, 1], [7, 2]), ONE_IN_FIVE_TWICE)).toBe(false);
    expect(mayBeOfFew(of([9, 1], [1, 2]), ONCE)).toBe(false);
    expect(mayBeOfFew(of([7, 1], [2, 2]), ONCE)).toBe(true);
  });

  test('none of the others show nothing: then it takes 9 users of its own who order once', () => {
    expect([mayBeOfFew(of([8, 1]), noOrders()), mayBeOfFew(of([9, 1]), noOrders())]).toEqual([true, false]);
    expect(mayBeOfFew(noOrders(), noOrders())).toBe(false);
  });

  test('a channel whose users order less often than those of the others is none of few users', () => {
    expect(mayBeOfFew(of([30, 1]), of([40, 2]))).toBe(false);
    expect([mayBeOfFew(of([12, 1], [5, 2]), of([40, 3])), mayBeOfFew(of([12, 1], [6, 2]), of([40, 3]))]).toEqual([true, false]);
  });

  test('law 7: many users of such a law are refused, and the more of them the surer, also beside others of the same law', () => {
    const random = createRandom(5);
    const sample = (users: number) => {
      const all = noOrders();
      for (let user = 0; user < users; user++) addOrders(all, zipf(random), 1);
      return all;
    };
    // Before, all 500 samples of 250 users and more: 200 passed by their number, by marks that end at 12 orders.
    for (const users of [90, 250, 1_000, 2_500])
      for (const others of [ONCE, null]) {
        let printed = 0;
        for (let one = 0; one < 500; one++) printed += Number(!mayBeOfFew(sample(users), others ?? sample(2_000)));
        expect(printed).toBeLessThan(500 / 8);
      }
  });

  test('of many users it is their law that counts', () => {
    expect(mayBeOfFew(of([190, 1], [30, 12]), ONCE)).toBe(true);
    expect(mayBeOfFew(of([400, 1], [20, 12]), ONCE)).toBe(false);
  });

  test('of many users no more may order often than of the others, where so few would be as rare of Zipf’s law', () => {
    const others = of([200, 1]);
    expect([mayBeOfFew(of([24, 1], [1, 5]), others), mayBeOfFew(of([22, 1], [3, 5]), others)]).toEqual([false, true]);
  });

  test('where all order twice, a channel that does is like them', () => {
    expect(mayBeOfFew(of([5, 2]), of([40, 2]))).toBe(false);
  });
});

describe('orders over channels, from counts that add up', () => {
  test('others are those that did not meet the channel, over each of their channels', () => {
    const orders = createOrdersOfChannels();
    orders.add(['a'], 10);
    orders.add(['a', 'b'], 4);
    orders.add(['b', 'c'], 3);
    orders.again(['b', 'c'], [2, 1], 1);
    expect(orders.of('a')).toEqual({ own: of([14, 1]), others: of([4, 1], [1, 2]) });
    expect(orders.of('b')).toEqual({ own: of([5, 1], [1, 2]), others: of([10, 1]) });
    expect(orders.of('nowhere').own).toEqual(noOrders());
  });

  test('a fifth order is one more of those from the fourth on; a refund is none', () => {
    const orders = createOrdersOfChannels();
    orders.add(['a'], 7);
    for (const nth of [2, 3, 4, 5, 0]) orders.again(['a'], [nth], 1);
    expect(orders.of('a').own).toEqual(of([1, 1], [1, 5]));
  });

  test('two channels of a path under one name: what repeats an order over both is one repeat (before: two, and 2 users of 10)', () => {
    const orders = createOrdersOfChannels((channel) => (channel === 'a' ? 'a' : 'others'));
    orders.add(['x', 'y'], 10);
    orders.again(['x', 'y'], [2, 2], 4);
    orders.add(['a', 'x'], 3);
    expect(orders.of('others').own).toEqual(of([5, 1], [4, 2]));
    expect(orders.of('a')).toEqual({ own: of([3, 1]), others: of([2, 1], [4, 2]) });
  });

  test('the same where it is the second over one of them and the third over the other: it is the third over their name', () => {
    const orders = createOrdersOfChannels(() => 'all');
    orders.add(['y'], 2);
    orders.again(['y'], [2], 1);
    orders.add(['x', 'y'], 2);
    orders.again(['x', 'y'], [2, 3], 1);
    const { own } = orders.of('all');
    expect([own[0], own[2], own[3]]).toEqual([2, 1, 0]);
  });

  test('a window that begins between the orders of its users has these users (before: none, or fewer than none)', () => {
    const orders = createOrdersOfChannels();
    orders.add(['a'], 12);
    // Beside 4 of one order: a user's 14th to 18th, and the second of three whose first came before the window.
    for (let nth = 14; nth <= 18; nth++) orders.again(['a'], [nth], 1);
    orders.again(['a'], [2], 3);
    orders.add(['b'], 20);
    orders.again(['b'], [2], 15);
    expect(orders.of('a').own).toEqual([4, 3, 1, 1, 1, 1, 1]);
    expect(orders.of('b').own).toEqual([15, 15, 0, 0, 0, 0, 0]);
  });

  test('law 7: one who orders all the time shows in a window that has none of the first orders (before: 9 users of one order)', () => {
    const orders = createOrdersOfChannels();
    orders.add(['a'], 9 + 40);
    for (let nth = 50; nth < 90; nth++) orders.again(['a'], [nth], 1);
    orders.add(['b'], 100);
    const { own, others } = orders.of('a');
    expect([own[0], mayBeOfFew(own, others)]).toEqual([9, true]);
  });
});
