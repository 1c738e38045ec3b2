/** Dead letters after a run: those of users who are erased go, and those of users who were lifted since its cut stay. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestsBy, erasureKey } from '@tributary/archive/erasure-key';
import { createGeneration } from '@tributary/archive/generations';
import { commitOf, P } from '@tributary/testkit/contracts/store-under-test';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { expect, test } from 'vitest';
import { forgetInLetters } from '../src/retire/forget-letters.ts';

test('law 9: dead letters of users who are erased go after a run, and no others do', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-letters-'));
  try {
    const digestOf = digestsBy(await erasureKey(dataDir));
    const { generation } = await createGeneration(dataDir, {
      ...{ state: 'computed', mode: 'full', base: null, definitions: '{}', definitionsVersion: 'v', reason: 'demand' },
      ...{ createdAt: 1, computedAt: 2, lastSegment: [], cut: [], views: {}, events: [], conversions: [] },
      ...{ counts: { events: 0, newEvents: 0, duplicates: 0 }, erased: ['ana', 'ida'].map(digestOf) },
    });
    const store = createMemoryStore({ partitions: 4 });
    const serving = store.serving();
    const letter = (raw: string) => ({ at: 'p1.0', code: 'no', message: 'no', raw });
    const parked = ['{"userId":"ana"}', '{"userId":"ida"}', '{"userId":"eve","by":"ana"}', '{"userId":"ana'].map(letter);
    const commit = commitOf(null, 'p1', { parked });
    // Ida was lifted since.
    const next = { ...commit.next, generation, erased: [digestOf('ana')] };
    expect(await store.speed().commit({ ...commit, next })).toBe('committed');
    const notes: string[] = [];
    const ports = { dataDir, serving, note: (what: string) => void notes.push(what) };
    const { signal } = new AbortController();
    for (const [partition, read] of [
      [0, generation],
      [1, generation],
      [3, generation - 1],
    ] as const)
      expect(await store.speed().commit({ ...commit, partition, parked: [], next: { ...commit.next, generation: read } })).toBe(
        'committed',
      );
    // Partition 3 may yet learn of one who is erased, whose letters are anywhere.
    await forgetInLetters(generation, ports, signal);
    expect((await serving.states()).map((state) => state?.lettersWithout)).toEqual(Array.from({ length: 4 }));
    const behind = { ...commit, partition: 3, parked: [], expected: 'p1', expectedCommit: commit.id, id: 'commit of p2' };
    expect(await store.speed().commit({ ...behind, next: { ...commit.next, position: 'p2', generation } })).toBe('committed');
    await forgetInLetters(generation, ports, signal);
    const left = (await serving.deadLetters.page(10)).letters.map(({ raw }) => raw);
    expect(left.sort()).toEqual(['{"userId":"eve","by":"ana"}', '{"userId":"ida"}']);
    expect((await serving.states())[P]?.lettersWithout).toBe(generation);
    Object.assign(serving, { states: () => Promise.reject(new Error('down')) });
    await forgetInLetters(generation, ports, signal);
    expect(notes).toEqual([
      'dead letters of users who were erased are gone',
      'dead letters could not be searched for users who were erased',
    ]);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
});
