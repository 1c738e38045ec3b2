import { partitionOf } from '@tributary/model/user-key';
import { createRandom } from '@tributary/testkit/inputs/random';
import kafkajs from 'kafkajs';
import { describe, expect, it } from 'vitest';

const PARTITIONS = [1, 2, 3, 7, 16, 100];
const LETTERS = [...'abzAZ019-_ .:|@/"\\äß€日本語🧭👩🏽‍💻\u0000\u007f\u00ff\uffff'];

describe('a user lands where any Kafka producer sends them', () => {
  // Its default is the Java client's: murmur2 of the key, sign bit cleared.
  const kafkaPartitionOf = kafkajs.Partitioners.DefaultPartitioner();

  it.each(PARTITIONS)('the model agrees with the client of Kafka over %d partitions', (partitions) => {
    const random = createRandom(partitions);
    const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
      partitionErrorCode: 0,
      partitionId,
      leader: 1,
      replicas: [1],
      isr: [1],
    }));
    for (let i = 0; i < 5_000; i++) {
      const length = i < 4_990 ? random.below(40) : 2_000;
      const key = Array.from({ length }, () => random.pick(LETTERS)).join('');
      const theirs = kafkaPartitionOf({ topic: 't', partitionMetadata, message: { key: Buffer.from(key), value: null } });
      expect(`${key} in ${partitionOf(key, partitions)}`).toBe(`${key} in ${theirs}`);
    }
  });
});
