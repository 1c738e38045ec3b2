import { commitOf } from '@tributary/testkit/contracts/store-under-test';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PARTS_UNDER_TEST } from './parts-under-test.ts';

const PARTITIONS = 4;
const definitions = definitionsOf(SMALL_DEFINITIONS);

type Spoil = <T>(answers: T[]) => T[];
const whole: Spoil = (answers) => answers;

/** Reads through the API's serving path, with the store's answers spoilt: what was committed since, what was read whole. */
async function answerOf(followed: Spoil, readWhole: Spoil) {
  const store = createMemoryStore({ partitions: PARTITIONS });
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const commit = commitOf(null, 'p1');
    await store.speed().commit({ ...commit, partition, next: { ...commit.next, definitions: definitions.json } });
  }
  const serving = store.serving();
  const reader = PARTS_UNDER_TEST.createReader({
    partitions: PARTITIONS,
    store: {
      ...serving,
      follow: async (...question) => followed(await serving.follow(...question)),
      readWhole: async (...question) => readWhole(await serving.readWhole(...question)),
    },
    source: {
      publication: async () => null,
      manifests: async () => [],
      manifest: async () => null,
      viewRows: async () => new Map(),
      rowsByPartition: async () => new Map(),
    },
    definitions,
  });
  return (await reader.read()).rows.get('conversions')?.get('2026-03-01\tbuy\tEUR');
}

test('law 7: with every partition the answer is whole', async () => {
  expect(await answerOf(whole, whole)).toEqual([PARTITIONS, PARTITIONS * 250]);
});

test('law 7: whichever partitions are missing or doubled, there is no answer rather than a smaller number', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(PARTITIONS - 1), { maxLength: 6 }).filter((given) => [...given].sort().join() !== '0,1,2,3'),
      async (given) => {
        const spoil: Spoil = (answers) => given.flatMap((partition) => answers.slice(partition, partition + 1));
        await expect(answerOf(spoil, whole)).rejects.toMatchObject({ code: 'store_unavailable' });
        await expect(answerOf(whole, spoil)).rejects.toMatchObject({ code: 'store_unavailable' });
      },
    ),
    { numRuns: 100 },
  );
});

test('law 7: a store that does not answer is an error', async () => {
  const reset: Spoil = () => {
    throw new Error('connection reset');
  };
  await expect(answerOf(reset, whole)).rejects.toMatchObject({ code: 'store_unavailable' });
  await expect(answerOf(whole, reset)).rejects.toMatchObject({ code: 'store_unavailable' });
});
