import { describe, expect, test } from 'vitest';
import { fakeServer } from './fake-server.ts';
import { tributary } from './fake-shell.ts';

describe('batch runs', () => {
  const RUN = {
    id: 'run-7',
    state: 'done',
    mode: 'full',
    reason: 'demand by key ta_1',
    scheduled: false,
    queuedAt: Date.UTC(2026, 10, 21),
    beganAt: Date.UTC(2026, 10, 21),
    endedAt: Date.UTC(2026, 10, 21, 0, 0, 4),
    attempts: 1,
    generation: 4,
    outcome: 'published',
    counts: { events: 1_000, newEvents: 40, duplicates: 0 },
    failure: null,
    cancelled: null,
    progress: null,
  };

  test('lists them with what came of each, and a failed one with its reason', async () => {
    const failed = { ...RUN, id: 'run-6', state: 'failed', outcome: null, counts: null, failure: 'archive_corrupt: a file' };
    const again = { ...failed, id: 'run-8', state: 'waiting', attempts: 2, scheduled: true, reason: 'schedule', priority: 'low' };
    await using server = await fakeServer(() => ({ body: { runs: [again, RUN, failed], nextCursor: null } }));
    const { code, stdout } = await tributary(['batch', 'runs', '--limit', '3', '--url', server.url]);
    expect(code).toBe(0);
    expect(server.received[0]).toMatchObject({ path: '/v1/runs', query: { limit: '3' } });
    for (const text of [
      /waiting .* run-8 .*schedule, priority low/,
      /attempt 2 failed, is tried again: archive_corrupt: a file/,
      /done .*full .*4 .*4\.0 s .*run-7 .*key ta_1/,
      /published, 40 new events/,
      /failed .*run-6/,
    ])
      expect(stdout.replace(/\s+/g, ' ')).toMatch(text);
  });

  test('cancel takes the one under way, else the one that waits the longest, and says what follows', async () => {
    const waits = { ...RUN, state: 'waiting', outcome: null };
    let listed = [
      { ...waits, id: 'run-9' },
      { ...waits, id: 'run-8', state: 'running' },
      { ...waits, id: 'run-7' },
    ];
    await using server = await fakeServer(({ method, path }) =>
      method === 'GET'
        ? { body: { runs: listed, nextCursor: null } }
        : { body: { ...RUN, id: path.split('/')[3], bringsDefinitions: true, state: 'cancelled', joinedBy: ['key ta_x'] } },
    );
    const first = await tributary(['batch', 'cancel', '--why', 'the wrong file', '--url', server.url]);
    expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining('run run-8 is cancelled: readers keep') });
    expect(first.stdout).toContain('Others had asked for it as well (key ta_x)');
    expect(first.stdout).toContain('the next run takes them back');
    expect(server.received.at(-1)).toMatchObject({ path: '/v1/runs/run-8/cancel', body: { why: 'the wrong file' } });
    listed = listed.filter(({ state }) => state === 'waiting');
    expect((await tributary(['batch', 'cancel', '--url', server.url])).stdout).toContain('run-7');
    listed = [];
    expect((await tributary(['batch', 'cancel', '--url', server.url])).stderr).toContain('See "tributary batch runs".');
  });

  test('retry takes the newest that failed or was cancelled, or the one that is named', async () => {
    let listed: object[] = [RUN, { ...RUN, id: 'run-5', state: 'cancelled' }, { ...RUN, id: 'run-4', state: 'failed' }];
    await using server = await fakeServer(({ method }) =>
      method === 'GET' ? { body: { runs: listed, nextCursor: null } } : { status: 202, body: { jobId: 'run-9', joined: false } },
    );
    const retry = (...args: string[]) => tributary(['batch', 'retry', ...args, '--url', server.url]);
    expect(await retry()).toMatchObject({
      code: 0,
      stdout: 'asked again for what run run-5 asked for, as a new one: run-9\n',
    });
    expect(server.received.at(-1)).toMatchObject({ method: 'POST', path: '/v1/runs/run-5/retry' });
    await retry('run-4');
    expect(server.received.at(-1)).toMatchObject({ path: '/v1/runs/run-4/retry' });
    listed = [RUN];
    expect(await retry()).toMatchObject({ code: 1, stderr: expect.stringContaining('See "tributary batch runs"') });
  });

  test('says so where none is remembered', async () => {
    await using server = await fakeServer(() => ({ body: { runs: [], nextCursor: null } }));
    expect((await tributary(['batch', 'runs', '--url', server.url])).stdout).toContain('no run is remembered yet');
  });
});

describe('schedules', () => {
  const NIGHTLY = {
    name: 'nightly',
    everyMs: null,
    cron: '30 3 * * *',
    timeZone: 'Europe/Berlin',
    mode: 'full',
    promote: 'ask',
    catchUp: 'skip',
    paused: false,
    by: 'key ta_1',
    at: 0,
    next: [Date.UTC(2026, 10, 22, 2, 30)],
    lastDoneAt: null,
  };

  test('set sends what was typed; list shows when, what and the next runs', async () => {
    await using server = await fakeServer(({ method }) => ({
      body: method === 'GET' ? { schedules: [NIGHTLY] } : { schedule: NIGHTLY },
    }));
    const words = ['schedules', 'set', 'nightly', '--cron', '30 3 * * *', '--time-zone', 'Europe/Berlin', '--full'];
    const done = await tributary([...words, '--promote', 'ask', '--catch-up', 'skip', '--url', server.url]);
    expect(done.code).toBe(0);
    expect(server.received[0]).toMatchObject({
      path: '/v1/schedules/nightly',
      body: { cron: '30 3 * * *', timeZone: 'Europe/Berlin', mode: 'full', promote: 'ask', catchUp: 'skip' },
    });
    const listed = (await tributary(['schedules', 'list', '--url', server.url])).stdout.replace(/\s+/g, ' ');
    for (const text of ['30 3 * * * Europe/Berlin', 'full, staged, not late', '2026-11-22 02:30:00Z'])
      expect(listed).toContain(text);
  });

  test.each([
    [[], '--every or --cron must be given, and not both'],
    [['--every', '15m', '--cron', '* * * * *'], 'and not both'],
    [['--every', '5s'], '--every must be a duration from 10s to 7d, such as 15m (got "5s")'],
    [['--every', 'often'], '--every must be a duration'],
    [['--every', '15m', '--time-zone', 'UTC'], '--time-zone must come with --cron (got "UTC")'],
    [['--every', '15m', '--catch-up', 'all'], '--catch-up must be once or skip (got "all")'],
  ])('set %j is exit 2 before anything is asked', async (words, text) => {
    await using server = await fakeServer(() => ({ body: {} }));
    const done = await tributary(['schedules', 'set', 'x', ...words, '--url', server.url]);
    expect(done).toMatchObject({ code: 2, stderr: expect.stringContaining(text) });
    expect(server.received).toEqual([]);
  });
});
