/** Some users of the archive, drawn by a hash of their keys: the same ones each time, of those who were active lately. */

import { DAY_MS } from '@tributary/model/time';
import type { KnownForgotten } from '../compute/forget.ts';
import { parquetFiles } from '../compute/relations.ts';
import { openDuckDb } from '../duckdb.ts';
import { digestSql, erasureKey } from '../erasure-key.ts';
import { sqlText } from '../sql-text.ts';
import type { ArchivedPast } from './archived-past.ts';

/** Who has no event in this time before the cut is drawn where others are too few. */
const LATELY_MS = 30 * DAY_MS;

/** At most `count` keys, in the order in which they were drawn. One pass over two columns of the archive. */
export async function sampledUsers(
  { dataDir, files, cutMs, forgotten }: ArchivedPast,
  count: number,
  { folder, memoryLimit, signal }: { readonly folder: string; readonly memoryLimit: string; readonly signal: AbortSignal },
): Promise<string[]> {
  const session = await openDuckDb({ memoryLimit, threads: 2, tempDir: folder });
  const interrupt = () => session.interrupt();
  signal.addEventListener('abort', interrupt, { once: true });
  try {
    // What was aborted while the session was opened asks nothing, as nothing would interrupt it.
    signal.throwIfAborted();
    const archived = parquetFiles(dataDir, files, { user_key: 'VARCHAR', ts: 'BIGINT' });
    const [keys = []] = await session.columns(
      `SELECT user_key FROM ${archived} WHERE ts < $cut GROUP BY user_key ${await notErased(dataDir, forgotten)}
       ORDER BY max(ts) >= $lately DESC, hash(user_key), user_key LIMIT $count`,
      { cut: BigInt(cutMs), lately: BigInt(cutMs - LATELY_MS), count: BigInt(count) },
    );
    return keys.map(String);
  } finally {
    signal.removeEventListener('abort', interrupt);
    await session.close();
  }
}

async function notErased(dataDir: string, { erased = [] }: KnownForgotten): Promise<string> {
  if (erased.length === 0) return '';
  return `HAVING ${digestSql('user_key', await erasureKey(dataDir))} NOT IN (${erased.map(sqlText).join(', ')})`;
}
