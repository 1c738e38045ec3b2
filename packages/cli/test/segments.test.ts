import { expect, test } from 'vitest';
import { fakeServer } from './fake-server.ts';
import { tributary } from './fake-shell.ts';

const META = { view: 'speed', speed: { lagMs: 0, watermark: 0 }, complete: true, reasons: [], warnings: [] };
const READY = {
  segment: 'planner',
  version: '20be311afaf0',
  status: 'READY',
  asOf: Date.UTC(2026, 10, 20, 12),
  count: 3,
  members: ['ada', 'a\u001b[2Jb'],
  nextCursor: 'abc',
  meta: META,
};

test('members of a segment are listed with how many there are, and the next page is named', async () => {
  await using server = await fakeServer(() => ({ body: READY }));
  const done = await tributary(['segments', 'members', 'planner', '--limit', '2', '--url', server.url]);
  expect(server.received.map(({ method, path, query }) => `${method} ${path} ${query['limit']}`)).toEqual([
    'GET /v1/segments/planner/members 2',
  ]);
  expect(done.code).toBe(0);
  expect(done.stdout).toMatch(/^ada\na.*b\n3 members up to 2026-11-20 12:00:00.* · complete\n$/);
  expect(done.stdout).not.toContain('\u001b[2J');
  expect(done.stderr).toContain('there are more: --cursor abc');
  const json = await tributary(['segments', 'members', 'planner', '--url', server.url, '--json']);
  expect(JSON.parse(json.stdout)).toEqual(READY);
});

test('law 7: members that are not known end with 1, and are not a list without entries', async () => {
  const meta = { ...META, complete: false, reasons: ['record_cut'], warnings: ['not every user was looked at yet'] };
  const body = { ...READY, status: 'BACKFILLING', asOf: null, count: null, members: [], nextCursor: null, meta };
  await using server = await fakeServer(() => ({ body }));
  const done = await tributary(['segments', 'members', 'planner', '--url', server.url]);
  expect(done).toMatchObject({ code: 1, stdout: 'BACKFILLING: members are not known\n' });
  expect(done.stderr).toContain('not every user was looked at yet');
});

test('law 7: who entered and left by day is a table, or rows of CSV; a segment that is not counted yet ends with 1', async () => {
  const meta = {
    view: 'merged',
    ...{ generation: 3, cut: null, definitions: '55aa6f7ff18a', pending: 0, overflowed: 0, speed: { lagMs: 0, watermark: 0 } },
    ...{ complete: true, reasons: [], warnings: [] },
  };
  const rows = [
    { day: '2026-11-19', entered: 1_041, left: 38, members: 1_201, over: true },
    { day: '2026-11-20', entered: 22, left: 19, members: 1_204, over: false },
  ];
  const range = { fromDay: '2026-11-19', toDay: '2026-11-21' };
  let body: object = { segment: 'planner', version: 'v', status: 'READY', asOf: 0, range, rows, meta };
  await using server = await fakeServer(() => ({ body }));
  const ask = (...more: string[]) => tributary(['segments', 'counts', 'planner', '--url', server.url, ...more]);
  const table = await ask('--from', '2026-11-19');
  expect(server.received.map(({ path, query }) => [path, query])).toEqual([
    ['/v1/segments/planner/counts', { from: '2026-11-19' }],
  ]);
  expect(table.code).toBe(0);
  expect(table.stdout).toMatch(/2026-11-19 +1,041 +38 +1,201\n2026-11-20 \* +22 +19 +1,204\n/);
  expect(table.stdout).toContain('* not over');
  const csv = await ask('--format', 'csv');
  expect(csv.stdout).toBe('day,entered,left,members,over\n2026-11-19,1041,38,1201,true\n2026-11-20,22,19,1204,false\n');
  body = { ...body, status: 'BACKFILLING', version: null, range: { fromDay: null, toDay: null }, rows: [] };
  const waiting = await ask();
  expect([waiting.code, waiting.stdout]).toEqual([1, '']);
  expect(waiting.stderr).toContain('BACKFILLING: the generation that readers get does not count planner by day');
});
