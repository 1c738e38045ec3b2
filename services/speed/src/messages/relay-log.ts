/**
 * What a publisher of messages between keys appends to (decision 43): each line to the partition of the key that it names, in order. A publisher
 * that dies in between appends some of them again; their readers know them by their number.
 */
import type { EventLog } from '@tributary/log/port';
import { keyOfMessage } from '@tributary/model/identity/message-line';
import { partitionOf } from '@tributary/model/user-key';

export function relayLog(log: Pick<EventLog, 'append' | 'partitions'>): Pick<EventLog, 'append'> {
  return {
    async append(_from, { kind, body }) {
      const byHome = Map.groupBy(body.split('\n'), (line) => partitionOf(keyOfMessage(line), log.partitions));
      // Each waits for the disk, and none of them is under way any more when the next ones of the same outbox are appended.
      const appends = [...byHome].map(([home, lines]) => log.append(home, { kind, body: lines.join('\n') }));
      await Promise.allSettled(appends);
      return (await Promise.all(appends)).at(-1) ?? '';
    },
  };
}
