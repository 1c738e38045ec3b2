/** The settings of a broker that is its own controller as well (KRaft, combined mode), on loopback. */

export interface BrokerPlace {
  /** From 1, the node id. */
  readonly id: number;
  readonly port: number;
  readonly controllerPort: number;
  readonly dataDir: string;
}

export const HOST = '127.0.0.1';

/**
 * `all` are the brokers of the cluster, one or three: each is a voter. With three, an acknowledged write is on at least two.
 * `overrides` win.
 */
export function brokerSettings(
  place: BrokerPlace,
  all: readonly BrokerPlace[],
  overrides: Readonly<Record<string, string>>,
): Record<string, string> {
  const copies = String(Math.min(3, all.length));
  const durable = String(all.length > 1 ? 2 : 1);
  return {
    'process.roles': 'broker,controller',
    'node.id': String(place.id),
    'controller.quorum.voters': all.map(({ id, controllerPort }) => `${id}@${HOST}:${controllerPort}`).join(','),
    listeners: `PLAINTEXT://${HOST}:${place.port},CONTROLLER://${HOST}:${place.controllerPort}`,
    'advertised.listeners': `PLAINTEXT://${HOST}:${place.port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': place.dataDir,
    'auto.create.topics.enable': 'false',
    'default.replication.factor': copies,
    'offsets.topic.replication.factor': copies,
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.min.isr': durable,
    'share.coordinator.state.topic.replication.factor': copies,
    'share.coordinator.state.topic.min.isr': durable,
    'min.insync.replicas': durable,
    'unclean.leader.election.enable': 'false',
    // Few and small, for a quick start: Kafka's own defaults are 50 partitions and 128 MB of heap for the log cleaner.
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.num.partitions': '4',
    'log.cleaner.dedupe.buffer.size': String(4 * 1024 * 1024),
    'num.network.threads': '2',
    'num.io.threads': '4',
    'group.initial.rebalance.delay.ms': '0',
    // The controller writes a record that says nothing where nothing else was written: twice a second, half of what an idle broker does.
    'metadata.max.idle.interval.ms': '5000',
    // A follower that has all waits that long for more, and asks again: by default twice a second for each other broker.
    'replica.fetch.wait.max.ms': '1500',
    ...overrides,
  };
}

/** A Java properties file; a backslash would begin an escape, a line end a new setting. */
export function propertiesText(settings: Readonly<Record<string, string>>): string {
  const lines = Object.entries(settings).map(([name, value]) => {
    if (/[\r\n]/.test(name + value)) throw new Error(`a broker setting spans lines: ${JSON.stringify(name)}`);
    return `${name}=${value.replaceAll('\\', '\\\\')}\n`;
  });
  return lines.join('');
}
