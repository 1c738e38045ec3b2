/** Where keys are joined: what was in flight at the cut of a generation, for who reads the archive without a store. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generationFolder } from '@tributary/archive/generations';
import { archivedPast } from '@tributary/archive/history/archived-past';
import type { Definitions } from '@tributary/model/definitions';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { expect, test } from 'vitest';
import { COOKIE, joined, ofCookie, STORED, settle } from './lent.ts';
import { event } from './one-user.ts';
import { createWorld, type World } from './world.ts';

const PLAIN = definitionsOf({ ...SMALL_DEFINITIONS, signalRetention: { days: 90, perUser: 20 } });
const SIGNAL = new AbortController().signal;

async function within(definitions: Definitions, use: (world: World, lacks: () => Promise<unknown>) => Promise<void>) {
  const world = await createWorld(definitions);
  try {
    await use(world, async () => (await archivedPast(world.dataDir, SIGNAL, () => {}))?.lacks);
  } finally {
    await world.close();
  }
}

test('law 7: who reads the archive alone hears what was in flight between keys at the cut, or that it is not known', () =>
  within(joined(PLAIN), async (world, lacks) => {
    await world.ingest([ofCookie('c1', 1, 'click')]);
    await settle(world);
    await world.run({}, STORED);
    expect(await lacks()).toEqual([]);

    // The link waits in the outbox while the generation is cut.
    await world.ingest([event('s1', 3, 'identify', { userId: 'bob', anonymousId: COOKIE })]);
    await world.turn();
    await world.run({}, STORED);
    expect(await lacks()).toEqual([expect.stringContaining('in flight between 1 pair of partitions at the cut of generation 2')]);
    await settle(world);
    expect(await lacks(), 'what is by now does not matter').toHaveLength(1);

    await world.ingest([event('v1', 4, 'view', { userId: 'zoe' })]);
    await world.run({}, STORED);
    expect(await lacks()).toEqual([]);

    const noted = join(world.dataDir, generationFolder(3), 'reconciliation.json');
    const unknown = [expect.stringMatching(/^it is not known .* at the cut of generation 3: the run/)];
    for (const text of ['{}', '{"inFlight', 'null']) {
      await writeFile(noted, text);
      expect(await lacks(), text).toEqual(unknown);
    }
    await rm(noted);
    expect(await lacks()).toEqual(unknown);

    world.down.speed = true;
    await world.ingest([event('v2', 4, 'view', { userId: 'zoe' })]);
    await world.run({}, STORED);
    expect(await lacks()).toEqual([expect.stringContaining('real time has not read up to the cut of generation 4')]);
  }));

test('law 7: where keys are not joined nothing is in flight between them, whatever was noted', () =>
  within(PLAIN, async (world, lacks) => {
    await world.ingest([ofCookie('c1', 1, 'click')]);
    await world.turn();
    await world.run({}, STORED);
    expect(await lacks()).toEqual([]);
    await rm(join(world.dataDir, generationFolder(1), 'reconciliation.json'));
    expect(await lacks()).toEqual([]);
  }));
