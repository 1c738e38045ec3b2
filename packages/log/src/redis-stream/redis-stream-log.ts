/**
 * The log on Redis Streams: what one machine runs. Durable when Redis fsyncs before it answers; `layout.ts` lists the keys.
 *
 * What it cannot notice: entries that a truncated append-only file lost. Positions kept outside of this Redis (the archive's)
 * may then lie past the end of a stream. The first read from such a position moves the stream's last id up to it and
 * calls `onRewound`: later entries come after the position, none is skipped. Only entries that were appended between
 * the loss and that read, under a clock set back by more than the outage, could hide before it.
 */
import { randomUUID } from 'node:crypto';
import { TributaryError } from '@tributary/model/errors';
import { isTransient } from '@tributary/runtime/error-kinds';
import { patience, within } from '@tributary/runtime/wait';
import type { Redis } from 'ioredis';
import type { AppendLimits } from '../append-queue.ts';
import type { EventLog, Position } from '../port.ts';
import { createAppender } from './appender.ts';
import { checkDurability, recreated, unavailable } from './durability.ts';
import { dateOf, idOf, type LogKeys, logKeys, nextId, positionOf, streamOf } from './layout.ts';
import { watchMemory } from './memory-room.ts';
import { createReader } from './reader.ts';
import { AGE_AFTER, ENDS, MARK_LOST_TAIL, OPEN, TRIM } from './scripts.ts';

export interface RedisStreamLogOptions {
  /** For appends and the rest; with `autoResendUnfulfilledCommands: false`. The log takes it over: `close` ends it. */
  readonly commands: Redis;
  /** For reads that wait; taken over as well. More like it are made when reads run side by side. */
  readonly blocking: Redis;
  /** First part of every key, e.g. "tributary". */
  readonly namespace: string;
  readonly partitions: number;
  readonly now: () => number;
  /** `managed`: the operator vouches for the durability of a server that hides its settings. */
  readonly durability?: 'checked' | 'managed';
  readonly newIdentity?: () => string;
  /** Opens a log that is there, and creates none: throws `log_recreated`. */
  readonly mustExist?: boolean;
  readonly appendLimits?: AppendLimits;
  readonly appendTimeoutMs?: number;
  /** Entries older than this are dropped, soon after an append to their partition, whichever reader may not have read them; absent: none are. */
  readonly retentionMs?: number;
  /** A reader's position lay past the end of its stream: the log lost entries that this reader had seen. */
  readonly onRewound?: (partition: number, id: string) => void;
}

const OPEN_MS = 10_000;
const ASK_AGAIN_MS = 500;
const APPEND_TIMEOUT_MS = 2_500;
/** Entries that one XTRIM may drop: Redis stands still meanwhile. */
const TRIM_STEP = 1_000;
const EXPIRE_EVERY_MS = 60_000;

/** A Redis that is busy for some seconds, as while it loads or its disk stands, is asked again. */
async function patiently<T>(open: () => Promise<T>): Promise<T> {
  const goesOn = patience(OPEN_MS, ASK_AGAIN_MS);
  for (;;)
    try {
      return await open();
    } catch (error) {
      if (!isTransient(error) || !(await goesOn())) throw error;
    }
}

