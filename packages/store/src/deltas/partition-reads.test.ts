import type { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { readDeltas } from './paged-read.ts';
import { createPartitionReads } from './partition-reads.ts';
import type { PageAsked } from './partition-reads-port.ts';
import { ENTRIES_OF_LOOK_BYTES, ENTRIES_OF_PAGE_BYTES, READ_BOUNDS } from './read-bounds.ts';

const MOVING = async () => Promise.reject(new Error('TRYAGAIN Multiple keys request during rehashing of slot'));

/** Generations 0 and 1 of two views in a cluster whose slot moves for ever: no script finds its keys together. */
function movingSlot(whenFirstRead: (retire: () => void) => void = () => undefined) {
  const state: Record<string, string> = {
    position: 'p5',
    commit: 'c5',
    commits: '5',
    generation: '1',
    oldest: '0',
    feedBytes: '7',
  };
  const hashes = new Map(
    ['p:d:0:a', 'p:d:0:b', 'p:d:1:a', 'p:d:1:b'].map((key) => [key, [Buffer.from(key), Buffer.from([0, 7, 0, 0, 0])]]),
  );
  const read: string[] = [];
  const asked: string[][] = [];
  const written: unknown[][] = [];
  const redis = {
    isCluster: true,
    leftMs: -2,
    refusesWrites: false,
    defineCommand: () => undefined,
    tributaryReadDeltasBuffer: MOVING,
    tributaryReadPageBuffer: MOVING,
    tributaryFollow: MOVING,
    hgetall: async () => ({ ...state }),
    hmget: async (key: string, ...fields: string[]) => fields.map((field) => (key === 'p:state' ? (state[field] ?? null) : null)),
    hlen: async (key: string) => (hashes.get(key)?.length ?? 0) / 2,
    pttl: async () => redis.leftMs,
    async set(...args: unknown[]) {
      if (redis.refusesWrites) throw Object.assign(new Error('NOREPLICAS Not enough good replicas'), { name: 'ReplyError' });
      written.push(args);
    },
    async tributaryReadRowsBuffer(_keys: string, key: string, ...args: string[]) {
      asked.push([key, ...args]);
      const hash = hashes.get(key) ?? [];
      if (read.push(key) === 1)
        whenFirstRead(() => {
          state['oldest'] = '1';
          for (const gone of ['p:d:0:a', 'p:d:0:b']) hashes.delete(gone);
        });
      return ['0', hash];
    },
    async tributaryReadEntriesBuffer(_keys: string, key: string, ...args: string[]) {
      asked.push([key, ...args]);
      return 0;
    },
  };
  return { redis, read, asked, written, reads: createPartitionReads(redis as unknown as Redis) };
}

const asked = (from: number) => ({ views: ['a', 'b'], from, before: undefined, mostRows: 100, mostBytes: 1_000, since: null });
const wholeOf = (reads: ReturnType<typeof createPartitionReads>, from: number, bounds = READ_BOUNDS) =>
  readDeltas(reads, 'p:', { views: ['a', 'b'], from, before: undefined }, async () => undefined, bounds);
/** A hash has 12 bytes here: all four are too many. */
const IN_PAGES = { ...READ_BOUNDS, bytesAtOnce: 40 };
const PAGE: PageAsked = {
  generation: 1,
  view: 'a',
  which: { place: '7', rows: 5, bytes: 900 },
  since: { commitId: 'c2', commits: 2 },
};

test('law 7: deltas that are retired between two keys of a read are refused, never read as empty', async () => {
  for (const bounds of [READ_BOUNDS, { ...READ_BOUNDS, mostAtOnce: 3 }]) {
    const { reads, read } = movingSlot((retire) => retire());
    const gone = /^RETIRED the deltas of generation 0 are gone, the oldest kept is 1$/;
    await expect(wholeOf(reads, 0, bounds)).rejects.toThrow(gone);
    expect(read[0]).toEqual('p:d:0:a');
  }
});

test('key by key each generation is read whole, at once or in pages', async () => {
  for (const [bounds, places] of [
    [READ_BOUNDS, 4],
    [IN_PAGES, 8],
  ] as const) {
    const { reads, read } = movingSlot();
    const { generations } = await wholeOf(reads, 0, bounds);
    const keys = [...generations].flatMap(([, { rows }]) => [...rows.values()].flatMap((own) => [...own.keys()]));
    expect(keys).toEqual(['p:d:0:a', 'p:d:0:b', 'p:d:1:a', 'p:d:1:b']);
    expect(read.slice(-4)).toEqual(keys);
    expect(read).toHaveLength(places);
  }
});

test('key by key deltas are read once more where an older generation is retired meanwhile', async () => {
  for (const mostAtOnce of [3, 1]) {
    const { reads, read } = movingSlot((retire) => retire());
    const { fields, generations } = await wholeOf(reads, 1, { ...READ_BOUNDS, mostAtOnce });
    expect(fields['oldest']).toBe('1');
    expect([...(generations.get(1)?.rows.get('a')?.keys() ?? [])]).toEqual(['p:d:1:a']);
    expect(read.length).toBeGreaterThanOrEqual(3);
  }
});

test('law 7: key by key, another history with as many commits is not the one that is known', async () => {
  const { reads } = movingSlot();
  const entriesSince = async (commitId: string) =>
    (await reads.hashes('p:', { ...asked(0), since: { commitId, commits: 5 } })).entries;
  expect(await entriesSince('c5')).toEqual([]);
  expect(await entriesSince('other')).toBe(null);
});

test('law 7: key by key, rows and entries are bounded in bytes before they are read', async () => {
  const { reads, asked: all } = movingSlot();
  await reads.page('p:', PAGE);
  await reads.hashes('p:', { ...asked(1), mostBytes: 100, since: PAGE.since });
  await reads.feedSince('p:', PAGE.since);
  expect(all).toEqual([
    ['p:d:1:a', '7', '5', '900'],
    ['p:feed', '3', '7', String(ENTRIES_OF_PAGE_BYTES)],
    ['p:feed', '3', '7', String(ENTRIES_OF_PAGE_BYTES)],
    ['p:d:1:a', '0', '101', '101'],
    ['p:d:1:b', '0', '101', '89'],
    ['p:feed', '3', '7', String(ENTRIES_OF_LOOK_BYTES)],
  ]);
});

test('law 7: key by key, commits know that somebody reads in pages, as they do of the scripts', async () => {
  const { redis, reads, written } = movingSlot();
  const note = ['p:reading', '1', 'PX', 10_000];
  await reads.hashes('p:', asked(0));
  expect(written).toEqual([]);
  await reads.hashes('p:', { ...asked(0), mostBytes: 40 });
  await reads.hashes('p:', { ...asked(0), mostRows: 3 });
  await reads.page('p:', PAGE);
  expect(written).toEqual([note, note, note]);
  // Half of its time is left, then less.
  redis.leftMs = 5_000;
  await reads.page('p:', PAGE);
  expect(written).toHaveLength(3);
  redis.leftMs = 4_999;
  await reads.page('p:', PAGE);
  expect(written).toHaveLength(4);
  // Lengths alone, or the feed, are not pages.
  await reads.hashes('p:', { ...asked(0), mostRows: -1 });
  await reads.feedSince('p:', PAGE.since);
  expect(written).toHaveLength(4);
});

test('law 7: key by key, deltas are read where Redis takes no writes', async () => {
  const { redis, reads } = movingSlot();
  redis.refusesWrites = true;
  expect((await wholeOf(reads, 0, IN_PAGES)).generations.size).toBe(2);
  redis.set = () => Promise.reject(new Error('Connection is closed.'));
  await expect(wholeOf(reads, 0, IN_PAGES)).rejects.toThrow(/closed/);
});
