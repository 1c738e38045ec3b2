/** The unmodified `posthog-node` against the real collector: its key stands in the body alone. */
import { PostHog } from 'posthog-node';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type StartedCollector, startCollector, WRITE_KEY } from '../../services/collector/test/start-collector.ts';
import { counted, type Exchange, overload, watch } from './seen.ts';

let collector: StartedCollector;
let exchanges: Exchange[];
beforeEach(async () => {
  collector = await startCollector({ now: Date.now });
  exchanges = watch(collector);
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(async () => {
  vi.restoreAllMocks();
  await collector.stop();
  expect(collector.defects).toEqual([]);
});

const statuses = () => exchanges.map(({ status }) => status);
const client = (key = WRITE_KEY) =>
  new PostHog(key, { host: collector.url, flushAt: 20, flushInterval: 20, fetchRetryDelay: 100 });

test('calls arrive with id, user, time, properties and traits, zipped', async () => {
  const posthog = client();
  const timestamp = new Date(Date.now() - 3_600_000);
  posthog.capture({
    distinctId: 'u',
    event: 'played',
    uuid: '0190f5a0-0000-7000-8000-000000000000',
    timestamp,
    properties: { seconds: 3, revenue: 19.99, currency: 'EUR' },
  });
  posthog.identify({ distinctId: 'u', properties: { plan: 'pro' } });
  await posthog.shutdown();
  expect(exchanges[0]).toMatchObject({
    path: expect.stringMatching(/^\/batch/),
    status: 200,
    headers: { 'content-encoding': 'gzip' },
  });
  const events = new Map((await collector.events()).map((event) => [event.type, event]));
  expect(events.get('played')).toMatchObject({
    id: '0190f5a0-0000-7000-8000-000000000000',
    userId: 'u',
    value: 1999,
    currency: 'EUR',
    source: 'segment:posthog-node',
  });
  expect(events.get('played')?.properties).toMatchObject({ seconds: 3 });
  expect(Math.abs((events.get('played')?.ts ?? 0) - timestamp.getTime())).toBeLessThan(5_000);
  expect(events.get('$identify')).toMatchObject({ userId: 'u', properties: { $set: { plan: 'pro' } } });
});

test('a collector that is full is asked again, and what it took counts once', async () => {
  const recover = overload(collector);
  const posthog = client();
  posthog.capture({ distinctId: 'u', event: 'played' });
  await expect.poll(statuses).toContain(503);
  recover();
  await expect.poll(async () => (await collector.events()).length).toBe(1);
  await posthog.shutdown();
  expect(counted(await collector.events())).toHaveLength(1);
});

test('an unknown key is refused, the library says so, and nothing is written', async () => {
  const posthog = client('unknown');
  posthog.capture({ distinctId: 'u', event: 'played' });
  await expect.poll(statuses).toContain(401);
  await posthog.shutdown();
  expect(new Set(statuses())).toEqual(new Set([401]));
  expect(console.error).toHaveBeenCalled();
  expect(await collector.events()).toEqual([]);
});
