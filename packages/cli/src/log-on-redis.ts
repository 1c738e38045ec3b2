/** The log as a reader from outside opens it: only one that is there, and without asking how durable it is. */
import { openRedisStreamLog } from '@tributary/log/redis-stream/redis-stream-log';
import { connectRedis, whenReady } from '@tributary/runtime/redis';
import type { OpenLog } from './context.ts';
import { CommandError, EXIT } from './exit.ts';

export const NAMESPACE = 'tributary';
const CONNECT_MS = 3_000;

export async function openLogOnRedis(redisUrl: string): Promise<OpenLog> {
  let lastError = '';
  const onError = (error: Error) => {
    lastError = error.message;
  };
  const commands = connectRedis(redisUrl, 'commit', onError);
  const blocking = connectRedis(redisUrl, 'blocking', onError);
  try {
    await Promise.all([whenReady(commands, CONNECT_MS), whenReady(blocking, CONNECT_MS)]);
    const partitions = Number(await commands.hget(`${NAMESPACE}:log`, 'partitions'));
    // Opening would found a log where there is none; a look must not.
    if (partitions === 0)
      throw new CommandError({
        code: 'no_log',
        message: `there is no log in Redis at ${shown(redisUrl)}`,
        fix: 'Start the platform with "npm start", or name its Redis with --redis-url.',
        exitCode: EXIT.missing,
      });
    const log = await openRedisStreamLog({
      commands,
      blocking,
      namespace: NAMESPACE,
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
        message: `Redis at ${shown(redisUrl)} does not answer: ${lastError || (cause as Error).message}`,
        fix: 'Start the platform with "npm start", or name its Redis with --redis-url.',
        exitCode: EXIT.missing,
      },
      { cause },
    );
  }
}

/** Without the password. */
export function shown(redisUrl: string): string {
  return redisUrl.replace(/\/\/[^@/]*@/, '//');
}
