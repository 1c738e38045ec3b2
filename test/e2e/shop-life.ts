/** The life of a shop: an ad is clicked by a visitor, who signs in and orders. Two keys of one person, in two partitions of the log. */

import type { Event } from '@tributary/model/event';
import { DAY_MS, HOUR_MS } from '@tributary/model/time';
import { builtInDefinitions } from '@tributary/runtime/config/definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import type { RowsByView } from '@tributary/views/deltas';
import type { Client, SentEvent } from './client.ts';

/** As a file of definitions has it. */
export const JOINED = {
  identity: { days: 30 },
  signals: { orders: { count: 'purchase', window: '30d' }, all: { count: '*', window: '30d' } },
};

export interface Shopper {
  readonly user: string;
  readonly cookie: string;
  /** With the cookie alone. */
  readonly visit: readonly SentEvent[];
  readonly signIn: SentEvent;
  readonly order: SentEvent;
}

let shoppers = 0;

/** `agoMs`: how long ago the order was. */
export function shopper(user: string, cookie: string, nowMs: number, agoMs = HOUR_MS): Shopper {
  const number = ++shoppers;
  const at = (ms: number, id: string) => ({ ts: nowMs - agoMs - ms, id: `shopper-${number}-${id}`, source: 'shop' });
  return {
    user,
    cookie,
    visit: [
      { ...at(DAY_MS, 'click'), type: 'ad_click', anonymousId: cookie, channel: 'paid-search', campaign: 'autumn' },
      { ...at(DAY_MS - 1_000, 'page'), type: 'page', anonymousId: cookie, page: '/boots' },
    ],
    signIn: { ...at(2_000, 'sign-in'), type: 'identify', userId: user, anonymousId: cookie },
    order: { ...at(0, 'order'), type: 'purchase', userId: user, value: 9_999, currency: 'EUR' },
  };
}

/** What the slow oracle says of these events where each person had one key from the start. */
function truth(events: readonly SentEvent[], owners: ReadonlyMap<string, string>): RowsByView {
  return naive(
    events.map((event): Event => {
      const key = event.userId ?? event.anonymousId ?? '';
      return { ...event, receivedAt: event.ts, userId: owners.get(key) ?? key };
    }),
    builtInDefinitions(),
  );
}

/** Throws with the first rows that differ. */
function demandEqual(actual: RowsByView, expected: RowsByView): void {
  const wrong = differences(actual, expected);
  if (wrong.length > 0) throw new Error(`${wrong.length} rows differ, the first: ${wrong.slice(0, 5).join('\n')}`);
}

/**
 * For `until`: whether answers are complete, and those of the slow oracle. They are a few dozen, so all are asked for only where each event
 * is counted.
 */
export function isTrue(
  client: Client,
  sent: readonly SentEvent[],
  owners: ReadonlyMap<string, string>,
  view: 'merged' | 'batch' = 'merged',
): () => Promise<boolean> {
  const expected = truth(sent, owners);
  const events = [...(expected.get('activity') ?? [])].reduce((sum, [, [count = 0]]) => sum + Number(count), 0);
  return async () => {
    const { meta, totals } = await client.read(`/v1/activity?view=${view}`);
    if (!meta.complete) return false;
    if (totals.events !== events) throw new Error(`${totals.events} events are counted of ${events}`);
    demandEqual(await client.rows(view), expected);
    return true;
  };
}

/** What readers get of one key, without how fresh it is. */
export async function under(client: Client, key: string, order: string): Promise<Readonly<Record<string, unknown>>> {
  const user = encodeURIComponent(key);
  const { values } = await client.read(`/v1/users/${user}/values`);
  const explained = await client.read(`/v1/conversions/${order}?user=${user}`);
  return {
    signals: (await client.read(`/v1/users/${user}/signals?limit=100`)).signals,
    journeys: (await client.read(`/v1/users/${user}/journey`)).journeys,
    owner: (await client.read(`/v1/users/${user}/keys`)).owner,
    values: Object.fromEntries(
      Object.entries(values as Record<string, { value: unknown }>).map(([name, { value }]) => [name, value]),
    ),
    explained: { ...explained, meta: undefined },
  };
}
