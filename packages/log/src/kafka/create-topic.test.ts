import { describeConfigsV4, metadataV12 } from '@platformatic/kafka';
import { onePartition } from '@tributary/testkit/kafka/one-partition';
import { expect, it } from 'vitest';
import { type CreateTopicOptions, createTopic } from './create-topic.ts';
import { TOPIC_SETTINGS } from './kafka-log.ts';

const AUTHORIZATION_FAILED = 29;

/** A topic that is there, whose settings the broker does not report. */
function open(durability: CreateTopicOptions['durability']) {
  const address = { host: 'localhost', port: 9092 };
  const metadata = {
    brokers: [{ nodeId: 1, ...address }],
    controllerId: 1,
    errorCode: 0,
    topicId: '07'.repeat(16),
    partitions: [{ partition: 0, leader: 1, replicas: 1 }],
  };
  const { connections } = onePartition(async ({ apiKey }) => {
    if (apiKey === metadataV12.api.key) return metadata;
    if (apiKey === describeConfigsV4.api.key)
      return { errorCode: AUTHORIZATION_FAILED, message: 'not yours', settings: new Map() };
    throw new Error(`asked for ${apiKey}`);
  });
  const topic = { name: 't', partitions: 1, connections, bootstrap: [address] };
  return createTopic({ ...topic, settings: TOPIC_SETTINGS, durability, mustExist: true });
}

it('law 6: settings that the broker refuses to report are not taken for fine, unless the operator vouches for them', async () => {
  await expect(open('checked')).rejects.toMatchObject({
    code: 'not_durable',
    message: expect.stringContaining('(got error 29: not yours)'),
  });
  expect(await open('managed')).toMatchObject({ isNew: false, maxMessageBytes: 1_048_588 });
});
