/**
 * Redis connections by what they are for. A reply that is lost does not mean "not executed", so no kind but the queue's
 * (whose library demands it) ever resends a command by itself: the caller reloads its state and decides.
 */
import type { RedisOptions } from 'ioredis';
import { LOADING_RETRY_MS } from './loading.ts';

/** Reply shapes stay those of RESP2, so that replies do not depend on the kind. */
export type ConnectionOptions = Omit<RedisOptions, 'replyMapping'>;

export type RedisKind = 'commit' | 'serving' | 'bulk' | 'queue' | 'blocking';

/** How long an XREAD without its own limit may block before the connection counts as dead, ms. */
const BLOCKING_LIMIT_MS = 10_000;

export const reconnectDelayMs = (attempt: number): number => Math.min(50 * attempt, 1_000);

const BASE: ConnectionOptions = {
  connectTimeout: 2_000,
  noDelay: true,
  keepAlive: 10_000,
  retryStrategy: reconnectDelayMs,
  maxLoadingRetryTime: LOADING_RETRY_MS,
};

/** A timeout is set wherever resending is off: ioredis 6.0.0 can otherwise leave promises pending for ever (its issue 2193). */
export const REDIS_OPTIONS: Readonly<Record<RedisKind, ConnectionOptions>> = {
  commit: {
    ...BASE,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 3_000,
  },
  serving: {
    ...BASE,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    enableAutoPipelining: true,
    // The library has one pipeline under way at a time: all others would wait for the records of many users. Those are sent together otherwise.
    autoPipeliningIgnoredCommands: ['getrange', 'mget', 'tributaryRecordLengths', 'tributaryRecordSizes'],
    commandTimeout: 1_000,
  },
  /** Long answers, which take their time while others' scripts run. */
  bulk: {
    ...BASE,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 4_000,
  },
  /** BullMQ blocks on its own connections and resends: it demands `maxRetriesPerRequest: null`. */
  queue: { ...BASE, maxRetriesPerRequest: null },
  blocking: {
    ...BASE,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    blockingTimeout: BLOCKING_LIMIT_MS,
    blockingTimeoutGrace: 2_000,
  },
};
