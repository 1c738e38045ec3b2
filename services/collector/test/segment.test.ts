import type { Event } from '@tributary/model/event';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KEY_ID, NOW, type StartedCollector, startCollector } from './start-collector.ts';

let collector: StartedCollector;
beforeEach(async () => {
  collector = await startCollector();
});
afterEach(async () => {
  await collector.stop();
  expect(collector.defects).toEqual([]);
});

async function stored(path: string, body: object): Promise<Event> {
  const posted = await collector.post(path, body);
  expect(posted.body).toMatchObject({ accepted: 1, rejected: [] });
  return (await collector.events()).at(-1) as Event;
}

async function rejection(path: string, body: object) {
  const posted = await collector.post(path, body);
  expect(posted.status).toBe(200);
  expect(posted.body['accepted']).toBe(0);
  return posted.body.rejected[0];
}

describe('calls become events', () => {
  test('track: the type is the name of the event', async () => {
    const event = await stored('/v1/track', {
      event: 'Order Completed',
      messageId: 'm1',
      userId: 'u',
      anonymousId: 'a',
      properties: { revenue: 19.99, currency: 'eur', orderId: 'o1' },
      context: {
        library: { name: 'lib', version: '1' },
        campaign: { name: 'autumn', source: 'google', medium: 'cpc', content: 'blue' },
      },
      integrations: { All: true },
    });
    expect(event).toEqual({
      ts: NOW,
      keyId: KEY_ID,
      type: 'Order Completed',
      id: 'm1',
      userId: 'u',
      anonymousId: 'a',
      receivedAt: NOW,
      source: 'segment:lib',
      channel: 'paid-search',
      campaign: 'autumn',
      creative: 'blue',
      value: 1999,
      currency: 'EUR',
      properties: { revenue: 19.99, currency: 'eur', orderId: 'o1' },
    });
  });

  test('page and screen: a visit, with page, channel and name', async () => {
    const context = {
      page: { url: 'https://a.example/x?utm_source=newsletter&utm_medium=email', referrer: 'https://b.example/' },
    };
    expect(
      await stored('/v1/page', { anonymousId: 'a', name: 'Home', category: 'C', properties: { name: 'own' }, context }),
    ).toMatchObject({
      type: 'page',
      page: context.page.url,
      channel: 'email',
      properties: { name: 'own', category: 'C' },
    });
    expect(await stored('/v1/screen', { userId: 'u', name: 'Cart' })).toMatchObject({
      type: 'screen',
      channel: 'direct',
      properties: { name: 'Cart' },
    });
  });

  test('identify, group and alias keep traits and the other id', async () => {
    const inContext = { userId: 'u', context: { traits: { plan: 'pro' } } };
    expect(await stored('/v1/identify', inContext)).toMatchObject({ properties: { plan: 'pro' } });
    expect(await stored('/v1/track', { ...inContext, event: 'x' })).not.toHaveProperty('properties.plan');
    expect(await stored('/v1/identify', { userId: 'u', traits: { plan: 'pro', value: 'high' } })).toMatchObject({
      type: 'identify',
      properties: { plan: 'pro', value: 'high' },
    });
    expect(await stored('/v1/group', { userId: 'u', groupId: 'g', traits: { n: 1 } })).toMatchObject({
      type: 'group',
      properties: { n: 1, groupId: 'g' },
    });
    // PHP makes `[]` of a map without entries.
    for (const traits of [[], 'x', 5, true, null]) {
      expect(await stored('/v1/identify', { userId: 'u', context: { traits } })).toMatchObject({ type: 'identify' });
      expect(await stored('/v1/identify', { userId: 'u', context: { traits } })).not.toHaveProperty('properties');
    }
    const both = { userId: 'u', traits: { plan: 'own' }, context: { traits: { plan: 'old', city: 'Kiel' } } };
    expect(await stored('/v1/identify', both)).toMatchObject({ properties: { plan: 'own' } });
    expect(await stored('/v1/identify', both)).not.toHaveProperty('properties.city');
    expect(await stored('/v1/group', { ...inContext, groupId: 'g' })).not.toHaveProperty('properties.plan');
    expect(await stored('/v1/alias', { userId: 'u', previousId: 'p' })).toMatchObject({
      type: 'alias',
      properties: { previousId: 'p' },
    });
  });

  test('each short path takes its call', async () => {
    const calls = { t: 'track', p: 'page', s: 'screen', i: 'identify', g: 'group', a: 'alias' };
    for (const [path, type] of Object.entries(calls))
      expect((await stored(`/v1/${path}`, { type, event: 'Clicked', userId: 'u' })).type).toBe(
        type === 'track' ? 'Clicked' : type,
      );
    expect((await stored('/v1/b', { batch: [{ type: 'track', event: 'E', userId: 'u' }] })).type).toBe('E');
  });

  test('absent ids may be null or empty, one of both is enough', async () => {
    expect(await stored('/v1/track', { event: 'e', userId: null, anonymousId: 'a' })).not.toHaveProperty('userId');
    expect(await stored('/v1/track', { event: 'e', userId: '', anonymousId: 'a' })).not.toHaveProperty('userId');
    expect(await rejection('/v1/track', { event: 'e', userId: null })).toMatchObject({ code: 'missing_user' });
  });

  test('a missing messageId gets a new id, a bad one is refused', async () => {
    expect((await stored('/v1/track', { event: 'e', userId: 'u' })).id).toBe('generated-1');
    for (const messageId of ['ä', 'x'.repeat(129), '', 7])
      expect(await rejection('/v1/track', { event: 'e', userId: 'u', messageId })).toMatchObject({ code: 'invalid_field' });
  });

  test('a track call without a name, a batch item without a type, a call on another route', async () => {
    expect(await rejection('/v1/track', { userId: 'u' })).toMatchObject({ code: 'missing_field' });
    expect(await rejection('/v1/batch', { batch: [{ userId: 'u' }] })).toMatchObject({ code: 'invalid_field' });
    expect(await rejection('/v1/page', { type: 'track', event: 'e', userId: 'u' })).toMatchObject({ code: 'invalid_field' });
  });

  test('a page beyond the bound loses its query, not the event', async () => {
    const url = `https://a.example/x?gclid=1&q=${'q'.repeat(3_000)}`;
    expect(await stored('/v1/page', { userId: 'u', context: { page: { url } } })).toMatchObject({
      page: 'https://a.example/x',
      channel: 'paid-search',
    });
  });
});

