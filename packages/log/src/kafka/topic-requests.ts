/** What is asked about topics, and of them: the library's requests, and what is of use of its replies. */
import { createTopicsV7, deleteRecordsV2, describeConfigsV4, listOffsetsV7, metadataV12 } from '@platformatic/kafka';
import { type KafkaRequest, libraryRequest } from './request.ts';

export interface Metadata {
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[];
  readonly controllerId: number;
  readonly errorCode: number;
  /** 32 hexadecimal digits: the log's identity, which its readers keep. */
  readonly topicId: string;
  readonly partitions: readonly { readonly partition: number; readonly leader: number; readonly replicas: number }[];
}

/** Does not create it. */
export function metadataRequest(topic: string): KafkaRequest<Metadata> {
  return libraryRequest(metadataV12, [[topic], false, false], ({ brokers, controllerId, topics: [found] }) => {
    if (found === undefined) throw new Error('the reply to Metadata names no topic');
    const partitions = found.partitions.map(({ partitionIndex, leaderId, replicaNodes }) => ({
      partition: partitionIndex,
      leader: leaderId,
      replicas: replicaNodes.length,
    }));
    const topicId = found.topicId.replaceAll('-', '');
    return { brokers, controllerId, errorCode: found.errorCode, topicId, partitions };
  });
}

export const EARLIEST = -2;
export const LATEST = -1;

export interface ListedOffset {
  readonly partition: number;
  readonly errorCode: number;
  readonly offset: number;
}

export function listOffsetsRequest(
  topic: string,
  partitions: readonly number[],
  which: typeof EARLIEST | typeof LATEST,
): KafkaRequest<readonly ListedOffset[]> {
  const NO_REPLICA = -1;
  const READ_UNCOMMITTED = 0;
  const asked = partitions.map((partitionIndex) => ({ partitionIndex, currentLeaderEpoch: -1, timestamp: BigInt(which) }));
  return libraryRequest(listOffsetsV7, [NO_REPLICA, READ_UNCOMMITTED, [{ name: topic, partitions: asked }]], ({ topics }) =>
    topics.flatMap(({ partitions: listed }) =>
      listed.map(({ partitionIndex, errorCode, offset }) => ({ partition: partitionIndex, errorCode, offset: Number(offset) })),
    ),
  );
}

/** Drops what lies before the offset. */
export function deleteRecordsRequest(topic: string, partition: number, before: number, timeoutMs: number): KafkaRequest<number> {
  const topics = [{ name: topic, partitions: [{ partitionIndex: partition, offset: BigInt(before) }] }];
  const codeOf = (reply: deleteRecordsV2.DeleteRecordsResponse): number => {
    const code = reply.topics[0]?.partitions[0]?.errorCode;
    if (code === undefined) throw new Error('the reply to DeleteRecords names no partition');
    return code;
  };
  return libraryRequest(deleteRecordsV2, [topics, timeoutMs], codeOf, timeoutMs);
}

export interface NewTopic {
  readonly name: string;
  readonly partitions: number;
  readonly replication: number;
  readonly config: Readonly<Record<string, string>>;
}

export interface Refusal {
  /** 0: done. */
  readonly errorCode: number;
  readonly message: string | null;
}

/** For the controller; a broker without ZooKeeper passes it on. */
export function createTopicRequest(
  { name, partitions, replication, config }: NewTopic,
  timeoutMs: number,
): KafkaRequest<Refusal> {
  const VALIDATE_ONLY = false;
  const configs = Object.entries(config).map(([setting, value]) => ({ name: setting, value }));
  const topic = { name, numPartitions: partitions, replicationFactor: replication, assignments: [], configs };
  const refusalOf = ({ topics: [outcome] }: createTopicsV7.CreateTopicsResponse): Refusal => {
    if (outcome === undefined) throw new Error('the reply to CreateTopics names no topic');
    return { errorCode: outcome.errorCode, message: outcome.errorMessage ?? null };
  };
  return libraryRequest(createTopicsV7, [[topic], timeoutMs, VALIDATE_ONLY], refusalOf, timeoutMs);
}

export interface TopicConfig extends Refusal {
  readonly settings: ReadonlyMap<string, string>;
}

/** All settings, without synonyms and documentation. */
export function topicConfigRequest(name: string): KafkaRequest<TopicConfig> {
  const TOPIC = 2;
  const resource = { resourceType: TOPIC, resourceName: name, configurationKeys: null } as const;
  return libraryRequest(describeConfigsV4, [[resource], false, false], ({ results: [described] }) => {
    if (described === undefined) throw new Error('the reply to DescribeConfigs names no topic');
    const { errorCode, errorMessage, configs } = described;
    return { errorCode, message: errorMessage ?? null, settings: new Map(configs.map((one) => [one.name, one.value ?? ''])) };
  });
}
