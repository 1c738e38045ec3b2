import type { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { createPartitionReads } from './partition-reads.ts';

/** Generations 0 and 1 of two views in a cluster whose slot moves for ever: no script finds its keys together. */
function movingSlot(whenFirstRead: (retire: () => void) => void) {
  const state: Record<string, string> = { position: 'p5', commit: 'c5', commits: '5', generation: '1', oldest: '0' };
  const hashes = new Map(['p:d:0:a', 'p:d:0:b', 'p:d:1:a', 'p:d:1:b'].map((key) => [key, [Buffer.from(key), Buffer.from('1')]]));
  const read: string[] = [];
  const redis: unknown = {
    isCluster: true,
    defineCommand: () => undefined,
    tributaryReadDeltasBuffer: () => Promise.reject(new Error('TRYAGAIN Multiple keys request during rehashing of slot')),
    hgetall: async () => ({ ...state }),
    hmget: async (key: string, ...fields: string[]) => fields.map((field) => (key === 'p:state' ? (state[field] ?? null) : null)),
    hlen: async (key: string) => hashes.get(key)?.length ?? 0,
    callBuffer: async (_command: string, key: string) => {
      const hash = hashes.get(key) ?? [];
      if (read.push(key) === 1)
        whenFirstRead(() => {
          state['oldest'] = '1';
          for (const gone of ['p:d:0:a', 'p:d:0:b']) hashes.delete(gone);
        });
      return hash;
    },
  };
  return { read, reads: createPartitionReads(redis as Redis) };
}

const VIEWS = ['a', 'b'];
const asked = (from: number) => ({ views: VIEWS, from, before: undefined, mostRows: 100, since: null });
const namesOf = (views: readonly (readonly Buffer[])[] | null) => views?.map(([field]) => field?.toString());

test('law 7: deltas that are retired between two keys of a read are refused, never read as empty', async () => {
  const { reads, read } = movingSlot((retire) => retire());
  await expect(reads.hashes('p:', asked(0))).rejects.toThrow(
    /^RETIRED the deltas of generation 0 are gone, the oldest kept is 1$/,
  );
  expect(read.slice(0, 2)).toEqual(['p:d:0:a', 'p:d:0:b']);
});

test('key by key each generation is read whole, from an older one that is retired meanwhile once more', async () => {
  const { reads, read } = movingSlot(() => undefined);
  const { generations } = await reads.hashes('p:', asked(0));
  expect(generations.map(({ generation, views }) => [generation, ...(namesOf(views) ?? [])])).toEqual([
    [0, 'p:d:0:a', 'p:d:0:b'],
    [1, 'p:d:1:a', 'p:d:1:b'],
  ]);
  expect(read).toHaveLength(4);
  const retiring = movingSlot((retire) => retire());
  const kept = await retiring.reads.hashes('p:', asked(1));
  expect(kept.generations.map(({ generation, views }) => [generation, ...(namesOf(views) ?? [])])).toEqual([
    [1, 'p:d:1:a', 'p:d:1:b'],
  ]);
  expect(kept.fields['oldest']).toBe('1');
});

test('law 7: key by key, another history with as many commits is not the one that is known', async () => {
  const { reads } = movingSlot(() => undefined);
  const entriesSince = async (commitId: string) =>
    (await reads.hashes('p:', { ...asked(0), since: { commitId, commits: 5 } })).entries;
  expect(await entriesSince('c5')).toEqual([]);
  expect(await entriesSince('other')).toBe(null);
});
