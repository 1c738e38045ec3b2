/** How much of a long archive a run looks at: manifests of segments, of which a year of generations has some 35,000 a partition. */
import { mkdir, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { archivedUpTo, partitionName, segmentPath } from '@tributary/archive/segments';
import { HOUR_MS } from '@tributary/model/time';
import { partitionOf } from '@tributary/model/user-key';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { expect, test } from 'vitest';
import { event, NOON_MS } from './one-user.ts';
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

test('law 8: a reconciliation with late events reads the manifests of as long as timelines reach back, and none from before', async () => {
  const world = await createWorld(DEFINITIONS);
  const receivedAfter = (hours: number, id: string, name: string) => ({
    ...event(id, hours - (name === 'late' ? 5 : 0), 'click', { channel: 'search' }),
    receivedAt: NOON_MS + hours * HOUR_MS,
  });
  const longAgo = -400 * 24;
  const partition = partitionOf('ana', PARTITIONS);
  try {
    for (const [number, hours] of [longAgo, longAgo + 1].entries()) {
      await world.ingest([receivedAfter(hours, `a${number}`, 'in time')]);
      await world.run();
      const seconds = (NOON_MS + hours * HOUR_MS) / 1_000;
      await utimes(segmentPath(world.dataDir, partition, number), seconds, seconds);
    }
    await writeFile(segmentPath(world.dataDir, partition, 0), 'a manifest that cannot be read');
    await world.ingest([receivedAfter(30, 'c', 'in time'), receivedAfter(30, 'd', 'late')]);
    await world.run();
    const report = await world.reconciliation(3);
    expect(report.failure).toBeUndefined();
    expect(report.causes).toMatchObject({ events: { late: 1 }, unexamined: 0 });
    expect(report.engineDefectRows).toBe(0);
  } finally {
    await world.close();
  }
});
