/** Connections to Redis, whichever the url names; what each kind may do stands in redis-options.ts. */
import { type Cluster, Redis } from 'ioredis';
import { connectCluster } from './redis-cluster.ts';
import { type ConnectionOptions, REDIS_OPTIONS, type RedisKind, reconnectDelayMs } from './redis-options.ts';
import { parseRedisUrl, type RedisTarget } from './redis-url.ts';

export { REDIS_OPTIONS, type RedisKind } from './redis-options.ts';

/** One server, a master behind Sentinels, or a cluster. */
export type RedisConnection = Redis | Cluster;

/**
 * Connects in the background and reconnects for ever; until `ready`, commands of all kinds but `queue` fail at once.
 *
 * `url`: see redis-url.ts; throws `invalid_config` when it is none. A cluster's connection is typed as `Redis` as well, whose
 * commands it has: code that needs a single server asks `isCluster`.
 */
export function connectRedis(url: string, kind: RedisKind, onError: (error: Error) => void): Redis {
  const target = parseRedisUrl(url);
  if (target.kind === 'cluster') return connectCluster(target, kind, onError) as unknown as Redis;
  const options = { ...REDIS_OPTIONS[kind], connectionName: `tributary-${kind}` };
  const redis =
    target.kind === 'single' ? new Redis(target.url, options) : new Redis({ ...options, ...sentinelOptions(target, kind) });
  redis.on('error', onError);
  return redis;
}

export function isCluster(redis: RedisConnection): redis is Cluster {
  return redis.isCluster;
}

/** Longer than a command of the kind may take, and than BullMQ blocks. */
const SILENCE_MS: Readonly<Record<RedisKind, number>> = {
  commit: 5_000,
  serving: 3_000,
  bulk: 6_000,
  queue: 20_000,
  blocking: 20_000,
};

function sentinelOptions(target: Extract<RedisTarget, { kind: 'sentinel' }>, kind: RedisKind): ConnectionOptions {
  const { sentinelLogin } = target;
  return {
    sentinels: [...target.sentinels],
    name: target.master,
    db: target.db,
    ...target.login,
    ...(sentinelLogin.username === undefined ? {} : { sentinelUsername: sentinelLogin.username }),
    ...(sentinelLogin.password === undefined ? {} : { sentinelPassword: sentinelLogin.password }),
    ...(target.tls ? { tls: {}, enableTLSForSentinelMode: true } : {}),
    ...(target.sentinelTls ? { sentinelTLS: {} } : {}),
    sentinelRetryStrategy: reconnectDelayMs,
    // A master that stands still closes no connection: one without a reply for so long is left, for whom the Sentinels name then.
    // (The library's `failoverDetector` would end a connection for ever that is just being made, tried with 6.0.0.)
    socketTimeout: SILENCE_MS[kind],
    // Neither does one that was made a replica: connect again, without sending the command again.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  };
}

/** Resolves once the connection takes commands; rejects when aborted or after `timeoutMs`. */
export function whenReady(redis: RedisConnection, timeoutMs: number, signal?: AbortSignal): Promise<void> {
  if (redis.status === 'ready') return Promise.resolve();
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void) => {
      clearTimeout(timer);
      redis.off('ready', onReady);
      signal?.removeEventListener('abort', onAbort);
      outcome();
    };
    const onReady = () => settle(resolve);
    const onAbort = () => settle(() => reject(new Error('aborted while waiting for Redis')));
    const timer = setTimeout(
      () => settle(() => reject(new Error(`Redis at ${placeOf(redis)} is not ready after ${timeoutMs} ms`))),
      timeoutMs,
    );
    redis.once('ready', onReady);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
  });
}

function placeOf(redis: RedisConnection): string {
  if (isCluster(redis)) return 'every node of the cluster that the url names';
  const { host, port, name, sentinels } = redis.options;
  return sentinels == null ? `${host}:${port}` : `the master "${name}" of ${sentinels.length} Sentinels`;
}
