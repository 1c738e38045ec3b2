/** An event that has every field there is, in another order than the line's. A new field needs a value here. */
import type { Event } from '@tributary/model/event';

export const FULL_EVENT: Required<Event> = {
  properties: { order: 'o-7', items: [1, 2.5, null], 'é"': { a: true } },
  keyId: '0123456789ab',
  historical: true,
  element: '#buy',
  page: 'https://shop.example/?q="1"',
  currency: 'EUR',
  value: -1999,
  cost: 12,
  creative: 'blau',
  campaign: 'été',
  channel: 'paid-search',
  source: 'shop',
  receivedAt: 1_795_000_000_040,
  anonymousId: 'a-1',
  userId: 'anna',
  id: 'e-1',
  type: 'ad_click',
  ts: 1_795_000_000_000,
};