describe('the channel of a call', () => {
  const page = { url: 'https://shop.example/b', referrer: 'https://www.shop.example/a' };
  test('a visit from within the site has none', async () => {
    expect(await stored('/v1/page', { userId: 'u', context: { page } })).not.toHaveProperty('channel');
  });
  test('a track call has one only where a campaign or an ad click says so', async () => {
    expect(
      await stored('/v1/track', { event: 'e', userId: 'u', context: { page: { ...page, referrer: 'https://google.com' } } }),
    ).not.toHaveProperty('channel');
    expect(await stored('/v1/track', { event: 'e', userId: 'u', context: { page: { search: '?ttclid=1' } } })).toMatchObject({
      channel: 'paid-social',
    });
  });
  test('properties.channel wins', async () => {
    const call = { userId: 'u', properties: { channel: 'podcast', campaign: 'c' }, context: { page: { search: '?gclid=1' } } };
    expect(await stored('/v1/page', call)).toMatchObject({ channel: 'podcast', campaign: 'c' });
  });
  test('a context of the batch reaches every item, and an item overrides it field by field', async () => {
    await collector.post('/v1/batch', {
      context: { library: { name: 'lib' }, campaign: { source: 'google', medium: 'cpc', name: 'all' } },
      batch: [
        { type: 'page', userId: 'u', messageId: '1' },
        { type: 'page', userId: 'u', messageId: '2', context: { campaign: { source: 'news', medium: 'email' } } },
        { type: 'page', userId: 'u', messageId: '3', context: { campaign: null } },
      ],
    });
    expect(await collector.events()).toMatchObject([
      { source: 'segment:lib', channel: 'paid-search', campaign: 'all' },
      { source: 'segment:lib', channel: 'email' },
      { source: 'segment:lib', channel: 'paid-search' },
    ]);
  });
});

