/**
 * One connection on which one read at a time may block. Every read is one round trip: the XREAD, and behind it
 * what shows whether its answer can be trusted (the log's identity, the streams' existence, what was trimmed).
 */
import type { TributaryError } from '@tributary/model/errors';
import { settled } from '@tributary/runtime/wait';
import type { Redis } from 'ioredis';
import { recreated, unavailable } from './durability.ts';
import { watchHandshakes } from './handshake.ts';
import { type LogKeys, streamOf } from './layout.ts';
import { RESUME } from './scripts.ts';
import { commandText, type Reply, writeCommands } from './write-commands.ts';

/** A reader's position as a stream id, null: from the oldest retained entry. */
export interface From {
  readonly partition: number;
  readonly id: string | null;
}

export type StreamReply = readonly [stream: Buffer, entries: readonly (readonly [id: Buffer, fields: readonly Buffer[]])[]];

export interface Answer {
  readonly streams: readonly StreamReply[];
  /** In the order of `from`: the newest entry trimmed, null when nothing was. */
  readonly trimmed: readonly (string | null)[];
}

export interface BlockingRead {
  /** null when aborted or closed. */
  read(from: readonly From[], maxEntries: number, waitMs: number, signal?: AbortSignal): Promise<Answer | null>;
  close(): void;
}

export interface BlockingReadOptions {
  readonly redis: Redis;
  readonly keys: LogKeys;
  readonly identity: string;
  readonly now: () => number;
  onRewound(partition: number, id: string): void;
}

/** How long a read waits for the connection to come back, ms. */
const CONNECT_MS = 2_000;
/** How long after the end of its wait a read may go without a reply before the connection counts as dead, ms. */
const GRACE_MS = 5_000;
/** Positions are compared with the streams' ends on the first read over a connection, and again after this, ms. */
const RECHECK_MS = 10_000;

export function createBlockingRead({ redis, keys, identity, now, onRewound }: BlockingReadOptions): BlockingRead {
  /** False from the moment a read was abandoned: the connection still says "ready" while it closes. */
  let usable = false;
  let closed = false;
  let ready = Promise.withResolvers<void>();
  let checked = new Set<number>();
  let checkedSinceMs = now();
  const onReady = () => {
    usable = true;
    ready.resolve();
  };
  const onClose = () => {
    checked = new Set();
    if (!usable) return;
    usable = false;
    ready = Promise.withResolvers();
  };
  if (redis.status === 'ready') onReady();
  redis.on('ready', onReady);
  redis.on('close', onClose);
  const unwatch = watchHandshakes(redis);

  function abandon(): void {
    onClose();
    redis.disconnect(true);
  }

  async function checkPositions(from: readonly From[]): Promise<void> {
    if (now() - checkedSinceMs >= RECHECK_MS) {
      checked = new Set();
      checkedSinceMs = now();
    }
    const unchecked = from.filter(({ partition, id }) => id !== null && !checked.has(partition));
    if (unchecked.length === 0) return;
    const streams = unchecked.map(({ partition }) => streamOf(keys, partition));
    const ids = unchecked.map(({ id }) => id as string);
    const reply = await redis.eval(RESUME, 1 + streams.length, keys.meta, ...streams, identity, ...ids);
    if (reply === null) throw recreated(identity, 'another log stands in its place');
    for (const [i, answer] of (reply as number[]).entries()) judge(unchecked[i] as From, answer);
  }

  function judge({ partition, id }: From, answer: number): void {
    if (answer === 2) throw recreated(identity, `the position ${id} of partition ${partition} lies a day in the future`);
    if (answer === 1) onRewound(partition, id as string);
    checked.add(partition);
  }

  async function ask(from: readonly From[], maxEntries: number, waitMs: number): Promise<Answer> {
    await checkPositions(from);
    const streams = from.map(({ partition }) => streamOf(keys, partition));
    const ids = from.map(({ id }) => id ?? '0-0');
    const block = waitMs > 0 ? ['BLOCK', String(waitMs)] : [];
    const commands = [
      ['XREAD', 'COUNT', String(maxEntries), ...block, 'STREAMS', ...streams, ...ids],
      ['HGET', keys.meta, 'identity'],
      ['MGET', ...from.map(({ partition }) => keys.trimmed[partition] as string)],
    ];
    const resumed = streams.filter((_, i) => from[i]?.id !== null);
    if (resumed.length > 0) commands.push(['EXISTS', ...resumed]);
    const [read, found, trimmed, existing] = await repliesTo(redis, commands);
    if (String(found) !== identity) throw recreated(identity, `found ${found ?? 'none'}`);
    if (resumed.length > 0 && existing !== resumed.length) throw recreated(identity, 'a partition vanished');
    const upTo = (trimmed as readonly (Buffer | null)[]).map((id) => (id === null ? null : String(id)));
    return { streams: streamsOf(read as readonly Reply[] | null), trimmed: upTo };
  }

  return {
    async read(from, maxEntries, waitMs, signal) {
      if (!usable) {
        const connected = await settled(ready.promise, CONNECT_MS, signal);
        if (connected === 'aborted' || closed) return null;
        if (connected === 'timeout') throw unavailable(`not connected (${redis.status})`);
      }
      const answer = ask(from, maxEntries, waitMs);
      const outcome = await settled(answer, waitMs + GRACE_MS, signal).catch((error: unknown) => {
        if (closed) return null;
        throw asLogError(error);
      });
      if (outcome !== 'aborted' && outcome !== 'timeout') return outcome;
      answer.catch(() => {});
      abandon();
      if (outcome === 'timeout') throw unavailable(`no reply to a read within ${waitMs + GRACE_MS} ms`);
      return null;
    },
    close() {
      closed = true;
      ready.resolve();
      unwatch();
      redis.off('ready', onReady);
      redis.off('close', onClose);
      redis.disconnect();
    },
  };
}

/** By RESP 3 a name and its entries follow each other, by RESP 2 each such pair is a list. */
function streamsOf(read: readonly Reply[] | null): StreamReply[] {
  if (read === null) return [];
  if (!Buffer.isBuffer(read[0])) return read as unknown as StreamReply[];
  return Array.from({ length: read.length / 2 }, (_, i) => read.slice(2 * i, 2 * i + 2) as unknown as StreamReply);
}

/** In one write to the socket. Rejects with the first error. */
function repliesTo(redis: Redis, commands: readonly (readonly string[])[]): Promise<Reply[]> {
  return new Promise((resolve, reject) => {
    const replies: Reply[] = [];
    const onReply = (reply: Reply) => {
      if (reply instanceof Error) reject(reply);
      if (replies.push(reply) === commands.length) resolve(replies);
    };
    writeCommands(redis, commands.map(commandText).join(''), Array(commands.length).fill(onReply));
  });
}

function asLogError(error: unknown): Error {
  const expected = (error as TributaryError).name === 'TributaryError' || error instanceof RangeError;
  return expected ? (error as Error) : unavailable('a read failed', error);
}
