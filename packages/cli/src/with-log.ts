/** A look at the log that ends with its connections closed. */
import type { EventLog } from '@tributary/log/port';
import type { Shell } from './context.ts';

/** In place of `await using`, which Node 22 does not read: an installed command runs on it. Rejects as `openLog` and `work` do. */
export async function withLog<T>(
  { openLog, env }: Pick<Shell, 'openLog' | 'env'>,
  topic: Parameters<Shell['openLog']>[0],
  redisUrl: string,
  work: (log: EventLog) => Promise<T> | T,
): Promise<T> {
  const open = await openLog(topic, redisUrl, env);
  try {
    return await work(open.log);
  } finally {
    await open[Symbol.asyncDispose]();
  }
}
