/** A topic of one partition behind a connection that a test answers itself. */
import type { Connection } from '@tributary/log/kafka/connection';
import type { Connections } from '@tributary/log/kafka/connections';
import type { KafkaRequest } from '@tributary/log/kafka/request';
import type { Topic } from '@tributary/log/kafka/topic';

type Send = (request: KafkaRequest<unknown>) => Promise<unknown>;

export function onePartition(send: Send): { readonly topic: Topic; readonly connections: Connections } {
  const connection: Connection = { send: send as Connection['send'], isOpen: () => true, close: () => {} };
  const address = { host: 'localhost', port: 9092 };
  const topic: Topic = {
    name: 't',
    id: '07'.repeat(16),
    partitions: 1,
    refresh: async () => {},
    check: async () => {},
    byLeader: async (partitions) => new Map([[1, { address, partitions }]]),
  };
  return { topic, connections: { to: async () => connection, drop: () => {}, closeAll: () => {} } };
}