describe('the time of a call', () => {
  const MINUTE = 60_000;
  const at = (ms: number) => new Date(NOW + ms).toISOString();

  test('a wrong clock is corrected: receivedAt − (sentAt − original), and all four times are kept', async () => {
    const batch = [{ type: 'track', event: 'e', userId: 'u', timestamp: at(-3 * MINUTE) }];
    expect(await stored('/v1/batch', { batch, sentAt: at(-2 * MINUTE) })).toMatchObject({
      ts: NOW - MINUTE,
      receivedAt: NOW,
      properties: { $sentAt: NOW - 2 * MINUTE, $originalTimestamp: NOW - 3 * MINUTE },
    });
  });
  test('a clock that is days wrong still gives an event in time', async () => {
    const days = 40 * 24 * 60 * MINUTE;
    expect((await stored('/v1/track', { event: 'e', userId: 'u', timestamp: at(days), sentAt: at(days + 5) })).ts).toBe(NOW - 5);
  });
  test('originalTimestamp goes before timestamp', async () => {
    expect((await stored('/v1/track', { event: 'e', userId: 'u', originalTimestamp: at(-5), timestamp: at(0) })).ts).toBe(
      NOW - 5,
    );
  });
  test('an item is sent when it says, else when its batch says', async () => {
    const call = { type: 'track', event: 'e', userId: 'u', timestamp: at(0) };
    await collector.post('/v1/batch', { batch: [{ ...call, sentAt: at(10) }, call], sentAt: at(20) });
    expect((await collector.events()).map(({ ts }) => ts)).toEqual([NOW - 10, NOW - 20]);
  });
  test('import believes its timestamps and needs them', async () => {
    const batch = [{ type: 'track', event: 'e', userId: 'u', timestamp: '2019-01-31T00:00:00Z' }];
    const event = await stored('/v1/import', { batch, sentAt: at(-MINUTE) });
    expect(event).toMatchObject({ ts: Date.UTC(2019, 0, 31), historical: true });
    expect(event).not.toHaveProperty('properties');
    expect(await rejection('/v1/import', { batch: [{ type: 'track', event: 'e', userId: 'u' }] })).toMatchObject({
      code: 'missing_field',
    });
  });
  test('a time that is none is refused, for its item alone', async () => {
    const times = [
      'yesterday',
      '2026-02-30T00:00:00Z',
      '2026-11-21',
      '2026-11-21T10:00:00',
      '',
      true,
      1e300,
      {},
      '2026-13-01T00:00:00Z',
    ];
    const batch = [
      ...times.map((timestamp) => ({ type: 'track', event: 'e', userId: 'u', timestamp })),
      { type: 'track', event: 'good', userId: 'u' },
    ];
    const { body } = await collector.post('/v1/batch', { batch });
    expect(body['accepted']).toBe(1);
    expect(body.rejected.map(({ code }) => code)).toEqual(times.map(() => 'invalid_field'));
  });
  test('the future beyond 24 h and the time before 1970 are refused, 1970 itself is taken as history', async () => {
    expect(await rejection('/v1/track', { event: 'e', userId: 'u', timestamp: at(25 * 60 * MINUTE) })).toMatchObject({
      code: 'ts_in_future',
    });
    expect(await rejection('/v1/track', { event: 'e', userId: 'u', timestamp: '1969-12-31T23:59:59Z' })).toMatchObject({
      code: 'invalid_field',
    });
    const first = { type: 'track', event: 'e', userId: 'u', timestamp: '1970-01-01T00:00:00Z' };
    expect(await rejection('/v1/track', first)).toMatchObject({ code: 'ts_too_old' });
    expect((await stored('/v1/import', { batch: [first] })).ts).toBe(0);
  });
});

describe('money', () => {
  test('the total of an order is its value where it names no other amount', async () => {
    const value = async (event: string, properties: object) =>
      (await stored('/v1/track', { event, userId: 'u', properties })).value;
    expect(await value('Order Completed', { total: 27.5, currency: 'EUR' })).toBe(2750);
    expect(await value('Order Completed', { total: 27.5, revenue: '25.00' })).toBe(2500);
    expect(await value('Order Completed', { total: 27.5, value: 26 })).toBe(2600);
    expect(await value('Cart Viewed', { total: 27.5 })).toBeUndefined();
    const bad = { event: 'Order Completed', userId: 'u', properties: { total: 'much' } };
    expect(await rejection('/v1/track', bad)).toMatchObject({
      code: 'invalid_field',
      message: expect.stringContaining('properties.total'),
    });
  });
  test('revenue that is not an amount is refused; a value or cost that is none stays a property', async () => {
    expect(await rejection('/v1/track', { event: 'e', userId: 'u', properties: { revenue: 'lots' } })).toMatchObject({
      code: 'invalid_field',
    });
    const event = await stored('/v1/track', {
      event: 'e',
      userId: 'u',
      properties: { value: 'blue', cost: -1, currency: 'none' },
    });
    expect(event).toMatchObject({ properties: { value: 'blue', cost: -1, currency: 'none' } });
    for (const field of ['value', 'cost', 'currency']) expect(event).not.toHaveProperty(field);
  });
  test('revenue without a currency is taken in hundredths, of no currency; a currency that does not exist rejects it', async () => {
    const order = (properties: object) => ({ event: 'Order Completed', userId: 'u', properties });
    for (const currency of [undefined, null, '']) {
      const event = await stored('/v1/track', order({ revenue: 20, currency }));
      expect(event.value).toBe(2000);
      expect(event).not.toHaveProperty('currency');
    }
    for (const amount of [{ revenue: 20 }, { total: 20 }])
      for (const currency of ['€', 'PTS', 'euro'])
        expect(await rejection('/v1/track', order({ ...amount, currency }))).toMatchObject({
          code: 'invalid_field',
          message: expect.stringContaining('currency'),
        });
  });
  test('revenue goes before value; cost counts for touches', async () => {
    expect(
      await stored('/v1/track', {
        event: 'ad_click',
        userId: 'u',
        properties: { revenue: '7.5', value: 3, cost: 0.1, currency: 'JPY' },
      }),
    ).toMatchObject({
      value: 8,
      cost: 0,
      currency: 'JPY',
    });
  });
});
