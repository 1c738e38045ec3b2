/** Redis and the brokers of Kafka before a role connects: there, and what the settings say that they are. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { TributaryError } from '@tributary/model/errors';
import { listOf } from '@tributary/runtime/config/list-of';
import { quoted } from '@tributary/runtime/config/setting';
import { assertFolderOfLog } from '@tributary/runtime/event-log/folder-history';
import { NAMESPACE, trimmedKey } from '@tributary/runtime/event-log/keys';
import { assertThere } from '@tributary/runtime/event-log/lost';
import { eventLogNote } from '@tributary/runtime/event-log/note';
import { archiveOf, assertArchiveOfLog, assertOwnArchive } from '@tributary/runtime/event-log/own-archive';
import { connectRedis, type RedisConnection, whenWritable } from '@tributary/runtime/redis/connect';
import { DURABLE_SETTINGS } from '@tributary/runtime/redis/durability';
import { shownRedisUrl } from '@tributary/runtime/redis/url';
import { patience, settled } from '@tributary/runtime/wait';

const EVERY_MS = 250;

export interface PlannedLog {
  readonly dataDir: string;
  readonly restore: boolean;
  readonly partitions: number;
  /** Redis holds what the log is archived in, and not the log. */
  readonly isInKafka: boolean;
}

export async function redisTroubles(url: string, log: PlannedLog, waitMs: number): Promise<string[]> {
  const redis = connectRedis(url, 'commit', () => {});
  try {
    await whenWritable(redis, waitMs);
    return [...(log.isInKafka ? [] : await logTroubles(redis, url)), ...(await historyTroubles(redis, log))];
  } catch (error) {
    return [(error as Error).message];
  } finally {
    redis.disconnect();
  }
}

/** What Redis does not say, as a managed one, is left to the role, which says what to do then. */
async function logTroubles(redis: RedisConnection, url: string): Promise<string[]> {
  const troubles: string[] = [];
  for (const { setting, want, accepts } of DURABLE_SETTINGS) {
    const reply = (await redis.config('GET', setting).catch(() => [])) as string[];
    const value = reply[1] ?? want;
    if (accepts(value)) continue;
    const must = `name a Redis with "${setting} ${want}", or an acknowledged event could be lost`;
    const fix = `Run CONFIG SET ${setting} ${want} there, and write it into its configuration file`;
    troubles.push(`TRIBUTARY_REDIS_URL must ${must} (got "${setting} ${value}" at ${shownRedisUrl(url)}). ${fix}.`);
  }
  return troubles;
}

/** Whether log and folder belong together. A damaged note is named with the folder. */
async function historyTroubles(
  redis: RedisConnection,
  { dataDir, restore, partitions, isInKafka }: PlannedLog,
): Promise<string[]> {
  try {
    const { known } = eventLogNote(dataDir, isInKafka ? 'in Kafka' : 'in Redis', '');
    if (isInKafka) {
      // Kafka is not asked: which log it is the folder says, unless it is empty.
      if (known !== null) await assertOwnArchive(dataDir, await archiveOf(redis, known));
      return [];
    }
    await assertThere(redis, { dataDir, known, restore });
    assertFolderOfLog(
      dataDir,
      await redis.mget(Array.from({ length: partitions }, (_, partition) => trimmedKey(NAMESPACE, partition))),
    );
    await assertArchiveOfLog(redis, dataDir);
    return [];
  } catch (error) {
    const isOurs = error instanceof TributaryError && (error.code === 'log_recreated' || error.code === 'history_mismatch');
    return isOurs ? [error.message] : [];
  }
}

/** One broker that takes a connection will do: it knows the others. */
export async function brokerTroubles(brokers: string, waitMs: number): Promise<string[]> {
  const more = patience(waitMs, EVERY_MS);
  let last: string[];
  do {
    last = [];
    for (const broker of listOf(brokers)) {
      const trouble = await connectTrouble(broker, waitMs);
      if (trouble === undefined) return [];
      last.push(trouble);
    }
  } while (await more());
  const why = last.join('; ');
  return [
    `TRIBUTARY_KAFKA_BROKERS must name a broker that answers (got ${quoted(brokers)}: ${why}). Start Kafka, or correct host and port.`,
  ];
}

async function connectTrouble(broker: string, limitMs: number): Promise<string | undefined> {
  const colon = broker.lastIndexOf(':');
  const socket = connect({ host: broker.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(broker.slice(colon + 1)) });
  try {
    const outcome = await settled(once(socket, 'connect'), limitMs);
    return outcome === 'timeout' ? `${broker} does not answer` : undefined;
  } catch (error) {
    return (error as Error).message || `${broker} refuses`;
  } finally {
    socket.destroy();
  }
}
