/** What the SDK of Feast is asked of: an API on stores in memory, with users of all sorts and a definition of each kind of column. */
import { type Event, encodeEvent } from '@tributary/model/event';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '@tributary/model/time';
import { partitionOf } from '@tributary/model/user-key';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { readDefinitions } from '@tributary/signals/definitions/file';
import { cutMark } from '@tributary/views/record';
import { createWorld, event, NOON, PARTITIONS, type World } from '../../../services/api/test/world.ts';

const DEFINITIONS = {
  fields: { item: 'properties.item', price: { from: 'properties.price', type: 'number' } },
  signals: {
    views1h: { count: 'view', window: '1h' },
    spend: { sum: 'purchase.value', window: '3d' },
    dearest: { max: 'view.price' },
    meanPrice: { mean: 'view.price' },
    favourite: { mostFrequent: 'view.item', window: '2d' },
    isMember: { last: '*.historical' },
    lastViews: { type: 'view', fields: ['item', 'price'], keep: { count: 2, age: '2d' } },
    bought: { ratio: { of: { count: 'purchase' }, to: { count: 'view' } } },
  },
  segments: { planner: { enter: "type == 'search'", ttl: '12h' } },
  signalRetention: { days: 10 },
  touches: { ad_click: { windowDays: 1 } },
};

/** `cut`: their record lost events. `42`: a key that is a whole number. `absent` has no event. */
export const USERS = ['ada', 'zoë "1"', 'cut', 42, 'absent', 'ada'] as const;
export const FEATURES = [...Object.keys(DEFINITIONS.signals), ...['planner', 'planner.since']];

export async function feastWorld(): Promise<World> {
  const world = await createWorld({ definitions: readDefinitions(JSON.stringify(DEFINITIONS), sha256Hex) });
  let id = 0;
  const happened = (userId: string, type: string, agoMs: number, rest: Partial<Event> = {}) =>
    event({ type, userId, id: `f${++id}`, ts: NOON - agoMs, receivedAt: NOON - agoMs, ...rest });
  const events = [
    happened('ada', 'view', 3 * HOUR_MS, { properties: { item: 'boots', price: 120 } }),
    happened('ada', 'view', 20 * MINUTE_MS, { properties: { item: 'tote', price: 89.5 } }),
    happened('ada', 'search', 10 * MINUTE_MS),
    happened('ada', 'purchase', 5 * MINUTE_MS + 877, { value: 8950, currency: 'EUR' }),
    happened('zoë "1"', 'visit', DAY_MS),
    // More than a double holds exactly.
    happened('42', 'purchase', 2 * DAY_MS, { value: 9_007_199_254_740_991 }),
    happened('42', 'purchase', 2 * DAY_MS, { value: 9_007_199_254_740_991 }),
    happened('cut', 'view', 30 * MINUTE_MS),
  ];
  for (const one of events) await world.ingest(one);
  const lost = `${encodeEvent(happened('cut', 'view', 30 * MINUTE_MS))}\n${cutMark(NOON - DAY_MS)}`;
  // Together more than 64 bits hold.
  const large = () => encodeEvent(happened('zoë "1"', 'purchase', HOUR_MS, { value: 9_007_199_254_740_991 }));
  const most = `${Array.from({ length: 1_100 }, large).join('\n')}\n`;
  for (const [user, record] of [
    ['cut', lost],
    ['zoë "1"', most],
  ] as const)
    await world.commit(partitionOf(user, PARTITIONS), { rewrites: new Map([[user, record]]) }, {});
  await world.tick();
  return world;
}
