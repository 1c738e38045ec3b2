/** What collectors rejected, of all of them: nothing is added that none of them said, and one that is silent is named. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RejectionsAnswer } from '@tributary/contract/groups/rejections';
import { afterEach, describe, expect, test } from 'vitest';
import { askCollectors, rejectionsOf } from '../../services/api/src/rejections.ts';
import { createWorld, NOON } from '../../services/api/test/world.ts';
import { type StartedCollector, startCollector } from '../../services/collector/test/start-collector.ts';

const KEY = 'tr_0123456789ab_222222222222222222222222222222222222222222222222';
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function collector(now: () => number): Promise<StartedCollector> {
  const started = await startCollector({ now });
  closing.push(() => started.stop());
  return started;
}

/** Something else that listens, and answers this. */
async function other(status: number, body: string): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(status, { location: '/elsewhere' }).end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const order = (revenue: unknown) => ({ type: 'track', event: 'Order Completed', userId: 'anna', properties: { revenue } });

test('counts of one reason, key and rule add up over collectors, the last one seen is shown, and no value is', async () => {
  let now = NOON;
  const [first, second] = [await collector(() => now), await collector(() => now)];
  await first.post('/v1/batch', { batch: [order('much'), order('more')] });
  now += 1_000;
  await second.post('/v1/track', { ...order('most'), extra: 1 });
  await first.post('/v1/track', '{"email":"anna@shop.example"');
  const asked = await askCollectors({ collectors: [first.url, second.url] }, KEY);
  expect(asked.map(({ since, problem }) => [since, problem])).toEqual([
    [NOON, null],
    [NOON, null],
  ]);
  const rows = rejectionsOf(asked);
  expect(rows.map(({ reason, count, firstAt, lastAt }) => [reason, count, firstAt, lastAt]).sort()).toEqual([
    ['invalid_field', 3, NOON, NOON + 1_000],
    ['invalid_json', 1, NOON + 1_000, NOON + 1_000],
  ]);
  expect(rows.find(({ reason }) => reason === 'invalid_field')?.sample).toMatchObject({ extra: 'number' });
  expect(JSON.stringify(rows)).not.toMatch(/anna|much|most/);
});

test('law 7: a collector that is silent, refuses, sends elsewhere or says something else is named, and the answer is not complete', async () => {
  const whole = await collector(() => NOON);
  await whole.post('/v1/track', order('much'));
  const gone = await other(200, '');
  await closing.pop()?.();
  const wrong = [
    await other(500, ''),
    await other(302, ''),
    await other(200, '<html>'),
    await other(200, JSON.stringify({ since: 'yesterday', rejections: [] })),
    await other(200, JSON.stringify({ since: '2026-11-20T12:00:00Z', rejections: [{ reason: 'x'.repeat(100) }] })),
    await other(200, ' '.repeat(5 * 1024 * 1024)),
    gone,
  ];
  const world = await createWorld({ collectors: [whole.url, ...wrong] });
  // The keys of the world are others than those of a collector.
  const refused = (await world.get('/v1/rejections')).body;
  expect(RejectionsAnswer.parse(refused)).toEqual(refused);
  expect([refused.complete, refused.reasons, refused.warnings.length]).toEqual([false, ['collector_silent'], 8]);
  expect(refused.warnings.join()).toContain(`${whole.url}: it answered with status 401`);

  const asked = await askCollectors({ collectors: [whole.url, ...wrong] }, KEY);
  const problems = new Map(asked.map(({ collector: url, problem }) => [url, problem]));
  const unlike = 'what it answered is not what a collector of this version answers';
  expect([whole.url, ...wrong].map((url) => problems.get(url))).toEqual([
    null,
    'it answered with status 500',
    'it did not answer',
    unlike,
    unlike,
    unlike,
    unlike,
    'it did not answer',
  ]);
  expect(rejectionsOf(asked)).toHaveLength(1);
});

test('every address of a name is asked, by its own; where a name has none, the name', async () => {
  const urls: string[] = [];
  const ask = async (url: unknown) => {
    urls.push(String(url));
    return new Response(JSON.stringify({ since: '2026-11-20T12:00:00Z', rejections: [] }));
  };
  const addressesOf = async (host: string) => {
    if (host === 'unknown') throw new Error('ENOTFOUND');
    return ['10.0.0.1', 'fd00::2', '10.0.0.1'];
  };
  const collectors = ['http://collectors:7400/', 'https://events.shop.example', 'http://unknown:7400'];
  const asked = await askCollectors({ collectors, fetch: ask as typeof fetch, addressesOf }, KEY);
  const bases = ['http://10.0.0.1:7400', 'http://[fd00::2]:7400', 'http://unknown:7400', 'https://events.shop.example'];
  expect(asked.map(({ collector: url }) => url)).toEqual(bases);
  expect(urls.sort()).toEqual(bases.map((base) => `${base}/v1/rejections`));
});

describe('the route', () => {
  test('says what to set where the API knows of no collector', async () => {
    const { status, body } = await (await createWorld()).get('/v1/rejections');
    expect(RejectionsAnswer.parse(body)).toEqual(body);
    expect([status, body.complete, body.warnings]).toEqual([200, false, [expect.stringContaining('TRIBUTARY_API_COLLECTORS')]]);
  });

  test('answers as many as are asked for, and says how many there are', async () => {
    const rows = ['a', 'b', 'c'].map((reason, i) => ({
      reason,
      message: reason,
      keyId: null,
      count: 1,
      firstAt: '2026-11-20T12:00:00Z',
      lastAt: `2026-11-20T12:00:0${i}Z`,
      origin: null,
      sample: null,
    }));
    const url = await other(200, JSON.stringify({ since: '2026-11-20T12:00:00Z', rejections: rows }));
    const { body } = await (await createWorld({ collectors: [url] })).get('/v1/rejections?limit=2');
    expect(RejectionsAnswer.parse(body)).toEqual(body);
    expect([body.rejections.map(({ reason }: { reason: string }) => reason), body.total, body.complete]).toEqual([
      ['c', 'b'],
      3,
      true,
    ]);
  });
});
