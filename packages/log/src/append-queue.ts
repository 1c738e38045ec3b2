/**
 * Group commit: appends that arrive while a group is on its way wait and leave together as the next one. One round trip,
 * and one fsync where the log fsyncs, then serves them all, and because at most one group is under way, entries keep the
 * order of the calls.
 */
import { TributaryError } from '@tributary/model/errors';
import type { LogRecord, Position } from './port.ts';

export interface Append {
  readonly partition: number;
  readonly record: LogRecord;
  readonly bytes: number;
  resolve(position: Position): void;
  reject(error: TributaryError): void;
}

export interface AppendLimits {
  /** Appends waiting or under way; above it they are `overloaded`. */
  readonly maxAppends: number;
  readonly maxBytes: number;
  /** A group takes no more than this, so that the first of it is not held up by the last. */
  readonly groupAppends: number;
  readonly groupBytes: number;
}

export const APPEND_LIMITS: AppendLimits = {
  maxAppends: 10_000,
  maxBytes: 64 * 1024 * 1024,
  groupAppends: 1_000,
  groupBytes: 8 * 1024 * 1024,
};

export interface AppendQueue {
  append(partition: number, record: LogRecord): Promise<Position>;
  /** Rejects what waits; the group under way is its sender's matter. */
  failWaiting(error: TributaryError): void;
  /** Resolves when nothing waits and nothing is under way. */
  drained(): Promise<void>;
}

/** `send` settles every append of the group and then resolves; it never rejects. */
export function createAppendQueue(send: (group: readonly Append[]) => Promise<void>, limits = APPEND_LIMITS): AppendQueue {
  let waiting: Append[] = [];
  let heldAppends = 0;
  let heldBytes = 0;
  let running: Promise<void> | null = null;

  function release(group: readonly Append[]): void {
    heldAppends -= group.length;
    for (const append of group) heldBytes -= append.bytes;
  }

  async function run(): Promise<void> {
    // One microtask later: the appends of one turn of the caller leave together.
    await null;
    while (waiting.length > 0) {
      const group = waiting.splice(0, groupLength(waiting, limits));
      await send(group);
      release(group);
    }
    running = null;
  }

  return {
    append(partition, record) {
      const bytes = Buffer.byteLength(record.body);
      if (bytes > limits.maxBytes) {
        const message = `a log entry must have at most ${limits.maxBytes} bytes (got ${bytes})`;
        return Promise.reject(new TributaryError('body_too_large', message));
      }
      if (heldAppends >= limits.maxAppends || heldBytes + bytes > limits.maxBytes) {
        const message = `${heldAppends} appends with ${heldBytes} bytes wait for the log already`;
        return Promise.reject(new TributaryError('overloaded', message));
      }
      heldAppends += 1;
      heldBytes += bytes;
      return new Promise((resolve, reject) => {
        waiting.push({ partition, record, bytes, resolve, reject });
        running ??= run();
      });
    },
    failWaiting(error) {
      const failed = waiting;
      waiting = [];
      release(failed);
      for (const append of failed) append.reject(error);
    },
    async drained() {
      while (running !== null) await running;
    },
  };
}

function groupLength(waiting: readonly Append[], limits: AppendLimits): number {
  let bytes = 0;
  let length = 0;
  for (const append of waiting) {
    bytes += append.bytes;
    if (length > 0 && (length >= limits.groupAppends || bytes > limits.groupBytes)) break;
    length += 1;
  }
  return length;
}
