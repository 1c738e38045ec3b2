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
