/** What became of the log and of the state in Redis, seen from the data folder. Reads only. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { PartitionSummary } from '@tributary/archive/audit/partition';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { logKey, NAMESPACE } from '@tributary/runtime/event-log/keys';
import type { Context } from '../context.ts';
import { CONNECT_MS } from '../open-log.ts';
import { withLog } from '../with-log.ts';

/**
 * `gone`: Redis answers and has no log, or the Redis of `npm start` has no files. `there`: the log of this folder. `foreign`: another log.
 * `elsewhere`: the log lies in Kafka. `unknown`: Redis does not answer.
 */
export type LogState = 'there' | 'gone' | 'foreign' | 'elsewhere' | 'unknown';

export interface Loss {
  readonly state: LogState;
  /** The log that was found; null: none. */
  readonly found: string | null;
  /** Partitions whose log ends before what is archived of it: Redis was put back to an older copy. */
  readonly older: readonly number[];
  /** Partitions whose log begins behind the archive: entries between both are lost. */
  readonly holes: readonly number[];
  readonly detail: string;
}

const NOTHING = { found: null, older: [], holes: [] } as const;

export async function findLoss(context: Context, identity: string, partitions: readonly PartitionSummary[]): Promise<Loss> {
  const { shell, settings } = context;
  if ((shell.env['TRIBUTARY_KAFKA_BROKERS'] ?? '') !== '') return inKafka(context, identity, partitions);
  const asked = await askRedis(settings.redisUrl);
  if (asked === undefined) return unanswered(settings.dataDir, settings.redisUrlFrom === 'given');
  if (asked === null)
    return { ...NOTHING, state: 'gone', detail: 'Redis answers and has no log of events: it was emptied, or is another one' };
  if (asked !== identity)
    return {
      ...NOTHING,
      state: 'foreign',
      found: asked,
      detail: `Redis has the log ${asked}, the data folder is of ${identity}`,
    };
  return compare(context, 'there', partitions);
}

async function inKafka(context: Context, identity: string, partitions: readonly PartitionSummary[]): Promise<Loss> {
  const loss = await compare(context, 'elsewhere', partitions);
  if (loss.found === identity) return loss;
  return { ...loss, state: 'foreign', detail: `the topic is the log ${loss.found}, the data folder is of ${identity}` };
}

async function compare({ shell, settings }: Context, state: LogState, partitions: readonly PartitionSummary[]): Promise<Loss> {
  return withLog(shell, 'events', settings.redisUrl, async (log) => {
    const [starts, ends] = [await log.starts(), await log.ends()];
    const archived = partitions.filter(({ upTo }) => upTo !== null);
    const older = archived.filter(({ partition, upTo }) => (ends[partition] ?? '') < (upTo ?? ''));
    const reach = new Map(partitions.map(({ partition, upTo }) => [partition, upTo ?? '']));
    const holes = starts.flatMap((start, partition) =>
      start !== null && start > (reach.get(partition) ?? '') ? [partition] : [],
    );
    return {
      state,
      found: log.identity,
      older: older.map(({ partition }) => partition),
      holes,
      detail: `the log is there, with ${log.partitions} partitions`,
    };
  });
}

/** undefined: nothing answers; null: Redis has no log. */
async function askRedis(url: string): Promise<string | null | undefined> {
  const { connectRedis, whenReady } = await import('@tributary/runtime/redis/connect');
  const redis = connectRedis(url, 'commit', () => {});
  try {
    await whenReady(redis, CONNECT_MS);
    return await redis.hget(logKey(NAMESPACE), 'identity');
  } catch {
    return undefined;
  } finally {
    redis.disconnect();
  }
}

/** An append-only file of a Redis that was started and never written to has some 90 bytes. */
const EMPTY_BYTES = 512;

/**
 * The Redis of `npm start` runs while the platform does; its files say whether there is anything to come back. A start that was refused
 * leaves empty ones. Where this is wrong, the next start finds the log, and forgets what was noted.
 */
function unanswered(dataDir: string, isNamed: boolean): Loss {
  const folder = dataPath(dataDir, 'redis');
  const hasData = bytesBelow(folder) > EMPTY_BYTES;
  if (isNamed) return { ...NOTHING, state: 'unknown', detail: 'the Redis that is named does not answer' };
  if (hasData)
    return { ...NOTHING, state: 'unknown', detail: `the Redis of "npm start" is not running; its files are in ${folder}` };
  return { ...NOTHING, state: 'gone', detail: `the Redis of "npm start" is not running, and has nothing in ${folder}` };
}

function bytesBelow(folder: string): number {
  if (!existsSync(folder)) return 0;
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(aof|rdb)$/.test(name));
  return names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
