/**
 * Sends groups of appends over one connection. What has no reply when the connection closes, or in time, has an unknown
 * outcome: it is rejected with `log_unavailable` and never sent again from here.
 */
import type { TributaryError } from '@tributary/model/errors';
import type { Redis } from 'ioredis';
import { type Append, type AppendLimits, createAppendQueue } from '../append-queue.ts';
import type { LogRecord, Position } from '../port.ts';
import { recreated, unavailable } from './durability.ts';
import { watchHandshakes } from './handshake.ts';
import { BEHIND_ALL, fieldsOf, type LogKeys, positionOf } from './layout.ts';
import { commandText, type Reply, writeCommands } from './write-commands.ts';

export interface Appender {
  append(partition: number, record: LogRecord): Promise<Position>;
  close(): Promise<void>;
}

export interface AppenderOptions {
  readonly redis: Redis;
  readonly keys: LogKeys;
  readonly identity: string;
  readonly limits?: AppendLimits;
  /** How long a group may go without all its replies, ms; less than the connection's own `commandTimeout`. */
  readonly timeoutMs: number;
}

export function createAppender({ redis, keys, identity, limits, timeoutMs }: AppenderOptions): Appender {
  let closed = false;
  /** Set once another log was found in this one's place: nothing more is written to it. */
  let gone: TributaryError | null = null;
  let failGroup: ((error: TributaryError) => void) | null = null;
  const queue = createAppendQueue(send, limits);

  async function send(group: readonly Append[]): Promise<void> {
    if (gone !== null) return rejectAll(group, gone);
    if (redis.status !== 'ready') return rejectAll(group, notConnected(redis));
    const open = new Set(group);
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      const settle = (append: Append, outcome: Position | TributaryError) => {
        if (!open.delete(append)) return;
        if (typeof outcome === 'string') append.resolve(outcome);
        else append.reject(outcome);
        if (typeof outcome !== 'string' && outcome.code === 'log_recreated') gone = outcome;
        if (open.size === 0) resolve();
      };
      failGroup = (error) => {
        for (const append of [...open]) settle(append, error);
      };
      const timedOut = () => {
        if (open.size === 0) return;
        failGroup?.(unavailable(`no reply within ${timeoutMs} ms, the outcome is unknown`));
        // Its late replies are worth nothing, and whatever is stuck must not pile up in the socket.
        redis.disconnect(true);
      };
      // After a turn that took long, timers come before sockets are read: what came meanwhile is read first.
      timer = setTimeout(() => setImmediate(timedOut), timeoutMs);
      writeGroup(redis, keys, identity, group, settle);
    });
    clearTimeout(timer);
    failGroup = null;
  }

  // What waits was not sent, and shall not be held until the connection is back: its sender knows better what to do.
  const onClose = () => {
    failGroup?.(unavailable('the connection closed before the reply, the outcome is unknown'));
    queue.failWaiting(unavailable('the connection closed, nothing was written'));
  };
  redis.on('close', onClose);
  const unwatch = watchHandshakes(redis);

  return {
    append(partition, record) {
      if (closed) return Promise.reject(unavailable('it was closed, nothing was written'));
      if (keys.streams[partition] === undefined)
        return Promise.reject(new RangeError(`partition ${partition} of ${keys.streams.length}`));
      if (redis.status !== 'ready') return Promise.reject(notConnected(redis));
      return queue.append(partition, record);
    },
    async close() {
      closed = true;
      await queue.drained();
      unwatch();
      redis.off('close', onClose);
    },
  };
}

/** One write to the socket. The identity leads: it shows whether the entries after it went to the log that was opened. */
function writeGroup(
  redis: Redis,
  keys: LogKeys,
  identity: string,
  group: readonly Append[],
  settle: (append: Append, outcome: Position | TributaryError) => void,
): void {
  let text = commandText(['HGET', keys.meta, 'identity']);
  for (const { partition, record } of group)
    text += commandText(['XADD', keys.streams[partition] as string, '*', ...fieldsOf(record)]);
  let found: Reply = null;
  const onAppended = (append: Append, id: Reply) => {
    if (found instanceof Error || !Buffer.isBuffer(id))
      settle(append, unavailable('an append failed, the outcome is unknown', id instanceof Error ? id : found));
    else if (String(found) !== identity) settle(append, recreated(identity, `found ${found ?? 'none'}`));
    else settle(append, readable(keys.streams[append.partition] as string, String(id)));
  };
  writeCommands(redis, text, [
    (reply) => {
      found = reply;
    },
    ...group.map((append) => (id: Reply) => onAppended(append, id)),
  ]);
}

/** What has an id that no position has is not read. */
function readable(stream: string, id: string): Position | TributaryError {
  const position = positionOf(id);
  if (position !== BEHIND_ALL) return position;
  return unavailable(
    `ids of ${stream} must have at most 15 and 10 digits (got ${id}): somebody wrote an entry by hand, and what has such an id is not read. Remove these entries (XDEL), and set the last id of the stream to that of the newest that is left (XSETID)`,
  );
}

function notConnected(redis: Redis): TributaryError {
  return unavailable(`not connected (${redis.status}), nothing was written`);
}

function rejectAll(group: readonly Append[], error: TributaryError): void {
  for (const append of group) append.reject(error);
}
