/**
 * Reads of several keys of a partition as of one commit: by a script, or key by key while a cluster moves them.
 *
 * Key by key is exact too, because nothing but a commit or a retirement changes what is read, each in one step: the state that
 * is read after everything else must name the same commit and the same oldest generation as the one that was read before.
 * A single key is always found, wherever it is. Without that, a partition could not be read as long as its slot moves.
 * Either way one reply is bounded in bytes by the same functions (take-rows.lua, entries-since.lua).
 */
import type { Redis } from 'ioredis';
import { isMoving } from '../redis/scripts.ts';
import type { PartitionReads } from './partition-reads-port.ts';
import { readsByKey } from './reads-by-key.ts';
import { readsByScript } from './reads-by-script.ts';

/** How long a read begins again and again when a commit came in between its keys, ms: on a busy machine few attempts are soon over. */
const READ_FOR_MS = 2_000;

export function createPartitionReads(redis: Redis): PartitionReads {
  const [byScript, byKey] = [readsByScript(redis), readsByKey(redis)];
  return {
    hashes: (...asked) =>
      whileMoving(
        () => byScript.hashes(...asked),
        () => byKey.hashes(...asked),
      ),
    page: (...asked) =>
      whileMoving(
        () => byScript.page(...asked),
        () => byKey.page(...asked),
      ),
    feedSince: (...asked) =>
      whileMoving(
        () => byScript.feedSince(...asked),
        () => byKey.feedSince(...asked),
      ),
  };
}

async function whileMoving<T>(byScript: () => Promise<T>, byKey: () => Promise<T | null>): Promise<T> {
  for (const untilMs = performance.now() + READ_FOR_MS; ; )
    try {
      return await byScript();
    } catch (error) {
      if (!isMoving(error)) throw error;
      const read = await byKey();
      if (read !== null) return read;
      if (performance.now() >= untilMs) throw error;
    }
}
