import { explain, explainCount, says } from '@tributary/signals/definitions/explain';
import { expect, test } from 'vitest';
import { written } from './written.ts';

test('each kind is explained in words, with the defaults that were left out', () => {
  const set = written({
    fields: { item: 'properties.item' },
    signals: {
      last: { type: 'view', fields: ['item'] },
      views: { count: ['view', 'search'], window: '90m', where: "channel == 'email'" },
      best: { top: '*.item', k: 3, window: { tumbling: '1d' } },
      recent: { count: 'view', window: '1h', accuracy: 'sawtooth' },
      bought: { ratio: { of: { count: 'buy' }, to: { sum: 'view.value' } } },
      sold: {
        join: { type: 'view', fields: ['item'] },
        with: { type: 'buy', where: 'value > 0', fields: ['value'] },
        on: ['item', 'page'],
        within: { before: '30s', after: '1d' },
        only: 'matched',
      },
      left: { join: { type: 'cart' }, with: { type: 'buy' }, on: { item: 'page' }, within: {}, only: 'unmatched' },
      warm: { decayedCount: 'view', halfLife: '36h', window: { session: 'web' } },
    },
    sessions: { web: {} },
    segments: {
      planner: { enter: "type == 'search'", refresh: "type == 'view'", exit: "type == 'buy'" },
      lapsed: { enter: "type == 'buy'", absence: { not: "type == 'buy'", for: '30d' } },
    },
  });
  expect(Object.fromEntries([...set].map(([name, { resolved }]) => [name, explain(resolved)]))).toEqual({
    last: 'the last 20 events of type "view" of 90d, newest first, with item',
    views: 'how many events of type "view" or "search" where channel == \'email\', in [asOf − 90m, asOf)',
    best: 'the 3 most frequent values of item in events of any type, with their counts, since the last whole 1d in UTC',
    recent: 'how many events of type "view", from the last whole 5m in UTC at or before asOf − 1h on',
    bought: 'how many events of type "buy" divided by the sum of value in events of type "view", in [asOf − 90d, asOf)',
    sold: 'the last 20 events of type "view" of 89d, newest first, with item; the match of each is the first of events of type "buy" where value > 0 with the same item and page, from 30s before it to 1d after it, with value; only those with a match',
    left: 'the last 20 events of type "cart" of 90d, newest first; the match of each is the first of events of type "buy" with the same item as page, from its instant to its instant; only those without a match',
    warm: 'how many events of type "view", each halved with every 36h of age, in the session of "web" that is open',
    web: 'the last 10 sessions that began within 30d: events of any type with less than 30m between one and the next',
    planner:
      "in from an event where type == 'search'; out 90d after the last event where that holds or type == 'view', or with an event where type == 'buy'",
    lapsed:
      "in once 30d have passed since the last event where type == 'buy', without one where type == 'buy'; out with the next such event, 60d later",
  });
});

test('what is counted over all users is said too: by day of a segment, and by a value of events', () => {
  const set = written({ segments: { planner: { enter: "type == 'search'", ttl: '14d', byDay: true } } });
  const planner = set.get('planner');
  expect(planner === undefined ? '' : says(planner)).toBe(
    "in from an event where type == 'search'; out 14d after the last event where that holds; who entered and left is counted by day",
  );
  expect(explainCount({ count: ['view', 'search'], by: 'item', where: 'value > 0' })).toBe(
    'over all users and by day, how many events of type "view" or "search" where value > 0 have each value of item',
  );
});
