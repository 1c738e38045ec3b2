/** The values of a training set, in the child: bounded by DuckDB's memory, and by the events of one bucket of users (past-values.ts). */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type AskedSet, namedDefinitions, SET_WORK, writeProgress } from '@tributary/archive/asked/training-sets';
import { makeFolder, syncAndDigest, syncFolder } from '@tributary/archive/durable';
import { archivedPast } from '@tributary/archive/history/archived-past';
import type { AskedRow } from '@tributary/archive/history/load-events';
import { writeTrainingSet } from '@tributary/archive/history/training-set';
import { TributaryError } from '@tributary/model/errors';
import { isTransient } from '@tributary/runtime/error-kinds';
import type { SetMade, SetSpec } from './spec.ts';

/** What the rows of a set may have as JSON: it lies on the disk of the data folder. */
const MOST_BYTES = 1024 * 1024 * 1024;
/** At once, with a new list, where archived files were replaced while they were read. The queue tries again after these, later and in any process. */
const MOST_ATTEMPTS = 3;

/** `pastOf`: lists what is archived, and checks it. */
export async function computeSet(spec: SetSpec, pastOf = archivedPast): Promise<SetMade> {
  const { dataDir, id } = spec;
  const stored = await SET_WORK.read(dataDir, id);
  if (stored === undefined) throw new TributaryError('not_found', `training set ${id} does not exist`);
  const folder = join(dataDir, spec.staging);
  await makeFolder(folder);
  try {
    for (let attempts = 1; ; attempts++)
      try {
        return await computeOnce(spec, stored.asked, join(folder, `${attempts}`), pastOf);
      } catch (error) {
        if (attempts === MOST_ATTEMPTS || !isTransient(error)) throw error;
      }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Whole or not at all: where archived files were replaced by others, it begins again with those. */
async function computeOnce(
  { dataDir, id, attempt, memoryMb }: SetSpec,
  asked: AskedSet,
  folder: string,
  pastOf: typeof archivedPast,
): Promise<SetMade> {
  await makeFolder(folder);
  const { signal } = new AbortController();
  const past = await pastOf(dataDir, signal, () => {});
  if (past === null)
    throw new TributaryError('conflict', 'a generation does not exist yet, and a training set ends at the cut of one');
  const definitions = namedDefinitions(past.definitions, asked.signals);
  const question = {
    past,
    definitions,
    rows: each(asked.rows),
    knowledge: asked.knowledge ?? 'event',
    folder,
    memoryLimit: `${memoryMb}MiB`,
    signal,
  };
  const path = `${SET_WORK.folderOf(id)}/set-${attempt}.parquet`;
  const out = join(dataDir, path);
  const onRows = (count: number) => writeProgress(dataDir, id, count);
  const { rows, byStatus } = await writeTrainingSet(question, { out, format: 'parquet', mostBytes: MOST_BYTES, onRows });
  const { bytes, sha256 } = await syncAndDigest(out);
  await syncFolder(join(dataDir, SET_WORK.folderOf(id)));
  return {
    generation: past.generation,
    cut: past.cutMs,
    versions: Object.fromEntries(definitions.map(({ name, version }) => [name, version])),
    byStatus: { ...byStatus },
    file: { path, rows, bytes, sha256 },
  };
}

async function* each(rows: AskedSet['rows']): AsyncGenerator<AskedRow> {
  for (const [user, atMs, label, position = null] of rows) yield { user, atMs, label, position };
}
