/** Which generation readers take: decided by a run, and moved by hand. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TributaryError } from '@tributary/model/errors';
import { decidePublication, type Move, move } from '@tributary/recompute/publication';
import { generateEvents } from '@tributary/testkit/generate';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/generate-definitions';
import { createRandom } from '@tributary/testkit/random';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWorld, type World } from './world.ts';

const DEFINITIONS = definitionsOf(SMALL_DEFINITIONS);
let world: World;
beforeEach(async () => {
  world = await createWorld(DEFINITIONS);
});
afterEach(() => world.close());

const moveBy = (asked: Move) => move(asked, world.ports, new AbortController().signal);

test('the decision to publish: once, not over a rollback, not over somebody who knew better', () => {
  const published = (sequence: number, generation: number, held = false) => ({
    sequence,
    generation,
    action: held ? ('rollback' as const) : ('publish' as const),
    held,
    at: 0,
    by: 'test',
  });
  const facts = { generation: 3, scheduled: true, expectedSequence: 2, publications: [published(1, 1), published(2, 2)] };
  expect(decidePublication(facts)).toBe('publish');
  expect(decidePublication({ ...facts, publications: [], expectedSequence: 0 })).toBe('publish');
  expect(decidePublication({ ...facts, expectedSequence: 1 })).toBe('overtaken');
  const rolledBack = { ...facts, expectedSequence: 3, publications: [...facts.publications, published(3, 1, true)] };
  expect(decidePublication(rolledBack)).toBe('held');
  expect(decidePublication({ ...rolledBack, scheduled: false })).toBe('publish');
  // Published, then rolled back, then its job is tried again: it was published once, and that is over.
  expect(decidePublication({ ...rolledBack, generation: 2, scheduled: false })).toBe('already');
});

test('moves that make no sense are refused: to a newer one by rollback, to one that is unknown, failed or retired', async () => {
  await world.run();
  const asked = (action: 'publish' | 'rollback', generation: number) =>
    moveBy({ action, generation, by: 'ana' }).catch((error: TributaryError) => error.code);
  expect(await asked('rollback', 2)).toBe('conflict');
  expect(await asked('publish', 2)).toBe('not_found');
  for (let i = 0; i < 4; i++) await world.run();
  expect((await world.manifest(1)).state).toBe('retired');
  expect(await asked('rollback', 1)).toBe('conflict');
});

test('law 7: a generation that was damaged since is not published by hand', async () => {
  await world.ingest(
    generateEvents(createRandom(25), { events: 60, users: 5, lateChance: 0, duplicateChance: 0.1 }, DEFINITIONS),
  );
  await world.run();
  await world.run();
  const [file] = Object.values((await world.manifest(1)).views);
  await writeFile(join(world.dataDir, file?.path ?? ''), 'x');
  await expect(moveBy({ action: 'rollback', generation: 1, by: 'ana' })).rejects.toMatchObject({ code: 'archive_corrupt' });
  expect((await world.current())?.generation).toBe(2);
});
