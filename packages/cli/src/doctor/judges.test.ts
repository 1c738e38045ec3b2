import { expect, test } from 'vitest';
import { gathered } from '../report/meta-line.ts';
import { judgePointer, judgePublished } from './archive.ts';
import { cannotWriteFix, judgeFreeSpace, judgeNode } from './machine.ts';
import { judgeClock, judgeInfo, judgeSettings } from './redis.ts';
import { judgeRestores } from './restored.ts';
import { serviceUrls } from './roles-nearby.ts';
import { judgeSchedules } from './schedules.ts';

const DURABLE = { appendonly: 'yes', appendfsync: 'always', 'no-appendfsync-on-rewrite': 'no', 'maxmemory-policy': 'noeviction' };
const PUBLICATION = { sequence: 2, generation: 7, action: 'publish', held: false, at: 0, by: 'x' } as const;

test('law 6: each setting alone is enough to fail, and the fix names it', () => {
  expect(judgeSettings(DURABLE).status).toBe('ok');
  for (const [setting, wrong] of [
    ['appendonly', 'no'],
    ['appendfsync', 'everysec'],
    ['no-appendfsync-on-rewrite', 'yes'],
    ['maxmemory-policy', 'allkeys-lru'],
  ]) {
    const finding = judgeSettings({ ...DURABLE, [setting as string]: wrong as string });
    expect(finding).toMatchObject({ status: 'fail', fix: expect.stringContaining(`CONFIG SET ${setting} `) });
  }
  expect(judgeSettings({}).status).toBe('fail');
}); // prettier-ignore

test('a Redis that cannot write its file, or runs out of memory', () => {
  const statuses = (info: string) => judgeInfo(info).map(({ status }) => status);
  expect(statuses('aof_last_write_status:ok\r\nused_memory:95\r\nmaxmemory:0\r\n')).toEqual(['ok', 'ok']);
  expect(statuses('aof_last_write_status:err\r\nused_memory:95\r\nmaxmemory:100\r\n')).toEqual(['fail', 'warn']);
});

test('clocks: what lies between the question and the answer agrees', () => {
  const statuses = [
    [1_000, 1_500, 2_000],
    [1_000, 500, 2_000],
    [1_000, 3_500, 2_000],
    [0, -90_000, 0],
    [0, 90_000, 0],
  ].map(([before, theirs, after]) => judgeClock('x', before as number, theirs as number, after as number).status);
  expect(statuses).toEqual(['ok', 'ok', 'warn', 'fail', 'fail']);
}); // prettier-ignore

test('runs are due as schedules say, and a full one that does not come is named', () => {
  const MINUTE = 60_000;
  const schedule = (name: string, everyMinutes: number, more: Partial<Parameters<typeof judgeSchedules>[0][number]> = {}) => ({
    name,
    mode: 'incremental' as const,
    paused: false,
    at: 0,
    next: [1, 2, 3].map((i) => (1_000 + i * everyMinutes) * MINUTE),
    lastDoneAt: 1_000 * MINUTE,
    ...more,
  });
  const now = 1_000 * MINUTE;
  const judged = (...schedules: Parameters<typeof judgeSchedules>[0][number][]) => {
    const { findings, everyMs } = judgeSchedules(schedules, now);
    return [(everyMs ?? Number.NaN) / MINUTE, ...findings.map(({ status, detail }) => `${status}: ${detail}`)];
  };
  expect(judged(schedule('default', 15))).toEqual([15, 'ok: default next in 15 min 0 s']);
  expect(judged(schedule('hourly', 60), schedule('default', 15, { paused: true, next: [] }))).toEqual([
    60,
    'ok: hourly next in 1 h 0 min',
  ]);
  expect(judged(schedule('default', 15, { paused: true, next: [] }))).toEqual([
    0,
    'warn: no run begins by itself, paused: default',
  ]);
  expect(judged()).toEqual([0, 'ok: none: runs begin on demand alone']);
  // Weekdays alone: on a Friday the next runs are 3 days and 1 day apart.
  expect(judged(schedule('weekdays', 0, { next: [now, now + 4_320 * MINUTE, now + 5_760 * MINUTE] }))[0]).toBe(4_320);
  const nightly = schedule('nightly', 60, { mode: 'full', lastDoneAt: 700 * MINUTE });
  expect(judged(nightly, schedule('default', 15))).toEqual([
    15,
    'warn: a full run of schedule nightly is overdue: the last one ended 5 h 0 min ago',
  ]);
  expect(judged({ ...nightly, at: 900 * MINUTE, lastDoneAt: null })).toEqual([60, 'ok: nightly next in 1 h 0 min']);
});

