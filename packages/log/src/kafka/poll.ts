/**
 * One poll of the brokers for a fetch session:
 *
 *   seek   where each partition is read from        what is held for another place is forgotten
 *   send   one fetch to each leader                 by `fetch-plan.ts`; one under way for the same offsets goes on
 *   take   replies into what is held                by `take-reply.ts`
 *   give   what is held, or say how to poll again
 */
import { settled } from '@tributary/runtime/wait';
import type { LogEntry } from '../port.ts';
import type { Connections } from './connections.ts';
import type { EntryLimits } from './entries.ts';
import { CODE, isMoved, isUnknownTopic, unavailable } from './errors.ts';
import { offsetsOf, planFetch } from './fetch-plan.ts';
import { createFetches } from './fetches.ts';
import { emptyState, give, holdsAny, type ReadBounds, seek, type Wanted } from './held-entries.ts';
import { demandInRange, offsetAt } from './offsets.ts';
import { type FetchedPartition, fetchRequest } from './requests.ts';
import { nothingTaken, type Taken, takeReply } from './take-reply.ts';
import type { Topic } from './topic.ts';
import { EARLIEST } from './topic-requests.ts';

/** The offset to read next; null: the oldest retained. */
export interface From {
  readonly partition: number;
  readonly offset: number | null;
}

export interface PollerOptions {
  readonly topic: Topic;
  readonly connections: Connections;
  readonly entryLimits: EntryLimits;
}

/** What a poll gave, and whether to poll again. */
export interface Polled {
  readonly entries: LogEntry[];
  readonly again: 'when time is left' | 'after a pause' | 'at once' | 'trouble';
}

/** One fetch waits no longer, so that the session soon notices what else changes, ms. */
const LONG_POLL_MS = 1_000;
/** The connection gives a silent broker up much earlier. */
const REPLY_MS = 60_000;
export interface Poller {
  /** Waits up to `waitMs` for messages. `fresh`: by fetches that are sent now. null: aborted. */
  poll(from: readonly From[], bounds: ReadBounds, waitMs: number, fresh: boolean, signal: AbortSignal): Promise<Polled | null>;
  /** Gives up what is under way. */
  dropAll(): void;
}

export function createPoller({ topic, connections, entryLimits }: PollerOptions): Poller {
  const state = emptyState();
  const fetches = createFetches(connections);
  /** Where partitions read from their start began. */
  const starts = new Map<number, number>();

  async function placesOf(from: readonly From[]): Promise<Map<number, number>> {
    const wanted = new Map<number, number>();
    for (const { partition, offset } of from) {
      const start = offset ?? starts.get(partition) ?? (await offsetAt(topic, connections, partition, EARLIEST));
      if (offset === null) starts.set(partition, start);
      wanted.set(partition, start);
    }
    seek(state, wanted);
    return wanted;
  }

  async function send(wanted: Wanted, { maxBytes }: ReadBounds, waitMs: number, fresh: boolean): Promise<void> {
    const leaders = [...(await topic.byLeader([...wanted.keys()])).values()];
    const targets = leaders.map(({ address, partitions }) => {
      const offsets = offsetsOf(state, partitions, wanted);
      const requestOf = () => {
        const { from, replyBytes } = planFetch(state, offsets, maxBytes);
        return fetchRequest(topic.id, from, { waitMs, replyBytes });
      };
      return { address, offsets, requestOf };
    });
    fetches.send(targets, waitMs, fresh);
  }

  function take(wanted: Wanted, { maxBytes }: ReadBounds): Taken {
    const taken = nothingTaken();
    const reading = { wanted, maxBytes, topic: topic.name, entryLimits };
    for (const { reply, offsets } of fetches.arrived()) takeReply(state, reply, offsets, reading, taken);
    return taken;
  }

  /** Throws what is final; what is not is asked again at the next poll. */
  async function judge(trouble: readonly FetchedPartition[], from: readonly From[]): Promise<void> {
    for (const { partition, errorCode } of trouble) {
      if (errorCode === CODE.offsetOutOfRange) {
        state.held.delete(partition);
        starts.delete(partition);
        await demandInRange(topic, connections, partition, from.find((one) => one.partition === partition)?.offset ?? null);
      } else if (isMoved(errorCode) || isUnknownTopic(errorCode)) await topic.refresh();
      else throw unavailable(`partition ${partition} was not read (error ${errorCode})`);
    }
  }

  function given(wanted: Wanted, bounds: ReadBounds): LogEntry[] {
    const entries = give(state, wanted, bounds);
    for (const { partition } of entries) starts.delete(partition);
    return entries;
  }

  const poll: Poller['poll'] = async (from, bounds, waitMs, fresh, signal) => {
    const wanted = await placesOf(from);
    const pollMs = holdsAny(state, wanted) ? 0 : Math.min(waitMs, LONG_POLL_MS);
    await send(wanted, bounds, pollMs, fresh);
    const deadlineMs = performance.now() + pollMs;
    let isCut = false;
    for (let failure: Error | undefined; ; ) {
      // What is held already waits for the brokers' answers about it only, not for those that have nothing.
      const replies = fetches.replies(pollMs > 0 ? 'all' : 'answering');
      const replied: Promise<unknown> = pollMs > 0 ? Promise.race(replies) : Promise.all(replies);
      if (replies.length > 0 && (await settled(replied, REPLY_MS, signal)) === 'aborted') return null;
      const taken = take(wanted, bounds);
      failure ??= taken.failures[0];
      isCut ||= taken.isCut;
      if (taken.trouble.length > 0) {
        await judge(taken.trouble, from);
        return { entries: [], again: 'trouble' };
      }
      if (holdsAny(state, wanted)) return { entries: given(wanted, bounds), again: 'when time is left' };
      if (taken.learned) return { entries: [], again: 'at once' };
      if (replies.length > 0 && fetches.isUnderWay() && performance.now() < deadlineMs) continue;
      if (failure !== undefined) throw failure;
      return { entries: [], again: isCut ? 'after a pause' : 'when time is left' };
    }
  };

  return { poll, dropAll: fetches.dropAll };
}
