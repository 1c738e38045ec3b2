/** What an API that begins now says of a merged answer. */
import { listGenerations, readGeneration } from '@tributary/archive/generations';
import { currentPublication } from '@tributary/archive/publications';
import { readViewRows } from '@tributary/archive/views';
import { type Definitions, storedDefinitions } from '@tributary/model/definitions';
import type { Meta } from '@tributary/serving/meta';
import { createServing } from '@tributary/serving/serving';
import { takeSnapshot } from '@tributary/serving/snapshot';
import { sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { byPartition } from '@tributary/views/by-partition';
import { VIEWS } from '@tributary/views/registry';
import { viewRowsOf } from './view-rows.ts';
import { PARTITIONS, type World } from './world.ts';

export async function asked(world: World, defaultDefinitions: Definitions, nowMs: number): Promise<Meta> {
  const serving = createServing({
    partitions: PARTITIONS,
    store: world.serving,
    source: {
      publication: () => currentPublication(world.dataDir),
      manifests: async () => Promise.all((await listGenerations(world.dataDir)).map((g) => readGeneration(world.dataDir, g))),
      manifest: (generation) => readGeneration(world.dataDir, generation),
      viewRows: (manifest) => viewRowsOf(world.session, world.dataDir, manifest),
      rowsByPartition: (manifest, view) => readViewRows(world.session, world.dataDir, manifest, byPartition(view)),
    },
    logReach: { ends: () => world.log.ends(), starts: () => world.log.starts(), ageAfter: async () => new Map() },
    storedDefinitions: (json) => storedDefinitions(json, sha256Hex),
    defaultDefinitions,
    now: () => nowMs,
    limits: { patienceMs: 1e12, freshMs: 60_000, staleMs: 60_000 },
    onWarning: (message, cause) => {
      throw new Error(message, { cause });
    },
  });
  await serving.generations.refresh();
  await serving.board.poll();
  return (await takeSnapshot(serving, VIEWS, 'merged')).meta();
}