test('node, free space, the pointer, the published generation', () => {
  expect([judgeNode('24.1.0'), judgeNode('20.20.2')].map(({ status }) => status)).toEqual(['ok', 'fail']);
  expect([5e9, 1e9, 1e7].map((free) => judgeFreeSpace(free).status)).toEqual(['ok', 'warn', 'fail']);
  expect(judgePointer({ sequence: 2, generation: 7 }, PUBLICATION).status).toBe('ok');
  expect(judgePointer({ sequence: 2, generation: 6 }, PUBLICATION).status).toBe('fail');
  expect(judgePointer(null, PUBLICATION).status).toBe('warn');
  expect(judgePointer(null, null).status).toBe('ok');
  const published = (state: 'computed' | 'failed', ageMs: number, held = false, everyMs = 900_000) =>
    judgePublished({ generation: 7, state, createdAt: 0 }, { ...PUBLICATION, held }, ageMs, everyMs).status;
  expect([
    published('computed', 1_000),
    published('computed', 2 * 3_600_000),
    published('computed', 1_000, true),
    published('failed', 1_000),
    published('computed', 2 * 3_600_000 + 60_000, false, 3_600_000),
    published('computed', 2 * 3_600_000 + 60_001, false, 3_600_000),
    published('computed', 9 * 3_600_000, false, 0),
  ]).toEqual(['ok', 'warn', 'warn', 'fail', 'ok', 'warn', 'ok']);
});

test('roles without HTTP are asked on this machine only', () => {
  expect(serviceUrls({ collectorUrl: 'http://127.0.0.1:7400', apiUrl: 'http://127.0.0.1:7401' }).map(([, url]) => url)).toEqual(
    [7400, 7401, 7403, 7404, 7405].map((port) => `http://127.0.0.1:${port}`),
  );
  expect(serviceUrls({ collectorUrl: 'https://in.example', apiUrl: 'https://api.example' })).toHaveLength(2);
});

test('a folder that cannot be written: the fix is of its reason', () => {
  const fixes = ['ENOSPC', 'EROFS', 'ENOTDIR', 'EACCES'].map(cannotWriteFix);
  expect(fixes[0]).toContain('Free space');
  expect(fixes.map((fix) => fix.includes('permission to write'))).toEqual([false, false, false, true]);
});

test('what holds of many partitions is one sentence', () => {
  const gone = (partition: number) => `partition ${partition}: the log begins after 0017-${partition}`;
  expect(gathered([gone(0), 'the log is silent', gone(1), gone(2), 'partition 1: behind'])).toEqual([
    'partition 0: the log begins after 0017-0 (also partitions 1, 2)',
    'the log is silent',
    'partition 1: behind',
  ]);
  expect(gathered([0, 1, 2, 3, 5, 7, 8].map(gone))).toEqual([
    'partition 0: the log begins after 0017-0 (also partitions 1 to 3, 5, 7, 8)',
  ]);
  expect(gathered(['59.0 s', '1 min 0 s', '850 ms'].map((age, i) => `partition ${i}: has waited for ${age}: late`))).toEqual([
    'partition 0: has waited for 59.0 s: late (also partitions 1, 2)',
  ]);
});

test('a log that was created again is named, and the setting for it as long as it is on', () => {
  expect(judgeRestores({})).toEqual([]);
  expect(judgeRestores({ restoredAt: 0 })).toMatchObject([
    { status: 'ok', detail: expect.stringMatching(/not archived is lost$/) },
  ]);
  expect(judgeRestores({ restoredAt: 0, restoreSpent: { speed: 1_000 } })).toMatchObject([
    { status: 'warn', detail: expect.stringMatching(/is lost; TRIBUTARY_RESTORE_LOST_LOG has been on since 1970.* \(speed\)/) },
  ]);
});
