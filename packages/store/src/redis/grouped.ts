/**
 * Calls of one script in one turn of the event loop go to Redis as one. What client, kernel and Redis spend on a call is more than what a
 * small one does, and all that one call writes shares one fsync.
 *
 * Each keeps an outcome of its own: the script does one after the other, and what fails says so without ending the rest. Large ones are
 * not put together, so that Redis stands still for no longer than one large call takes. On a cluster partitions lie on different nodes.
 */
import { type Redis, ReplyError } from 'ioredis';
import type { Argument } from './packed-call.ts';
import { keysFor, onceTogether } from './scripts.ts';

/** One call on one partition. */
export interface PartitionCall {
  /** The partition's state; a single Redis builds the other keys from its prefix (scripts.ts). */
  readonly state: string;
  /** All other keys that it may touch. */
  readonly others: () => readonly string[];
  readonly args: readonly Argument[];
}

/** Whether each call failed, and its reply or the error. */
export type GroupedReplies<T> = readonly (readonly [failed: 0, reply: T] | readonly [failed: 1, message: string])[];

export interface GroupedCalls<T> {
  /** With the other calls of this turn. */
  together(call: PartitionCall): Promise<T>;
  /** By itself, at once. */
  alone(call: PartitionCall): Promise<T>;
}

/** UTF-16 units, or bytes, of arguments that one call to Redis has, but for a single larger one. */
const MOST_LENGTH = 65_536;

interface Waiting<T> {
  readonly call: PartitionCall;
  resolve(reply: T): void;
  reject(error: unknown): void;
}

/** `script`: takes the number of calls, then of each the number of its arguments and these. A key of each call leads. */
export function groupedCalls<T>(
  redis: Redis,
  script: (args: readonly Argument[]) => Promise<GroupedReplies<T>>,
): GroupedCalls<T> {
  let waiting: Waiting<T>[] = [];

  function sendAll(): void {
    const all = waiting;
    waiting = [];
    for (const group of groupsOf(all)) void send(group);
  }

  async function send(group: readonly Waiting<T>[]): Promise<void> {
    try {
      const args: Argument[] = [...keysOf(redis, group), String(group.length)];
      for (const { call } of group) {
        args.push(String(call.args.length));
        for (const arg of call.args) args.push(arg);
      }
      const replies = await onceTogether(() => script(args));
      for (const [i, { resolve, reject }] of group.entries()) {
        const [failed, reply] = replies[i] ?? [1, 'a call has no reply'];
        if (failed === 0) resolve(reply);
        else reject(new ReplyError(reply));
      }
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }

  return {
    alone: (call) => new Promise((resolve, reject) => void send([{ call, resolve, reject }])),
    together(call) {
      if (redis.isCluster) return this.alone(call);
      return new Promise((resolve, reject) => {
        if (waiting.push({ call, resolve, reject }) === 1) setImmediate(sendAll);
      });
    },
  };
}

function groupsOf<T>(all: readonly Waiting<T>[]): Waiting<T>[][] {
  const groups: Waiting<T>[][] = [];
  let length = Number.POSITIVE_INFINITY;
  for (const one of all) {
    const own = one.call.args.reduce((sum, arg) => sum + arg.length, 0);
    length += own;
    if (length <= MOST_LENGTH) groups.at(-1)?.push(one);
    else {
      groups.push([one]);
      length = own;
    }
  }
  return groups;
}

function keysOf<T>(redis: Redis, group: readonly Waiting<T>[]): string[] {
  const [{ call }] = group as [Waiting<T>];
  if (redis.isCluster) return keysFor(redis, call.state, call.others);
  return [String(group.length), ...group.map((one) => one.call.state)];
}
