/** A sender that makes a name or a day for each event does not fill the views of both layers. */
import { DAY_MS } from '@tributary/model/time';
import { afterEach, expect, test } from 'vitest';
import type { NameBounds } from '../src/names.ts';
import { keyRecord, NOW, type StartedCollector, startCollector } from './start-collector.ts';

const BROWSER = keyRecord(`tb_00000000000b_${''.padEnd(48, '0')}`, 'browser');
let collector: StartedCollector;
let now = NOW;
afterEach(() => collector.stop());

async function start(names: Partial<NameBounds>) {
  now = NOW;
  collector = await startCollector({ names, keys: [BROWSER], now: () => now });
}

const click = (campaign: string, more: object = {}) => ({ type: 'ad_click', userId: 'u', channel: 'email', campaign, ...more });
const clicks = (count: number, from = 0) => Array.from({ length: count }, (_, i) => click(`c${from + i}`));
const distinct = async (field: 'type' | 'channel' | 'campaign') =>
  new Set((await collector.events()).map((event) => event[field])).size;

test('law 7: one campaign an event is bounded by the day; the rest reads (other), is told, and keeps its name', async () => {
  await start({ campaign: 100 });
  expect((await collector.post('/v1/events', clicks(100))).body['warnings']).toBeUndefined();
  const { body } = await collector.post('/v1/events', [...clicks(50), ...clicks(200, 100)]);
  expect(body).toMatchObject({
    accepted: 250,
    warnings: [{ code: 'names_folded', message: expect.stringMatching(/^200 events/) }],
  });
  expect(await distinct('campaign')).toBe(101);
  const other = (await collector.events()).filter(({ campaign }) => campaign === '(other)');
  expect(other).toHaveLength(200);
  expect(other[0]).toMatchObject({ channel: 'email', properties: { $campaign: expect.stringMatching(/^c\d+$/) } });
  const metrics = await (await fetch(`${collector.url}/metrics`)).text();
  expect(metrics).toContain('tributary_collector_names_folded_total{dimension="campaign"} 200');
});

test('law 7: campaigns count with their channel, so that both together are bounded as well', async () => {
  await start({ campaign: 20, channel: 10 });
  const crossed = Array.from({ length: 400 }, (_, i) => ({ ...click(`c${i % 20}`), channel: `channel-${Math.floor(i / 20)}` }));
  await collector.post('/v1/events', crossed);
  const places = new Set((await collector.events()).map(({ channel, campaign }) => `${channel} ${campaign}`));
  expect(places.size).toBeLessThanOrEqual(20 + 10 + 1);
});

test('types of the definitions keep their name, others share a bound', async () => {
  await start({ type: 5 });
  const posted = Array.from({ length: 50 }, (_, i) => ({ type: `type-${i}`, userId: 'u' }));
  await collector.post('/v1/events', [...posted, { type: 'purchase', userId: 'u', value: 1 }]);
  const types = (await collector.events()).map(({ type }) => type);
  expect(new Set(types).size).toBe(5 + 1 + 1);
  expect(types).toContain('purchase');
});

test('who floods a public key leaves half of the room to others, and a new day begins with all of it', async () => {
  await start({ campaign: 10 });
  const asBrowser = { authorization: `Bearer ${BROWSER.key}` };
  await collector.post('/v1/events', clicks(30), asBrowser);
  expect(await distinct('campaign')).toBe(5 + 1);
  await collector.post('/v1/events', clicks(5, 100));
  expect(await distinct('campaign')).toBe(10 + 1);
  now += DAY_MS;
  expect((await collector.post('/v1/events', clicks(10, 200))).body['warnings']).toBeUndefined();
});

test('a check that writes nothing counts nothing', async () => {
  await start({ campaign: 10 });
  await collector.post('/v1/validate', clicks(50));
  expect((await collector.post('/v1/events', clicks(10, 100))).body['warnings']).toBeUndefined();
});

test('law 7: the days that events happened on are bounded, live and imported', async () => {
  await start({ importDays: 10 });
  const live = (days: number) => ({ type: 't', userId: 'u', ts: NOW - days * DAY_MS });
  const { body } = await collector.post('/v1/events', [live(400), live(401), live(20_000)]);
  expect([body['accepted'], body.rejected.map(({ code }) => code)]).toEqual([1, ['ts_too_old', 'ts_too_old']]);
  const history = Array.from({ length: 30 }, (_, i) => ({ ...live(1_000 + (i % 15)), historical: true }));
  const imported = await collector.post('/v1/events', history);
  expect(imported.body['accepted']).toBe(20);
  expect(imported.body.rejected.map(({ code }) => code)).toEqual(new Array(10).fill('too_many_days'));
  const archived = await collector.events();
  expect(new Set(archived.map(({ ts }) => Math.floor(ts / DAY_MS))).size).toBeLessThanOrEqual(11);
});

test('law 7: what dates back further than three days needs a key that not anybody has', async () => {
  await start({});
  const live = (hours: number) => ({ type: 't', userId: 'u', ts: NOW - hours * 3_600_000 });
  const asBrowser = { authorization: `Bearer ${BROWSER.key}` };
  const { body } = await collector.post('/v1/events', [live(72), live(73), live(9_000)], asBrowser);
  expect([body['accepted'], body.rejected.map(({ code }) => code)]).toEqual([1, ['ts_too_old', 'ts_too_old']]);
  expect(body.rejected[0]?.['message']).toMatch(/browser key must lie at most 3 days before its receipt \(got \d+\)/);
  expect((await collector.post('/v1/events', live(73))).body['accepted']).toBe(1);
});

test('law 7: of all combinations of three letters only currencies are names of money', async () => {
  await start({});
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
  const codes = letters.flatMap((a) => letters.map((b) => `${a}${b}R`));
  const { body } = await collector.post(
    '/v1/events',
    codes.map((currency) => ({ ...click('c'), value: 1, currency })),
  );
  const kept = (await collector.events()).map(({ currency }) => currency);
  expect(kept).toEqual(expect.arrayContaining(['EUR', 'INR', 'ZAR']));
  expect(kept.length).toBeLessThan(60);
  expect(body.rejected).toHaveLength(codes.length - kept.length);
  expect(body.rejected[0]).toMatchObject({
    code: 'invalid_field',
    message: expect.stringMatching(/\(got "AAR"\)\. Send the code/),
  });
});

test('a value of a track call in points stays a property; revenue in points is refused with the code', async () => {
  await start({});
  const track = (properties: object) => ({ event: 'e', userId: 'u', properties });
  await collector.post('/v1/track', track({ value: 5, currency: 'PTS' }));
  expect(await collector.events()).toMatchObject([{ properties: { value: 5, currency: 'PTS' } }]);
  expect((await collector.events())[0]).not.toHaveProperty('currency');
  const { body } = await collector.post('/v1/track', track({ revenue: 5, currency: 'pts' }));
  expect(body.rejected[0]?.['message']).toMatch(/got "PTS"/);
});
