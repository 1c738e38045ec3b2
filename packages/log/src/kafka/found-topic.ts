/** Founds the topic of the log, or finds it, and checks that Kafka keeps in it what it acknowledges (law 6). */
import { TributaryError } from '@tributary/model/errors';
import kafkajs, { type Admin, type SASLOptions } from 'kafkajs';
import { unavailable } from './errors.ts';
import type { Metadata } from './requests.ts';
import type { KafkaSettings, TopicSettings } from './settings.ts';
import { ledTopic, mismatch, type TopicOptions } from './topic.ts';

export interface FoundTopic {
  readonly metadata: Metadata;
  /** Made just now: its leaders may refuse for a moment. */
  readonly isNew: boolean;
  /** Bytes of one record batch. */
  readonly maxMessageBytes: number;
}

export interface FoundOptions extends TopicOptions {
  readonly kafka: KafkaSettings;
  readonly settings: TopicSettings;
  /** `managed`: the operator vouches for a topic whose settings may not be read. */
  readonly durability: 'checked' | 'managed';
}

/** Of a topic that the log founds; a producer's group of appends is smaller. */
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;
/** Kafka's own default, for a topic whose settings may not be read. */
const DEFAULT_MESSAGE_BYTES = 1_048_588;
const LEADERS_MS = 15_000;
const TOPIC_RESOURCE = 2;

/** Throws `partition_mismatch`, `not_durable`, `log_unavailable`. */
export async function foundTopic(options: FoundOptions): Promise<FoundTopic> {
  const { name, partitions } = options;
  const there = await ledTopic(options, LEADERS_MS);
  return withAdmin(options.kafka, async (admin) => {
    if (there === null) await create(admin, options);
    const metadata = there ?? (await createdTopic(options));
    const wrong = mismatch(metadata, name, partitions);
    if (wrong !== null) throw wrong;
    return { metadata, isNew: there === null, maxMessageBytes: await checkSettings(admin, options, metadata) };
  });
}

async function createdTopic(options: FoundOptions): Promise<Metadata> {
  const deadlineMs = performance.now() + LEADERS_MS;
  for (;;) {
    // A broker learns of a new topic a moment after the controller made it.
    const found = await ledTopic(options, LEADERS_MS);
    if (found !== null) return found;
    if (performance.now() > deadlineMs) throw unavailable(`the topic ${options.name} was created, but no broker knows it`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function create(admin: Admin, { name, partitions, settings }: FoundOptions): Promise<void> {
  const { replication, minInsync, retentionMs } = settings;
  const config: Record<string, string | number> = {
    'cleanup.policy': 'delete',
    'min.insync.replicas': minInsync,
    'unclean.leader.election.enable': 'false',
    'retention.ms': retentionMs,
    'message.timestamp.type': 'CreateTime',
    'max.message.bytes': MAX_MESSAGE_BYTES,
  };
  const configEntries = Object.entries(config).map(([key, value]) => ({ name: key, value: String(value) }));
  try {
    // False when another process was first: its topic is checked like any other.
    await admin.createTopics({
      topics: [{ topic: name, numPartitions: partitions, replicationFactor: replication, configEntries }],
      waitForLeaders: false,
    });
  } catch (cause) {
    throw unavailable(
      `the topic ${name} with ${partitions} partitions in ${replication} replicas was not created`,
      reasonOf(cause),
    );
  }
}

/** What each setting must be, and why. */
async function checkSettings(admin: Admin, { name, durability }: FoundOptions, { partitions }: Metadata): Promise<number> {
  const settings = await settingsOf(admin, name);
  if (settings === null) {
    if (durability === 'managed') return DEFAULT_MESSAGE_BYTES;
    const message = `Kafka does not tell the settings of the topic ${name}; open the log with durability "managed" if its operator vouches for it`;
    throw new TributaryError('not_durable', message);
  }
  const demand = (setting: string, isFine: (value: string) => boolean, want: string) => {
    const value = settings.get(setting) ?? '(unset)';
    if (durability === 'managed' || isFine(value)) return;
    throw new TributaryError('not_durable', `the topic ${name} has "${setting}=${value}"; the log needs "${setting}=${want}"`);
  };
  // Compaction drops all but the last message of a user.
  demand('cleanup.policy', (value) => !value.split(',').includes('compact'), 'delete');
  // A replica that lags would become the leader, and what it lacks was acknowledged.
  demand('unclean.leader.election.enable', (value) => value === 'false', 'false');
  const copied = partitions.some(({ replicas }) => replicas > 1);
  if (copied) demand('min.insync.replicas', (value) => Number(value) >= 2, '2');
  return Number(settings.get('max.message.bytes') ?? DEFAULT_MESSAGE_BYTES);
}

async function settingsOf(admin: Admin, name: string): Promise<ReadonlyMap<string, string> | null> {
  try {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: TOPIC_RESOURCE, name }],
    });
    return new Map(resources[0]?.configEntries.map(({ configName, configValue }) => [configName, configValue]));
  } catch (cause) {
    if ((cause as { type?: string }).type === 'TOPIC_AUTHORIZATION_FAILED') return null;
    throw unavailable(`the settings of the topic ${name} could not be read`, reasonOf(cause));
  }
}

async function withAdmin<T>({ brokers, clientId, ssl, sasl }: KafkaSettings, work: (admin: Admin) => Promise<T>): Promise<T> {
  const client = new kafkajs.Kafka({
    brokers: [...brokers],
    clientId,
    logLevel: kafkajs.logLevel.NOTHING,
    connectionTimeout: 5_000,
    requestTimeout: 10_000,
    retry: { retries: 3, maxRetryTime: 2_000 },
    ...(ssl !== undefined && { ssl: ssl === true ? true : ssl }),
    ...(sasl && { sasl: sasl as SASLOptions }),
  });
  const admin = client.admin();
  try {
    await admin.connect();
  } catch (cause) {
    throw unavailable(`no connection to ${brokers.join(', ')}`, reasonOf(cause));
  }
  try {
    return await work(admin);
  } finally {
    await admin.disconnect().catch(() => {});
  }
}

/** kafkajs wraps the refusals of single topics. */
function reasonOf(error: unknown): unknown {
  const [inner] = (error as { errors?: readonly unknown[] }).errors ?? [];
  return inner ?? error;
}
