/** The log as a reader from outside opens it: only one that is there, and without asking how durable it is. */

import { kafkaConfiguration } from '@tributary/log/kafka/configuration';
import { openEventLog } from '@tributary/log/open-log';
import { openRedisStreamLog } from '@tributary/log/redis-stream/redis-stream-log';
import { EVENT_LOG_SETTINGS } from '@tributary/log/settings';
import { readConfig } from '@tributary/runtime/config/read-config';
import { logKey, logNamespace } from '@tributary/runtime/event-log/keys';
import { shownRedisUrl } from '@tributary/runtime/redis/url';
import type { LogName, OpenLog } from './context.ts';
import { CommandError, EXIT } from './exit.ts';
import type { Environment } from './settings.ts';

/** How long a command waits for Redis. */
export const CONNECT_MS = 3_000;

export async function openExistingLog(name: LogName, redisUrl: string, env: Environment): Promise<OpenLog> {
  const config = readConfig('tributary', EVENT_LOG_SETTINGS, env, []);
  return config.kafkaBrokers === '' ? onRedis(name, redisUrl) : onKafka(name, config);
}

async function onKafka(name: LogName, config: Parameters<typeof kafkaConfiguration>[0]): Promise<OpenLog> {
  const redis = () => {
    throw new Error('the log lies in Kafka');
  };
  const kafka = kafkaConfiguration(config, 'cli');
  try {
    const log = await openEventLog({
      kafka: kafka && { ...kafka, durability: 'managed', mustExist: true },
      redis,
      name,
      partitions: config.partitions,
      now: Date.now,
    });
    return { log, [Symbol.asyncDispose]: () => log.close() };
  } catch (cause) {
    throw new CommandError(
      {
        code: 'no_log',
        message: `the log of ${name} in Kafka at ${config.kafkaBrokers} does not open: ${(cause as Error).message}`,
        fix: 'Look at TRIBUTARY_KAFKA_BROKERS, TRIBUTARY_KAFKA_TOPIC_PREFIX and TRIBUTARY_PARTITIONS; they are those of the services.',
        exitCode: EXIT.missing,
      },
      { cause },
    );
  }
}

async function onRedis(name: LogName, redisUrl: string): Promise<OpenLog> {
  const { connectRedis, whenReady } = await import('@tributary/runtime/redis/connect');
  let lastError = '';
  const onError = (error: Error) => {
    lastError = error.message;
  };
  const commands = connectRedis(redisUrl, 'commit', onError);
  const blocking = connectRedis(redisUrl, 'blocking', onError);
  const namespace = logNamespace(name);
  try {
    await Promise.all([whenReady(commands, CONNECT_MS), whenReady(blocking, CONNECT_MS)]);
    const partitions = Number(await commands.hget(logKey(namespace), 'partitions'));
    // Opening would create a log where there is none; a look must not.
    if (partitions === 0)
      throw new CommandError({
        code: 'no_log',
        message: `Redis at ${shownRedisUrl(redisUrl)} has no log of ${name}`,
        fix: 'Start the platform with "npm start", or name its Redis with --redis-url.',
        exitCode: EXIT.missing,
      });
    const log = await openRedisStreamLog({
      commands,
      blocking,
      namespace,
      partitions,
      now: Date.now,
      durability: 'managed',
    });
    return { log, [Symbol.asyncDispose]: () => log.close() };
  } catch (cause) {
    commands.disconnect();
    blocking.disconnect();
    if (cause instanceof CommandError) throw cause;
    throw new CommandError(
      {
        code: 'redis_unreachable',
        message: `Redis at ${shownRedisUrl(redisUrl)} does not answer: ${lastError || (cause as Error).message}`,
        fix: 'Start the platform with "npm start", or name its Redis with --redis-url.',
        exitCode: EXIT.missing,
      },
      { cause },
    );
  }
}
