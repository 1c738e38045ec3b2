/** The unmodified `@segment/analytics-node` against the real collector. */

import { Analytics, type AnalyticsSettings } from '@segment/analytics-node';
import { createMemoryLog, type MemoryLog } from '@tributary/testkit/memory/memory-log';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type StartedCollector, startCollector, WRITE_KEY } from '../../services/collector/test/start-collector.ts';
import { counted, type Exchange, overload, watch } from './seen.ts';

let log: MemoryLog;
let collector: StartedCollector;
let exchanges: Exchange[];

beforeEach(async () => {
  log = createMemoryLog({ partitions: 4 });
  collector = await startCollector({ log, now: Date.now });
  exchanges = watch(collector);
});
afterEach(async () => {
  await collector.stop();
  expect(collector.defects).toEqual([]);
});

function client(settings: Partial<AnalyticsSettings> = {}) {
  const analytics = new Analytics({ writeKey: WRITE_KEY, host: collector.url, flushInterval: 20, maxRetries: 10, ...settings });
  const errors: unknown[] = [];
  analytics.on('error', (error) => errors.push(error));
  return { analytics, errors };
}

const statuses = () => exchanges.map(({ status }) => status);

test('every method arrives with its type, id, users and time', async () => {
  const { analytics, errors } = client({ flushAt: 100 });
  const timestamp = new Date(Date.now() - 3_600_000);
  analytics.identify({ userId: 'u', traits: { plan: 'pro' }, messageId: 'm-identify', timestamp });
  analytics.track({
    userId: 'u',
    anonymousId: 'a',
    event: 'Order Completed',
    properties: { revenue: 19.99, currency: 'EUR' },
    messageId: 'm-track',
    timestamp,
  });
  analytics.page({
    anonymousId: 'a',
    name: 'Home',
    properties: { url: 'https://a.example/?gclid=1' },
    messageId: 'm-page',
    timestamp,
  });
  analytics.screen({ userId: 'u', name: 'Cart', messageId: 'm-screen', timestamp });
  analytics.group({ userId: 'u', groupId: 'g', traits: { size: 3 }, messageId: 'm-group', timestamp });
  analytics.alias({ userId: 'u', previousId: 'old', messageId: 'm-alias', timestamp });
  await analytics.closeAndFlush();

  expect(errors).toEqual([]);
  expect(statuses()).toEqual([200]);
  expect(exchanges[0]).toMatchObject({ path: '/v1/batch', headers: { 'content-type': 'application/json' } });
  const events = new Map((await collector.events()).map((event) => [event.id, event]));
  expect(events.size).toBe(6);
  expect(events.get('m-identify')).toMatchObject({ type: 'identify', userId: 'u', properties: { plan: 'pro' } });
  expect(events.get('m-track')).toMatchObject({
    type: 'Order Completed',
    userId: 'u',
    anonymousId: 'a',
    value: 1999,
    currency: 'EUR',
  });
  expect(events.get('m-page')).toMatchObject({
    type: 'page',
    anonymousId: 'a',
    channel: 'paid-search',
    properties: { name: 'Home' },
  });
  expect(events.get('m-screen')).toMatchObject({ type: 'screen', userId: 'u', properties: { name: 'Cart' } });
  expect(events.get('m-group')).toMatchObject({ type: 'group', properties: { size: 3, groupId: 'g' } });
  expect(events.get('m-alias')).toMatchObject({ type: 'alias', userId: 'u', properties: { previousId: 'old' } });
  for (const event of events.values()) {
    expect(Math.abs(event.ts - timestamp.getTime())).toBeLessThan(1_000); // corrected by the way it took
    expect(event.source).toBe('segment:@segment/analytics-node');
    expect(event.properties).toMatchObject({ $originalTimestamp: timestamp.getTime() });
  }
});

test('ids that the library makes are taken', async () => {
  const { analytics, errors } = client();
  for (let i = 0; i < 50; i++) analytics.track({ userId: `u${i}`, event: 'e' });
  await analytics.closeAndFlush();
  expect(errors).toEqual([]);
  expect(new Set((await collector.events()).map(({ id }) => id)).size).toBe(50);
});

describe('retries get through once the collector recovers, and count once', () => {
  test('429: waits as long as Retry-After says', async () => {
    const recover = overload(collector);
    const { analytics, errors } = client();
    analytics.track({ userId: 'u', event: 'e', messageId: 'm' });
    await expect.poll(statuses).toEqual([429]);
    const refusedMs = performance.now();
    recover();
    await analytics.closeAndFlush();
    expect(performance.now() - refusedMs).toBeGreaterThan(500);
    expect(errors).toEqual([]);
    expect(statuses()).toEqual([429, 200]);
    expect(exchanges[1]?.headers).toMatchObject({ 'x-retry-count': '1' });
    expect(await collector.events()).toMatchObject([{ id: 'm' }]);
  });

  test('503 before and after the write: twice in the log, once by id', async () => {
    log.failNextAppend('not-applied');
    log.failNextAppend('reply-lost');
    const { analytics, errors } = client();
    analytics.track({ userId: 'u', event: 'e', messageId: 'm' });
    await analytics.closeAndFlush({ timeout: 60_000 });
    expect(errors).toEqual([]);
    expect(statuses()).toEqual([503, 503, 200]);
    const events = await collector.events();
    expect(events).toHaveLength(2);
    expect(counted(events)).toMatchObject([{ id: 'm', userId: 'u' }]);
  });

  test('503 while stopping', async () => {
    collector.setDraining(true);
    const { analytics, errors } = client();
    analytics.track({ userId: 'u', event: 'e' });
    await expect.poll(statuses).toContain(503);
    collector.setDraining(false);
    await analytics.closeAndFlush();
    expect(errors).toEqual([]);
    expect(await collector.events()).toHaveLength(1);
  });
});

describe('what cannot succeed is dropped at once', () => {
  test('401: an unknown write key', async () => {
    const { analytics, errors } = client({ writeKey: 'unknown' });
    analytics.track({ userId: 'u', event: 'e' });
    await analytics.closeAndFlush();
    expect([statuses(), errors.length]).toEqual([[401], 1]);
  });

  test('413: more than a body may have', async () => {
    await collector.stop();
    collector = await startCollector({ log, limits: { bodyBytes: 1_000 } });
    exchanges = watch(collector);
    const { analytics, errors } = client();
    analytics.track({ userId: 'u', event: 'e', properties: { x: 'x'.repeat(2_000) } });
    await analytics.closeAndFlush();
    expect([statuses(), errors.length]).toEqual([[413], 1]);
  });

  test('400: strict mode and an event that cannot be taken; nothing of the batch is written', async () => {
    const strict = (url: string, init: RequestInit) =>
      fetch(url, { ...init, headers: { ...(init.headers as Record<string, string>), 'x-strict-mode': '1' } });
    const { analytics, errors } = client({ httpClient: strict as never });
    analytics.track({ userId: 'u', event: 'good' });
    analytics.track({ userId: 'u', event: 'bad', properties: { n: 2 ** 60 } });
    await analytics.closeAndFlush();
    expect([statuses(), errors.length]).toEqual([[400], 2]);
    expect(await collector.events()).toEqual([]);
  });

  test('without strict mode the good event of such a batch is kept, and the library is content', async () => {
    const { analytics, errors } = client();
    analytics.track({ userId: 'u', event: 'good' });
    analytics.track({ userId: 'u', event: 'bad', properties: { n: 2 ** 60 } });
    await analytics.closeAndFlush();
    expect([statuses(), errors]).toEqual([[200], []]);
    expect(await collector.events()).toMatchObject([{ type: 'good' }]);
  });
});
