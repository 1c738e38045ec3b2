/** A speed layer whose store is new, or put back to an older copy: it reads what the archive has, then the log to its end. */
import { randomBytes } from 'node:crypto';
import { retiredBefore } from '@tributary/archive/retention/retired';
import type { Definitions } from '@tributary/model/definitions';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { createErasedLists, type ErasedSource } from '@tributary/speed/partitions/erased-lists';
import { createSpeedWorker } from '@tributary/speed/pipeline';
import { openArchivedEntries } from '@tributary/speed/read/archived-entries';
import { recallingLog } from '@tributary/speed/read/recall';
import { createMemoryStore, type MemoryStore } from '@tributary/testkit/memory/memory-store';
import { PARTITIONS, type World } from './world.ts';

interface Beginning {
  /** By partition, what its store is put back to. */
  readonly copies?: readonly ReturnType<MemoryStore['snapshot']>[];
  readonly erased?: ErasedSource;
  readonly digestOf?: (userKey: string) => string;
}

const NONE_ERASED: ErasedSource = { before: async () => [], behind: async () => null, version: async () => '' };

export async function speedFromNothing(
  { dataDir, log }: Pick<World, 'dataDir' | 'log'>,
  definitions: Definitions,
  { copies = [], erased = NONE_ERASED, digestOf = sha256Hex }: Beginning = {},
) {
  const store = createMemoryStore({ partitions: PARTITIONS });
  for (const [partition, copy] of copies.entries()) store.restore(partition, copy);
  const erasedLists = createErasedLists(erased);
  const entries = openArchivedEntries({ dataDir, logIdentity: log.identity });
  const speed = createSpeedWorker({
    log: recallingLog(log, erasedLists.guard(entries)),
    erasedLists,
    retiredBefore: () => retiredBefore(dataDir),
    store: store.speed(),
    definitions,
    partitions: [...Array(PARTITIONS).keys()],
    sha256Hex,
    digestOf,
    commitId: () => randomBytes(4).toString('hex'),
    limits: { waitMs: 0 },
  });
  for (let idle = 0; idle < 3; ) idle = (await speed.runOnce()) > 0 ? 0 : idle + 1;
  await speed.settle();
  return store;
}
