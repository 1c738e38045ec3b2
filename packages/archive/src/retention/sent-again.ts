/** Which older files have events that younger ones have again, at another instant: without the first arrival of an id, the later one would count. */
import { join } from 'node:path';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { openDuckDb } from '../duckdb.ts';
import type { StoredFile } from '../layout.ts';
import { filesSql } from '../sql-text.ts';

/** Files of one partition. */
export interface ByAge {
  readonly older: readonly Pick<StoredFile, 'path' | 'rows'>[];
  readonly younger: readonly Pick<StoredFile, 'path' | 'rows'>[];
}

/** Paths of older files with an event that has a later arrival in a younger file, which happened at `before` or after it. */
export async function sentAgain(
  dataDir: string,
  partitions: readonly ByAge[],
  before: number,
  signal?: AbortSignal,
): Promise<Set<string>> {
  const found = new Set<string>();
  const asked = partitions.filter(({ older, younger }) => older.length > 0 && younger.length > 0);
  if (asked.length === 0) return found;
  const session = await openDuckDb({
    memoryLimit: '256MiB',
    threads: 1,
    tempDir: dataPath(dataDir, 'staging', 'api'),
    tempLimit: '2GB',
  });
  const interrupt = () => session.interrupt();
  signal?.addEventListener('abort', interrupt);
  try {
    for (const { older, younger } of asked) {
      signal?.throwIfAborted();
      const old = eventsIn(dataDir, older);
      // One row for each identity, as one may have come any number of times.
      await session.run(`CREATE OR REPLACE TABLE again AS SELECT user_key, id, max(${PLACE}) AS last
        FROM ${eventsIn(dataDir, younger)} SEMI JOIN ${old} AS old USING (user_key, id) WHERE ts >= ${before} GROUP BY ALL`);
      const [paths = []] = await session.columns(
        `SELECT DISTINCT filename FROM ${old} JOIN again USING (user_key, id) WHERE ${PLACE} < last`,
      );
      const byFile = new Map(older.map(({ path }) => [join(dataDir, path), path]));
      for (const path of paths) found.add(byFile.get(String(path)) as string);
    }
  } finally {
    signal?.removeEventListener('abort', interrupt);
    await session.close();
  }
  return found;
}

/** As dedupe.sql orders arrivals. */
const PLACE = '{position: position, entry_index: entry_index}';

function eventsIn(dataDir: string, files: readonly Pick<StoredFile, 'path'>[]): string {
  const paths = filesSql(files.map(({ path }) => join(dataDir, path)));
  return `(SELECT filename, user_key, id, ts, position, entry_index FROM read_parquet(${paths}, hive_partitioning = false, filename = true))`;
}
