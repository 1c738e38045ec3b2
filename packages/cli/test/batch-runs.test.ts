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
    const again = { ...failed, id: 'run-8', state: 'waiting', attempts: 2, scheduled: true, reason: 'schedule' };
    await using server = await fakeServer(() => ({ body: { runs: [again, RUN, failed], nextCursor: null } }));
    const { code, stdout } = await tributary(['batch', 'runs', '--limit', '3', '--url', server.url]);
    expect(code).toBe(0);
    expect(server.received[0]).toMatchObject({ path: '/v1/runs', query: { limit: '3' } });
    for (const text of [
      /waiting .* run-8 .*schedule/,
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
        : { body: { ...RUN, id: path.split('/')[3], bringsDefinitions: true, state: 'cancelled' } },
    );
    const first = await tributary(['batch', 'cancel', '--why', 'the wrong file', '--url', server.url]);
    expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining('run run-8 is cancelled: readers keep') });
    expect(first.stdout).toContain('the next run takes them back');
    expect(server.received.at(-1)).toMatchObject({ path: '/v1/runs/run-8/cancel', body: { why: 'the wrong file' } });
    listed = listed.filter(({ state }) => state === 'waiting');
    expect((await tributary(['batch', 'cancel', '--url', server.url])).stdout).toContain('run-7');
    listed = [];
    expect((await tributary(['batch', 'cancel', '--url', server.url])).stderr).toContain('See "tributary batch runs".');
  });

  test('says so where none is remembered', async () => {
    await using server = await fakeServer(() => ({ body: { runs: [], nextCursor: null } }));
    expect((await tributary(['batch', 'runs', '--url', server.url])).stdout).toContain('no run is remembered yet');
  });
});
