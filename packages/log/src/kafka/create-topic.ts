/** Creates the topic of the log, or finds it, and checks that Kafka keeps in it what it acknowledges (law 6). */
import { TributaryError } from '@tributary/model/errors';
import { patience } from '@tributary/runtime/wait';
import type { Connection } from './connection.ts';
import { MAX_UNPACKED_BYTES } from './decompress.ts';
import { CODE, unavailable } from './errors.ts';
import type { TopicSettings } from './settings.ts';
import { ASK_EVERY_MS, describeTopic, ledTopic, mismatch, type TopicOptions } from './topic.ts';
import { createTopicRequest, type Metadata, type TopicConfig, topicConfigRequest } from './topic-requests.ts';

export interface OpenedTopic {
  readonly metadata: Metadata;
  /** Made just now: its leaders may refuse for a moment. */
  readonly isNew: boolean;
  /** Bytes of one record batch. */
  readonly maxMessageBytes: number;
}

export interface CreateTopicOptions extends TopicOptions {
  readonly settings: TopicSettings;
  /** `managed`: the operator vouches for a topic whose settings may not be read. */
  readonly durability: 'checked' | 'managed';
  /** A look creates nothing: throws `log_unavailable` where there is no topic. */
  readonly mustExist: boolean;
}

/** The bound of a topic that the log creates; a producer's group of appends is smaller. Fits into `MAX_UNPACKED_BYTES`. */
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;
/** Kafka's own default, for a topic whose settings may not be read. */
const DEFAULT_MESSAGE_BYTES = 1_048_588;
const LEADERS_MS = 15_000;
const CREATE_MS = 10_000;

/** Throws `partition_mismatch`, `not_durable`, `log_unavailable`. */
export async function createTopic(options: CreateTopicOptions): Promise<OpenedTopic> {
  const there = await ledTopic(options, LEADERS_MS);
  if (there === null && options.mustExist)
    throw unavailable(
      `the topic ${options.name} does not exist: look at TRIBUTARY_KAFKA_TOPIC_PREFIX and TRIBUTARY_KAFKA_BROKERS`,
    );
  const metadata = there ?? (await create(options));
  const wrong = mismatch(metadata, options.name, options.partitions);
  if (wrong !== null) throw wrong;
  const [address] = metadata.brokers;
  if (address === undefined) throw unavailable('the cluster names no broker');
  const maxMessageBytes = await checkSettings(await options.connections.to(address), options, metadata);
  return { metadata, isNew: there === null, maxMessageBytes };
}

async function create(options: CreateTopicOptions): Promise<Metadata> {
  const { name, partitions, connections, settings } = options;
  const { replication, minInsync, retentionMs } = settings;
  const config = {
    'cleanup.policy': 'delete',
    'min.insync.replicas': String(minInsync),
    'unclean.leader.election.enable': 'false',
    'retention.ms': String(retentionMs),
    'message.timestamp.type': 'LogAppendTime',
    'max.message.bytes': String(MAX_MESSAGE_BYTES),
  };
  const cluster = await describeTopic(name, connections, options.bootstrap);
  const controller = cluster.brokers.find(({ nodeId }) => nodeId === cluster.controllerId) ?? cluster.brokers[0];
  if (controller === undefined) throw unavailable('the cluster names no broker');
  const connection = await connections.to(controller);
  const { errorCode, message } = await connection.send(createTopicRequest({ name, partitions, replication, config }, CREATE_MS));
  // When another process was first, its topic is checked like any other.
  if (errorCode !== 0 && errorCode !== CODE.topicExists) {
    const what = `the topic ${name} with ${partitions} partitions in ${replication} replicas was not created`;
    const fix = errorCode === CODE.tooFewBrokers ? ' Lower TRIBUTARY_KAFKA_REPLICATION, or start more brokers.' : '';
    throw unavailable(`${what} (error ${errorCode}): ${message ?? 'no reason given'}${fix}`);
  }
  return untilKnown(options);
}

/** A broker learns of a new topic a moment after the controller made it. */
async function untilKnown(options: CreateTopicOptions): Promise<Metadata> {
  const more = patience(LEADERS_MS, ASK_EVERY_MS);
  do {
    const found = await ledTopic(options, LEADERS_MS);
    if (found !== null) return found;
  } while (await more());
  throw unavailable(`the topic ${options.name} was created, but no broker knows it`);
}

/** What each setting must be, and why. Returns the largest batch. */
async function checkSettings(
  connection: Connection,
  { name, durability }: CreateTopicOptions,
  { partitions }: Metadata,
): Promise<number> {
  const { errorCode, message, settings } = await describedSettings(connection, name);
  if (errorCode !== 0) {
    if (durability === 'managed') return DEFAULT_MESSAGE_BYTES;
    const got = `error ${errorCode}: ${message ?? 'no reason given'}`;
    throw new TributaryError(
      'not_durable',
      `the settings of the topic ${name} must be shown by Kafka (got ${got}). Open the log with durability "managed" if its operator vouches for it.`,
    );
  }
  const demand = (setting: string, isFine: (value: string) => boolean, want: string) => {
    const value = settings.get(setting) ?? '(unset)';
    if (durability === 'managed' || isFine(value)) return;
    throw new TributaryError(
      'not_durable',
      `${setting} of the topic ${name} must be ${want} (got ${JSON.stringify(value)}). Set it with kafka-configs --alter --add-config ${setting}=${want}.`,
    );
  };
  // Compaction drops all but the last message of a user.
  demand('cleanup.policy', (value) => !value.split(',').includes('compact'), 'delete');
  // A replica that lags would become the leader, and what it lacks was acknowledged.
  demand('unclean.leader.election.enable', (value) => value === 'false', 'false');
  // A producer's clock may be years ahead, or its operator may lie: the log's clock bounds how far a record moves log time.
  demand('message.timestamp.type', (value) => value === 'LogAppendTime', 'LogAppendTime');
  const isCopied = partitions.some(({ replicas }) => replicas > 1);
  if (isCopied) demand('min.insync.replicas', (value) => Number(value) >= 2, '2');
  // Readers unpack no more, and the broker may pack what we append.
  return Math.min(Number(settings.get('max.message.bytes') ?? DEFAULT_MESSAGE_BYTES), MAX_UNPACKED_BYTES);
}

/** The broker that is asked may hear of a new topic later than the one that described it. */
async function describedSettings(connection: Connection, name: string): Promise<TopicConfig> {
  const more = patience(LEADERS_MS, ASK_EVERY_MS);
  for (;;) {
    const reported = await connection.send(topicConfigRequest(name));
    if (reported.errorCode !== CODE.unknownTopic || !(await more())) return reported;
  }
}
