/** How much of a long archive a run looks at: manifests of segments, of which a year of generations has some 35,000 a partition. */
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { archivedUpTo, partitionName, segmentPath } from '@tributary/archive/segments';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { expect, test } from 'vitest';
import { createWorld, PARTITIONS } from './world.ts';

const DEFINITIONS = definitionsOf(SMALL_DEFINITIONS);

test('law 1: a generation is computed and published from the manifests since the one that it builds upon, and from none before', async () => {
  const log = generateEvents(createRandom(5), { events: 120, users: 6, lateChance: 0.1, duplicateChance: 0.1 }, DEFINITIONS);
  const world = await createWorld(DEFINITIONS);
  try {
    for (let part = 0; part < 3; part++) {
      await world.ingest(log.slice(part * 30, part * 30 + 30));
      await world.run();
    }
    const { lastSegment } = await world.manifest(3);
    // As if all older manifests could not be read: a run that looked at one would fail.
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const away = join(world.dataDir, 'away', partitionName(partition));
      await mkdir(away, { recursive: true });
      expect((await archivedUpTo(world.dataDir, partition)).last?.number).toBeGreaterThan(1);
      for (let number = 0; number < (lastSegment[partition] ?? 0); number++)
        await rename(segmentPath(world.dataDir, partition, number), join(away, `${number}.json`));
    }
    await world.ingest(log.slice(90));
    expect(await world.run()).toMatchObject({ published: 'published', generation: 4 });
    expect(await world.manifest(4)).toMatchObject({ base: 3, state: 'computed' });
    expect(differences(await world.viewsOf(4), naive(log, DEFINITIONS))).toEqual([]);
  } finally {
    await world.close();
  }
});
