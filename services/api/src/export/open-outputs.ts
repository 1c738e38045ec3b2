/** The output log as an export reads it: one that is not there is not created by a look. */
import { kafkaConfiguration } from '@tributary/log/kafka/configuration';
import { openEventLog } from '@tributary/log/open-log';
import type { EventLog } from '@tributary/log/port';
import { TributaryError } from '@tributary/model/errors';
import { logKey, logNamespace } from '@tributary/runtime/event-log/keys';
import { connectRedis } from '@tributary/runtime/redis/connect';
import type { Redis } from 'ioredis';

type Config = Parameters<typeof kafkaConfiguration>[0] & { readonly redisUrl: string; readonly partitions: number };

/** null: outputs were never on. */
export async function openOutputs(config: Config, redis: Redis, onError: (error: Error) => void): Promise<EventLog | null> {
  const { redisUrl, partitions } = config;
  const options = { name: 'outputs', partitions, now: Date.now } as const;
  const kafka = kafkaConfiguration(config, 'api');
  if (kafka !== null) {
    const unused = () => {
      throw new Error('the log lies in Kafka');
    };
    return openEventLog({ ...options, kafka: { ...kafka, mustExist: true }, redis: unused }).catch((error: unknown) => {
      if (error instanceof TributaryError && /\.outputs does not exist/.test(error.message)) return null;
      throw error;
    });
  }
  if ((await redis.exists(logKey(logNamespace('outputs')))) === 0) return null;
  const [commands, blocking] = [connectRedis(redisUrl, 'commit', onError), connectRedis(redisUrl, 'blocking', onError)];
  try {
    return await openEventLog({ ...options, kafka: null, redis: () => ({ commands, blocking }) });
  } catch (error) {
    commands.disconnect();
    blocking.disconnect();
    throw error;
  }
}
