/** Connections to Redis, whichever the url names; what each kind may do stands in options.ts. */
import { type Cluster, Redis } from 'ioredis';
import { connectCluster } from './cluster.ts';
import { giveUpAfterReading } from './late-replies.ts';
import { askAgainInTime } from './loading.ts';
import { type ConnectionOptions, REDIS_OPTIONS, type RedisKind, reconnectDelayMs } from './options.ts';
import { demandMaster, refusal, silent } from './refusal.ts';
import { parseRedisUrl, type RedisTarget } from './url.ts';

export { REDIS_OPTIONS, type RedisKind } from './options.ts';

askAgainInTime();
giveUpAfterReading();

/** One server, a master behind Sentinels, or a cluster. */
export type RedisConnection = Redis | Cluster;

/**
 * Connects in the background and reconnects for ever; until `ready`, commands of all kinds but `queue` fail at once.
 *
 * `url`: see url.ts; throws `invalid_config` when it is none. A cluster's connection is typed as `Redis` as well, whose
 * commands it has: code that needs a single server asks `isCluster`.
 */
export function connectRedis(url: string, kind: RedisKind, onError: (error: Error) => void): Redis {
  const target = parseRedisUrl(url);
  if (target.kind === 'cluster') return connectCluster(target, kind, onError) as unknown as Redis;
  const options = { ...REDIS_OPTIONS[kind], connectionName: `tributary-${kind}` };
  const redis =
    target.kind === 'single' ? new Redis(target.url, options) : new Redis({ ...options, ...placeOptions(target, kind) });
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

function placeOptions(target: Extract<RedisTarget, { kind: 'socket' | 'sentinel' }>, kind: RedisKind): ConnectionOptions {
  if (target.kind === 'sentinel') return sentinelOptions(target, kind);
  return { path: target.path, db: target.db, ...target.login };
}

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

/**
 * Resolves once the connection takes commands, in the database that the url names; rejects when aborted, after `timeoutMs`, and at once
 * with `invalid_config` when Redis refuses what the url says.
 */
export async function whenReady(redis: RedisConnection, timeoutMs: number, signal?: AbortSignal): Promise<void> {
  if (redis.status !== 'ready') await connected(redis, timeoutMs, signal);
  const db = isCluster(redis) ? 0 : (redis.options.db ?? 0);
  if (db === 0) return;
  try {
    // A database that Redis does not have is an error beside the connection, which goes on in database 0.
    await (redis as Redis).select(db);
  } catch (error) {
    throw refusal(redis, error as Error) ?? error;
  }
}

/** How long a role waits for its Redis at its start before it ends. */
export const REDIS_WAIT_MS = 30_000;

/** For a role: the connection takes writes as well. Rejects as `whenReady`, and at once where the url names another kind of Redis. */
export async function whenWritable(redis: RedisConnection, timeoutMs: number, signal?: AbortSignal): Promise<void> {
  await whenReady(redis, timeoutMs, signal);
  await demandMaster(redis);
}

function connected(redis: RedisConnection, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    let last = '';
    const settle = (outcome: () => void) => {
      clearTimeout(timer);
      redis.off('ready', onReady);
      redis.off('error', onError);
      signal?.removeEventListener('abort', onAbort);
      outcome();
    };
    const onReady = () => settle(resolve);
    const onAbort = () => settle(() => reject(new Error('aborted while waiting for Redis')));
    const onError = (error: Error) => {
      const refused = refusal(redis, error);
      if (refused !== null) settle(() => reject(refused));
      last = `: ${error.message}`;
    };
    const timer = setTimeout(() => settle(() => reject(silent(redis, timeoutMs, last))), timeoutMs);
    redis.once('ready', onReady);
    redis.on('error', onError);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
  });
}
