/** The unmodified `@rudderstack/rudder-sdk-node` against the real collector. */
import RudderAnalytics from '@rudderstack/rudder-sdk-node';
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

function client(options: object = {}, writeKey = WRITE_KEY) {
  const errors: unknown[] = [];
  const sdk = new RudderAnalytics(writeKey, {
    dataPlaneUrl: collector.url,
    flushAt: 100,
    flushInterval: 20,
    logLevel: 'none',
    retryCount: 5,
    errorHandler: (error: unknown) => void errors.push(error),
    ...options,
  } as ConstructorParameters<typeof RudderAnalytics>[1]);
  return { sdk, errors };
}

const statuses = () => exchanges.map(({ status }) => status);

test('every method arrives with its type, id, users and time, through gzip labelled as a form', async () => {
  const { sdk, errors } = client();
  const originalTimestamp = new Date(Date.now() - 3_600_000);
  const common = { originalTimestamp };
  sdk.identify({ ...common, userId: 'u', traits: { plan: 'pro' }, messageId: 'm-identify' } as never);
  sdk.track({
    ...common,
    userId: 'u',
    event: 'Order Completed',
    properties: { revenue: 19.99, currency: 'EUR' },
    messageId: 'm-track',
  } as never);
  sdk.page({ ...common, anonymousId: 'a', name: 'Home', properties: { path: '/' }, messageId: 'm-page' } as never);
  sdk.screen({ ...common, userId: 'u', name: 'Cart', messageId: 'm-screen' } as never);
  sdk.group({ ...common, userId: 'u', groupId: 'g', traits: { size: 3 }, messageId: 'm-group' } as never);
  sdk.alias({ ...common, userId: 'u', previousId: 'old', messageId: 'm-alias' } as never);
  await expect.poll(async () => (await collector.events()).length).toBe(6);

  expect(errors).toEqual([]);
  expect(new Set(statuses())).toEqual(new Set([200]));
  expect(exchanges[0]).toMatchObject({
    path: '/v1/batch',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-encoding': 'gzip' },
  });
  const events = new Map((await collector.events()).map((event) => [event.id, event]));
  expect(events.get('m-identify')).toMatchObject({ type: 'identify', userId: 'u', properties: { plan: 'pro' } });
  expect(events.get('m-track')).toMatchObject({ type: 'Order Completed', userId: 'u', value: 1999, currency: 'EUR' });
  expect(events.get('m-page')).toMatchObject({ type: 'page', anonymousId: 'a', properties: { name: 'Home', path: '/' } });
  expect(events.get('m-screen')).toMatchObject({ type: 'screen', properties: { name: 'Cart' } });
  expect(events.get('m-group')).toMatchObject({ type: 'group', properties: { groupId: 'g', size: 3 } });
  expect(events.get('m-alias')).toMatchObject({ type: 'alias', properties: { previousId: 'old' } });
  for (const event of events.values()) {
    expect(Math.abs(event.ts - originalTimestamp.getTime())).toBeLessThan(1_000);
    expect(event.source).toBe('segment:analytics-node');
  }
});

describe('retries get through once the collector recovers, and count once', () => {
  test('429', async () => {
    const recover = overload(collector);
    const { sdk } = client();
    sdk.track({ userId: 'u', event: 'e', messageId: 'm' } as never);
    await expect.poll(statuses).toContain(429);
    recover();
    await expect.poll(async () => (await collector.events()).length).toBe(1);
    expect(statuses().at(-1)).toBe(200);
  });

  test('503 before and after the write: twice in the log, once by id', async () => {
    log.failNextAppend('not-applied');
    log.failNextAppend('reply-lost');
    const { sdk } = client();
    sdk.track({ userId: 'u', event: 'e', messageId: 'm' } as never);
    await expect.poll(statuses).toEqual([503, 503, 200]);
    const events = await collector.events();
    expect(events).toHaveLength(2);
    expect(counted(events)).toMatchObject([{ id: 'm' }]);
  });
});

describe('what cannot succeed is dropped at once', () => {
  const settled = async (errors: unknown[]) => {
    await expect.poll(() => errors.length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 500));
    return statuses();
  };

  test('401: an unknown write key', async () => {
    const { sdk, errors } = client({}, 'unknown');
    sdk.track({ userId: 'u', event: 'e' });
    expect(await settled(errors)).toEqual([401]);
  });

  test('413: more than a body may have', async () => {
    await collector.stop();
    collector = await startCollector({ log, limits: { bodyBytes: 1_000 } });
    exchanges = watch(collector);
    const { sdk, errors } = client();
    sdk.track({ userId: 'u', event: 'e', properties: { x: 'x'.repeat(2_000) } });
    expect(await settled(errors)).toEqual([413]); // inflated, that is
  });

  test('400: strict mode and an event that cannot be taken', async () => {
    const { sdk, errors } = client({ axiosConfig: { headers: { 'x-strict-mode': '1' } } });
    sdk.track({ userId: 'u', event: 'bad', properties: { n: 2 ** 60 } });
    expect(await settled(errors)).toEqual([400]);
    expect(await collector.events()).toEqual([]);
  });
});
