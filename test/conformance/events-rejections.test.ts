/** `tributary events rejections` against the real collector. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Finished } from '../../packages/cli/test/fake-shell.ts';
import { tributary } from '../../packages/cli/test/fake-shell.ts';
import { READ_KEY, type StartedCollector, startCollector, WRITE_KEY } from '../../services/collector/test/start-collector.ts';

const NOW = Date.UTC(2026, 10, 21, 12, 0, 0, 250);

let collector: StartedCollector;
beforeEach(async () => {
  collector = await startCollector({ now: () => NOW });
});
afterEach(() => collector.stop());

const rejections = (argv: readonly string[] = [], key = READ_KEY): Promise<Finished> =>
  tributary(['events', 'rejections', ...argv, '--collector-url', collector.url], {
    env: { TRIBUTARY_READ_KEY: key, COLUMNS: '120' },
  });

test('each reason with its key, event, origin and rule; the newest first, and of which collector', async () => {
  const order = { type: 'track', event: 'Order Completed', userId: 'u', properties: { revenue: 'a secret' } };
  for (const origin of ['https://shop.example', 'https://other.example'])
    await collector.post('/v1/batch', { batch: [order] }, { origin });
  await collector.post('/v1/events', { type: 'page' });
  const { code, stdout, stderr } = await rejections();
  expect(code).toBe(0);
  expect(stdout.replaceAll(/[0-9a-f]{12}/g, 'KEY').split('\n')).toEqual([
    expect.stringMatching(/^why {2,}times {2}last {18}event {12}key {11}origin$/),
    expect.stringMatching(/^─+$/),
    expect.stringMatching(/^missing_user: .* 1 {2}2026-11-21 12:00:00Z {2}page {13}KEY {2}–$/),
    expect.stringMatching(/^ {2}\S/),
    expect.stringMatching(/^invalid_field: .* 2 {2}2026-11-21 12:00:00Z {2}Order Completed {2}KEY {2}https:\/\/other\.example$/),
    expect.stringMatching(/^ {2}\S/),
    expect.stringMatching(/^ {2}\S/),
    '',
  ]);
  expect(stdout).not.toContain('secret');
  expect(stderr).toBe(`since 2026-11-21 12:00:00.250Z, of the collector at ${collector.url} alone\n`);
});

test('--limit shows fewer and says so; --json has what the collector says, samples too', async () => {
  expect((await rejections()).stdout).toBe('no rejections\n');
  await collector.post('/v1/events', [{ type: 'page' }, { type: 'page', userId: 'u', value: 1.5 }]);
  const { stdout, stderr } = await rejections(['--limit', '1', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ rejections: [{ count: 1, sample: { type: 'page' } }] });
  expect(stderr).toContain('and 1 more; --limit shows them');
  for (const limit of ['0', '501', 'x']) expect(await rejections(['--limit', limit])).toMatchObject({ code: 2 });
});

test('a key that may not read is named as such; so is another server, and none', async () => {
  for (const key of [WRITE_KEY, 'tr_unknown'])
    expect(await rejections([], key)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Give a key of the scope "read" with --key or TRIBUTARY_READ_KEY.'),
    });
  const elsewhere = (collectorUrl: string, fetcher?: typeof fetch) =>
    tributary(['events', 'rejections', '--key', 'k', '--collector-url', collectorUrl], fetcher ? { fetch: fetcher } : {});
  for (const body of ['<html>', '{"since":1}', '[]'])
    expect(await elsewhere('http://127.0.0.1:9', async () => new Response(body))).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('is not a collector of Tributary'),
    });
  expect(await elsewhere('http://127.0.0.1:1')).toMatchObject({ code: 3, stderr: expect.stringContaining('does not answer') });
});

test('a key goes to the collector that it belongs to alone', async () => {
  const done = await tributary(['events', 'rejections'], {
    env: { TRIBUTARY_READ_KEY: READ_KEY, TRIBUTARY_COLLECTOR_URL: collector.url },
  });
  expect(done.code).toBe(0);
  const other = await tributary(['events', 'rejections', '--collector-url', collector.url], {
    env: { TRIBUTARY_READ_KEY: READ_KEY, TRIBUTARY_COLLECTOR_URL: 'http://127.0.0.1:1' },
  });
  expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining('key and address must come from one place') });
});
