/** Making a topic and reading its settings. */
import { byteWriter } from './bytes.ts';
import type { KafkaRequest } from './connection.ts';

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
  return {
    apiKey: 19,
    name: 'CreateTopics',
    versions: { min: 5, max: 7 },
    waitMs: timeoutMs,
    body() {
      const to = byteWriter();
      to.list([name], (topic) => {
        to.text(topic).int32(partitions).int16(replication);
        to.list([], () => {});
        to.list(Object.entries(config), ([setting, value]) => to.text(setting).text(value).noTags()).noTags();
      });
      const VALIDATE_ONLY = 0;
      return to.int32(timeoutMs).int8(VALIDATE_ONLY).noTags().done();
    },
    read(reply, version) {
      reply.int32();
      const [outcome] = reply.list(() => {
        reply.text();
        if (version >= 7) reply.uuid();
        const refusal = { errorCode: reply.int16(), message: reply.text() };
        reply.int32();
        reply.int16();
        reply.list(() => {
          reply.text();
          reply.text();
          for (const _ of ['read only', 'source', 'sensitive']) reply.int8();
          reply.skipTags();
        });
        reply.skipTags();
        return refusal;
      });
      if (outcome === undefined) throw new Error('the reply to CreateTopics names no topic');
      return outcome;
    },
  };
}

export interface TopicConfig extends Refusal {
  readonly settings: ReadonlyMap<string, string>;
}

export function topicConfigRequest(name: string): KafkaRequest<TopicConfig> {
  const TOPIC = 2;
  return {
    apiKey: 32,
    name: 'DescribeConfigs',
    versions: { min: 4, max: 4 },
    body() {
      const to = byteWriter();
      // Of the settings all; no synonyms, no documentation.
      to.list([name], (topic) => to.int8(TOPIC).text(topic).int8(0).noTags());
      return to.int8(0).int8(0).noTags().done();
    },
    read(reply) {
      reply.int32();
      const [described] = reply.list(() => {
        const refusal = { errorCode: reply.int16(), message: reply.text() };
        reply.int8();
        reply.text();
        const settings = reply.list(() => {
          const setting = [reply.text() ?? '', reply.text() ?? ''] as const;
          for (const _ of ['read only', 'source', 'sensitive']) reply.int8();
          reply.list(() => {
            reply.text();
            reply.text();
            reply.int8();
            reply.skipTags();
          });
          reply.int8();
          reply.text();
          reply.skipTags();
          return setting;
        });
        reply.skipTags();
        return { ...refusal, settings: new Map(settings) };
      });
      if (described === undefined) throw new Error('the reply to DescribeConfigs names no topic');
      return described;
    },
  };
}
