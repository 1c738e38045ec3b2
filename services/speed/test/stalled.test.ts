import { createSpeedStore } from '@tributary/store/commit/redis-speed-store';
import { expect, test } from 'vitest';
import { createStallWatch } from '../src/watch/stalled.ts';

const at = (...positions: (string | null)[]) => new Map(positions.map((position, partition) => [partition, position]));

test('law 7: a partition whose log has entries and which does not move for 30 s is reported, and only that one', () => {
  const watch = createStallWatch();
  watch.observe(at('p1', 'p5', null, 'p1'), ['p9', 'p5', 'p1', null], 0);
  watch.observe(at('p1', 'p5', null, 'p1'), ['p9', 'p6', 'p1', null], 20_000);
  expect(watch.trouble(29_999)).toBeNull();
  expect(watch.trouble(30_000)).toMatch(/^partitions 0, 2: .* for 30000 ms$/);
  // One entry is enough to count as moving, though the end is far.
  watch.observe(at('p2', 'p6', null, 'p1'), ['p9', 'p6', 'p1', null], 31_000);
  expect(watch.trouble(31_000)).toMatch(/^partitions 2:/);
  // Another worker's matter.
  watch.observe(new Map([[0, 'p2']]), ['p9', 'p6', 'p1', null], 40_000);
  expect(watch.trouble(40_000)).toBeNull();
  expect(watch.trouble(61_000)).toMatch(/^partitions 0:/);
});

test('law 7: a partition that stands still is reported with the reason, until it moves', () => {
  const watch = createStallWatch();
  watch.observe(at('p1'), ['p9'], 0);
  watch.failed(0, 'the store refused the commit: WRONGTYPE');
  watch.observe(at('p1'), ['p9'], 20_000);
  expect(watch.trouble(30_000)).toMatch(/^partitions 0: .* \(partition 0: the store refused the commit: WRONGTYPE\)$/);
  watch.observe(at('p2'), ['p9'], 31_000);
  watch.observe(at('p2'), ['p9'], 61_000);
  expect(watch.trouble(61_000)).toMatch(/ms$/);
});

test('law 7: of several that stand still each has its reason, as far as there is room', () => {
  const watch = createStallWatch();
  const ends = Array.from({ length: 5 }, () => 'p9');
  watch.observe(at('p1', 'p1', 'p1', 'p1', 'p1'), ends, 0);
  for (const partition of [1, 2, 3, 4]) watch.failed(partition, `why ${partition}`);
  expect(watch.trouble(30_000)).toMatch(/ms \(partition 1: why 1; partition 2: why 2; partition 3: why 3; 1 more\)$/);
});

test.each([
  ['ReplyError', 'ERR user_script:3: attempt to index a nil value', 'store_refused'],
  ['ReplyError', 'WRONGTYPE Operation against a key holding the wrong kind of value', 'store_refused'],
  ['ReplyError', 'LOADING Redis is loading the dataset in memory', 'store_unavailable'],
  ['ReplyError', "OOM command not allowed when used memory > 'maxmemory'.", 'store_unavailable'],
  ['ReplyError', 'ERR max number of clients reached', 'store_unavailable'],
  ['Error', 'Connection is closed.', 'store_unavailable'],
])('law 7: a commit that fails with %s "%s" is %s', async (name, sentence, code) => {
  const fails = () => Promise.reject(Object.assign(new Error(sentence), { name }));
  const redis = { defineCommand: () => {}, isCluster: false, sendCommand: fails } as unknown as Parameters<
    typeof createSpeedStore
  >[0];
  const commit = {
    partition: 0,
    expected: null,
    expectedCommit: '',
    id: '1',
    next: { position: 'p1', logIdentity: 'l', logTimeMs: 0, generation: 0, definitions: '{}' },
    appends: new Map(),
    rewrites: new Map(),
    deltas: new Map(),
    deltasGeneration: 0,
    pending: 0,
    overflowed: 0,
    conversions: new Map(),
    parked: [],
  };
  const message = expect.stringContaining(sentence);
  await expect(createSpeedStore(redis, 'test').commit(commit)).rejects.toMatchObject({ code, message });
});