/** Opens the log, creating it if there is none. Throws `not_durable`, `partition_mismatch`, `log_unavailable`, `invalid_config`. */
export async function openRedisStreamLog(options: RedisStreamLogOptions): Promise<EventLog> {
  const { commands, blocking, namespace, partitions, now } = options;
  if (commands.isCluster || blocking.isCluster)
    throw new TributaryError(
      'invalid_config',
      'TRIBUTARY_REDIS_URL must name one Redis, where the log lies there (got a cluster, which would have its streams and its metadata on different nodes). Set TRIBUTARY_KAFKA_BROKERS: with a cluster the log is Kafka.',
    );
  if (commands.options.autoResendUnfulfilledCommands !== false)
    throw new Error('the log needs a connection with autoResendUnfulfilledCommands: false; a resent append may break the order');
  const keys = logKeys(namespace, partitions);
  await connected(commands);
  const newIdentity = options.mustExist ? '' : (options.newIdentity?.() ?? randomUUID());
  const identity = await patiently(async () => {
    if (options.durability !== 'managed') await checkDurability(commands);
    return found(commands, keys, newIdentity);
  });
  const appender = createAppender({
    redis: commands,
    keys,
    identity,
    timeoutMs: options.appendTimeoutMs ?? APPEND_TIMEOUT_MS,
    ...(options.appendLimits && { limits: options.appendLimits }),
  });
  const memory = watchMemory(commands, now);
  const reader = createReader({ redis: blocking, keys, identity, now, onRewound: options.onRewound ?? (() => {}) });

  async function trim(partition: number, id: string): Promise<void> {
    const stream = keys.streams[partition];
    if (stream === undefined) throw new RangeError(`partition ${partition} of ${partitions}`);
    const last = await run(commands, TRIM, [keys.meta, stream, keys.trimmed[partition] as string], [identity, id]);
    if (last === null) throw recreated(identity, 'another log stands in its place');
    if (last !== '') await dropThrough(commands, stream, last as string);
  }

  const expiredAtMs = new Map<number, number>();

  /** A position begins with the time at which Redis took the entry: entries age by its clock, not by that of who writes. A failure is made good a minute later. */
  function expire(partition: number, newest: Position, retentionMs: number): void {
    if (Math.abs(now() - (expiredAtMs.get(partition) ?? 0)) < EXPIRE_EVERY_MS) return;
    expiredAtMs.set(partition, now());
    trim(partition, `${Math.max(0, dateOf(newest) - retentionMs)}-0`).catch(() => {});
  }

  return {
    identity,
    partitions,
    async append(partition, record) {
      if (record.kind === 'events') memory.assertRoom();
      const position = await appender.append(partition, record);
      if (options.retentionMs !== undefined) expire(partition, position, options.retentionMs);
      return position;
    },
    read: reader.read,
    async ends() {
      const ids = await run(commands, ENDS, [keys.meta, ...keys.streams], [identity]);
      if (ids === null) throw recreated(identity, 'another log stands in its place');
      return (ids as string[]).map((id) => (id === '0-0' ? null : positionOf(id)));
    },
    async ageAfter(after) {
      if (after.size === 0) return new Map();
      const asked = [...after];
      const streams = asked.map(([partition]) => streamOf(keys, partition));
      const ids = asked.map(([, position]) => (position === null ? '0-0' : idOf(position)));
      const ages = (await run(commands, AGE_AFTER, [keys.meta, ...streams], [identity, ...ids])) as (number | null)[] | null;
      if (ages === null) throw recreated(identity, 'another log stands in its place');
      return new Map(asked.flatMap(([partition], i) => (ages[i] == null ? [] : [[partition, ages[i]] as const])));
    },
    dateOf,
    async starts() {
      // No script: who only looks may have no right to write to these keys, which scripts demand.
      const replies = await commands
        .pipeline()
        .hget(keys.meta, 'identity')
        .mget(...keys.trimmed)
        .exec()
        .catch((cause: unknown) => Promise.reject(unavailable('a command failed', cause)));
      const [there, trimmed] = (replies ?? []).map(([error, value]) => {
        if (error) throw unavailable('a command failed', error);
        return value;
      });
      if (there !== identity) throw recreated(identity, 'another log stands in its place');
      return (trimmed as (string | null)[]).map((id) => (id === null ? null : positionOf(id)));
    },
    async hasDropped(upTo) {
      // The entries themselves: `trim` declares them dropped before they are, and may be killed between both.
      const pipeline = commands.pipeline().hget(keys.meta, 'identity');
      for (const [partition, position] of upTo.entries())
        pipeline.xrange(streamOf(keys, partition), '-', idOf(position), 'COUNT', 1);
      const replies = await pipeline.exec().catch((cause: unknown) => Promise.reject(unavailable('a command failed', cause)));
      const [there, ...left] = (replies ?? []).map(([error, value]) => {
        if (error) throw unavailable('a command failed', error);
        return value;
      });
      if (there !== identity) throw recreated(identity, 'another log stands in its place');
      return left.every((entries) => (entries as readonly unknown[]).length === 0);
    },
    async markLostTail(partition, archived) {
      const stream = streamOf(keys, partition);
      const answer = await run(
        commands,
        MARK_LOST_TAIL,
        [keys.meta, stream, keys.trimmed[partition] as string],
        [identity, idOf(archived)],
      );
      if (answer === null) throw recreated(identity, 'another log stands in its place');
      return answer === 1;
    },
    trim: (partition: number, upTo: Position) => trim(partition, idOf(upTo)),
    async close() {
      reader.close();
      await appender.close();
      commands.disconnect();
    },
  };
}

async function connected(redis: Redis): Promise<void> {
  if (redis.status === 'ready') return;
  const { promise, resolve } = Promise.withResolvers<void>();
  redis.once('ready', resolve);
  const late = () => unavailable(`no connection within ${OPEN_MS} ms (${redis.status})`);
  await within(OPEN_MS, promise, late).finally(() => redis.off('ready', resolve));
}

async function found(redis: Redis, keys: LogKeys, newIdentity: string): Promise<string> {
  const partitions = keys.streams.length;
  const [identity, there] = (await run(redis, OPEN, [keys.meta], [newIdentity, String(partitions)])) as (string | null)[];
  if (identity == null)
    throw new TributaryError(
      'log_recreated',
      'Redis has no log, though this platform was built upon one: Redis was emptied, or is another one. Restore it, or start once with TRIBUTARY_RESTORE_LOST_LOG=true, which loses what was not archived',
    );
  if (Number(there) !== partitions) {
    const message = `TRIBUTARY_PARTITIONS must be ${there}, as the log ${identity} has them (got ${partitions})`;
    throw new TributaryError('partition_mismatch', message);
  }
  return identity as string;
}

async function dropThrough(redis: Redis, stream: string, id: string): Promise<void> {
  const minId = nextId(id);
  try {
    // "~" drops whole nodes and can be limited; what is left of the last node is little.
    while ((await redis.xtrim(stream, 'MINID', '~', minId, 'LIMIT', TRIM_STEP)) > 0);
    await redis.xtrim(stream, 'MINID', '=', minId);
  } catch (cause) {
    throw unavailable('a trim failed; trimming again is safe', cause);
  }
}

async function run(redis: Redis, script: string, keys: readonly string[], args: readonly string[]): Promise<unknown> {
  try {
    return await redis.eval(script, keys.length, ...keys, ...args);
  } catch (cause) {
    throw unavailable('a command failed', cause);
  }
}
