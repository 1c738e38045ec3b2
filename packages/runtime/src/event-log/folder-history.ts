/** Whether the data folder is that of the log. A folder that is not mounted looks like that of a new platform (law 6). */
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import type { Redis } from 'ioredis';
import { DATA_FOLDER, dataPath } from '../data-folder/paths.ts';
import { isTransient } from '../error-kinds.ts';
import { patience } from '../wait.ts';
import { archiveOf, assertOwnArchive } from './own-archive.ts';

/** Manifests of one segment, or of many that were merged. */
const SEGMENT_OR_BLOCK = /^\d{6,12}(-\d{6,12})?\.json$/;

/**
 * `starts`: the newest entry of each partition that the log dropped, null: none. What was dropped was archived before, so a folder
 * without a segment of it is another one; `dropsByAge`: or, as on Kafka, the log dropped it by a retention of its own. Throws `history_mismatch`.
 */
export function assertFolderOfLog(dataDir: string, starts: readonly (string | null)[], dropsByAge = false): void {
  const archived = new Set(
    namesIn(dataPath(dataDir, 'segments')).filter((name) =>
      namesIn(dataPath(dataDir, 'segments', name)).some((file) => SEGMENT_OR_BLOCK.test(file)),
    ),
  );
  const numbers = new Set([...archived].map((name) => Number(name.slice(1))));
  const missing = starts.flatMap((start, partition) => (start === null || numbers.has(partition) ? [] : [partition]));
  if (missing.length === 0) return;
  const more = missing.length === 1 ? '' : ` and ${missing.length - 1} more`;
  throw new TributaryError(
    'history_mismatch',
    `${DATA_FOLDER} must be the folder of this log (got "${resolve(dataDir)}": it has no archive of partition ${missing[0]}${more}, of which the log has dropped entries). Mount that folder, or name it.${dropsByAge ? UNARCHIVED : ''}`,
  );
}

const UNARCHIVED =
  ' If it is that folder, Kafka dropped them before an archiver had read them (TRIBUTARY_KAFKA_RETENTION_HOURS, or the retention of the topic), and they are lost: begin a new log with another TRIBUTARY_KAFKA_TOPIC_PREFIX and an empty folder, and keep an archiver running.';

/** The leaders of a topic that was created a moment ago are not known everywhere yet. */
const LOG_ANSWERS_MS = 15_000;
const LOG_ASKED_EVERY_MS = 250;

export interface FolderCheck {
  readonly dropsByAge: boolean;
  /** Knows in which archive the log is archived. */
  readonly redis: Pick<Redis, 'hget'>;
  readonly signal?: AbortSignal;
}

/** Both at the start of a role that reads the archive, which asks for a while. Throws `log_unavailable` and `store_unavailable` too. */
export async function demandFolderOfLog(
  dataDir: string,
  log: { readonly identity: string; starts(): Promise<readonly (string | null)[]> },
  { dropsByAge, redis, signal }: FolderCheck,
): Promise<void> {
  const more = patience(LOG_ANSWERS_MS, LOG_ASKED_EVERY_MS, { signal });
  for (;;) {
    try {
      assertFolderOfLog(dataDir, await log.starts(), dropsByAge);
      return await assertOwnArchive(dataDir, await archiveOf(redis, log.identity));
    } catch (error) {
      if (!isTransient(error) || !(await more())) throw error;
    }
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
