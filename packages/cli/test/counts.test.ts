import { expect, test } from 'vitest';
import { fakeServer } from './fake-server.ts';
import { tributary } from './fake-shell.ts';

const META = {
  view: 'merged',
  ...{ generation: 3, cut: null, definitions: '55aa6f7ff18a', pending: 0, overflowed: 0, speed: { lagMs: 0, watermark: 0 } },
  ...{ complete: true, reasons: [], warnings: [] },
};
const READY = {
  count: 'viewed',
  version: '20be311afaf0',
  status: 'READY',
  range: { fromDay: '2026-11-01', toDay: null },
  rows: [
    { value: 'boots', events: 41, lastDay: '2026-11-20' },
    { value: 'a\u001b[2Jb', events: 38, lastDay: '2026-11-19' },
  ],
  ...{ rest: { values: 120, events: 613 }, withoutValue: 2, unnamed: 0, total: 694 },
  meta: META,
};

test('law 7: the values with the most events are a table with what all others come to; a count that the generation of readers lacks ends with 1', async () => {
  let body: object = READY;
  await using server = await fakeServer(() => ({ body }));
  const done = await tributary(['counts', 'viewed', '--from', '2026-11-01', '--top', '2', '--url', server.url]);
  expect(server.received.map(({ path, query }) => [path, query])).toEqual([
    ['/v1/counts/viewed', { from: '2026-11-01', limit: '2' }],
  ]);
  expect(done.code).toBe(0);
  expect(done.stdout).toMatch(
    /boots +41 +2026-11-20\n.*38 +2026-11-19\n120 more values +613\nwithout a value +2\n─+\nall +694\n/,
  );
  expect(done.stdout).not.toContain('\u001b[2J');
  expect(JSON.parse((await tributary(['counts', 'viewed', '--url', server.url, '--json'])).stdout)).toEqual(READY);
  const nothing = { version: null, rows: [], rest: null, withoutValue: null, unnamed: null, total: null };
  body = { ...READY, ...nothing, status: 'BACKFILLING', meta: { ...META, complete: false, warnings: ['definitions changed'] } };
  const waiting = await tributary(['counts', 'viewed', '--url', server.url]);
  expect([waiting.code, waiting.stdout]).toEqual([1, '']);
  expect(waiting.stderr).toContain('BACKFILLING: the generation that readers get has no count viewed');
});

test('without a name it lists what is counted, and says where that is nothing', async () => {
  const viewed = { name: 'viewed', version: '20be311afaf0', says: 'over all users and by day, how many', definition: {} };
  let body = { counts: [viewed] };
  await using server = await fakeServer(() => ({ body }));
  const done = await tributary(['counts', '--url', server.url]);
  expect(server.received.map(({ path }) => path)).toEqual(['/v1/counts']);
  expect([done.code, done.stdout]).toEqual([
    0,
    expect.stringMatching(/viewed +20be311afaf0 +over all users and by day, how many/),
  ]);
  expect(JSON.parse((await tributary(['counts', '--url', server.url, '--json'])).stdout)).toEqual(body);
  body = { counts: [] };
  expect((await tributary(['counts', '--url', server.url])).stdout).toContain('count nothing over all users');
  const half = await tributary(['counts', '--top', '3', '--url', server.url]);
  expect([half.code, half.stdout]).toEqual([2, '']);
  expect(half.stderr).toContain('--top must come with the name of a count (got none)');
});
