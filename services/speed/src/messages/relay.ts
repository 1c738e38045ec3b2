/** Relays messages between keys (decision 43) from the outboxes of this worker's partitions to the partitions that they go to. */
import type { EventLog } from '@tributary/log/port';
import type { Event } from '@tributary/model/event';
import { SAID } from '@tributary/model/identity/message-line';
import { NAMESPACE } from '@tributary/runtime/event-log/keys';
import { messagesKey, partitionPrefix } from '@tributary/store/format/keys';
import type { OutboxLines } from '@tributary/store/outbox';
import { createOutbox } from '@tributary/store/outbox/redis-outbox';
import type { AppliedBatch } from '../apply/apply.ts';
import { createPublisher, type Publisher } from '../outbox/publisher.ts';
import { onceJoined } from './once-joined.ts';
import { relayLog } from './relay-log.ts';

export interface MessageRelay {
  /** What a commit left in the outbox of its partition; to be called before `noteCommit`. */
  noteMessages(partition: number, messages: OutboxLines): void;
  /** Called for each commit: the first one of a platform that joins keys begins the relay. */
  noteCommit(batch: Pick<AppliedBatch, 'commit' | 'said'>): void;
  /** Whether a partition may be read on: not while too many of its messages wait. */
  hasRoom(partition: number): boolean;
  /** Resolves once nothing is under way any more, after the signal. */
  ended(): Promise<void>;
}

export interface MessageRelayOptions {
  readonly redis: Parameters<typeof createOutbox>[0];
  readonly log: EventLog;
  readonly assigned: () => ReadonlySet<number>;
  readonly signal: AbortSignal;
  readonly onError: (error: Error) => void;
}

export function createMessageRelay({ redis, log, assigned, signal, onError }: MessageRelayOptions): MessageRelay {
  let running: { readonly publisher: Publisher; readonly ended: Promise<void> } | undefined;

  const definitionsOf = () => {
    const partitions = Array.from({ length: log.partitions }, (_, partition) => partition);
    return Promise.all(partitions.map((partition) => redis.hget(`${partitionPrefix(NAMESPACE, partition)}state`, 'definitions')));
  };

  function begin() {
    const publisher = createPublisher({
      outbox: createOutbox(redis, NAMESPACE, messagesKey),
      log: onceJoined(relayLog(log), definitionsOf),
      assigned,
      onError,
      asPublished: (line) => line,
      shorten: withoutProperties,
    });
    return { publisher, ended: publisher.run(signal) };
  }

  return {
    noteMessages: (partition, messages) => running?.publisher.give(partition, messages),
    noteCommit({ commit, said }) {
      // A heartbeat's commit says it too, so what an earlier process left behind is relayed.
      if (commit.next.relayed === undefined) return;
      running ??= begin();
      if (said.length === 0) return;
      const { partition, messages = [] } = commit;
      // What went ahead of the commit is not in it.
      const longest =
        messages.length < said.length ? undefined : messages.reduce((most, { length }) => Math.max(most, length), 0);
      running.publisher.wake(partition, said.length, longest);
    },
    hasRoom: (partition) => running?.publisher.hasRoom(partition) ?? true,
    ended: async () => running?.ended,
  };
}

/** What is left of an event that is too large for the log with what its message says: everything but its properties. */
function withoutProperties(line: string): string {
  const { properties, ...event } = JSON.parse(line) as Event;
  return JSON.stringify({ ...event, properties: { [SAID]: properties?.[SAID] } });
}
