/** `tributary archive retire` and `retirements`: the plan first, and nothing goes that was not repeated. */
import { expect, test } from 'vitest';
import { fakeServer } from './fake-server.ts';
import { tributary } from './fake-shell.ts';

const DAY = 86_400_000;
const BEFORE = Date.UTC(2025, 9, 22);
const PLAN = {
  before: BEFORE,
  newestBefore: BEFORE + 300 * DAY,
  ...{ files: 48, rows: 1_204, bytes: 45_752, months: [{ month: '2025-09', rows: 1_204 }] },
  ...{ staying: { files: 2, rows: 40, copied: 1 }, corrections: ['summer'], confirm: '2025-10-22/1204' },
};
const RETIREMENT = {
  ...{
    number: 1,
    state: 'waiting',
    before: BEFORE,
    askedAt: BEFORE,
    by: 'key ta_1',
    why: null,
    files: 48,
    rows: 1_204,
    bytes: 45_752,
  },
  ...{ endedAt: null, refusedBecause: null },
};

test('without a confirmation the plan is shown, exit 1, and what to type', async () => {
  await using server = await fakeServer(() => ({ status: 200, body: { plan: PLAN, retirement: null } }));
  const retire = (...flags: string[]) => tributary(['archive', 'retire', ...flags, '--url', server.url]);
  const shown = await retire('--older-than', '400d');
  expect(shown).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('tributary archive retire --older-than 400d --confirm 2025-10-22/1204'),
  });
  for (const text of [
    '1,204 archived events in 48 files (45.8 kB)\n',
    '2 files of 40 events',
    '1 file of these with\n',
    '"summer"',
    '2025-09',
  ])
    expect(shown.stdout).toContain(text);
  expect(await retire('--older-than', '400d', '--dry-run')).toMatchObject({ code: 0, stdout: shown.stdout, stderr: '' });
  expect(server.received.map(({ body }) => body)).toEqual([
    { olderThanDays: 400, dryRun: true },
    { olderThanDays: 400, dryRun: true },
  ]);
});

test('with one it is asked for, with why', async () => {
  await using server = await fakeServer(() => ({ status: 200, body: { plan: PLAN, retirement: RETIREMENT } }));
  const flags = ['--older-than', '400d', '--confirm', PLAN.confirm, '--why', 'as agreed'];
  expect(await tributary(['archive', 'retire', ...flags, '--url', server.url])).toMatchObject({
    code: 0,
    stdout: 'retirement 1: 1,204 archived events in 48 files (45.8 kB) go with the next run ("tributary batch run --wait")\n',
  });
  expect(server.received[0]?.body).toEqual({ olderThanDays: 400, confirm: PLAN.confirm, why: 'as agreed' });
});

test.each([
  [['--older-than', 'long'], '--older-than must be a number of whole days such as 400d (got "long")'],
  [['--older-than', '36h'], '--older-than must be a number of whole days such as 400d (got "36h")'],
  [['--older-than', '400d', '--dry-run', '--confirm', 'x'], '--confirm must stand without --dry-run'],
])('%j is refused before anything is asked', async (flags, message) => {
  await using server = await fakeServer(() => ({ status: 500, body: {} }));
  expect(await tributary(['archive', 'retire', ...flags, '--url', server.url])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(message),
  });
  expect(server.received).toEqual([]);
});

test('the list says what became of each, and what the archive may lack', async () => {
  const refused = { ...RETIREMENT, number: 2, state: 'refused', endedAt: BEFORE, refusedBecause: 'windows are longer now' };
  const done = { ...RETIREMENT, state: 'done', endedAt: BEFORE + DAY, why: 'as agreed' };
  await using server = await fakeServer(() => ({ status: 200, body: { retiredBefore: BEFORE, retirements: [refused, done] } }));
  const { stdout, code } = await tributary(['archive', 'retirements', '--url', server.url]);
  expect(code).toBe(0);
  for (const text of [
    'the archive may lack events before 2025-10-22',
    'refused: windows are longer now',
    'done 2025-10-23',
    'as agreed',
  ])
    expect(stdout).toContain(text);
});
