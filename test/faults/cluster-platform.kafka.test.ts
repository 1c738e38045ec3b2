/** The whole platform on many machines' parts: the log in Kafka, the store and the queue on a Redis Cluster. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type KafkaForTests, kafkaForTests, missingKafka } from '@tributary/testkit/kafka/for-tests';
import { type ClusterNode, type RedisCluster, startRedisCluster } from '@tributary/testkit/servers/redis-cluster';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killTwice, type Rig, startRig } from './processes-rig.ts';

const missing = await missingKafka('the platform on Kafka and Redis Cluster (test/faults/cluster-platform.kafka.test.ts)');
const PARTITION = 2;
const KEY = `tributary:{${PARTITION}}:state`;

describe.skipIf(missing !== null)('laws 1, 3 and 6 with Kafka and a Redis Cluster', () => {
  let kafka: KafkaForTests;
  let cluster: RedisCluster;
  let rig: Rig;

  beforeAll(async () => {
    [kafka, cluster] = await Promise.all([kafkaForTests(), startRedisCluster({ replicasPerMaster: 1 })]);
    rig = await startRig({
      TRIBUTARY_REDIS_URL: cluster.url,
      TRIBUTARY_KAFKA_BROKERS: kafka.bootstrap,
      TRIBUTARY_KAFKA_TOPIC_PREFIX: `cluster-${process.pid}-${Date.now()}`,
      TRIBUTARY_PARTITIONS: '8',
      TRIBUTARY_MEMBER_TTL_MS: '2000',
    });
  });
  afterAll(async () => {
    await rig?.stop();
    await cluster?.stop();
    await kafka?.stop();
  });

  it('when nothing fails', () => rig.survives(() => sleep(500)));

  it('when the speed worker is killed (kill -9)', () => rig.survives(() => killTwice(rig, 'speed')));

  it('fault 3: a master dies, and the replica that takes over lacks its newest commits', () =>
    rig.survives(async () => {
      const master = await cluster.masterOf(KEY);
      const replica = cluster.nodes.find(({ copies }) => copies !== null && cluster.nodes[copies] === master) as ClusterNode;
      // It gets nothing more: what is committed from here on is lost with the master.
      await replica.admin.config('SET', 'masterauth', 'none that the master knows');
      await master.admin.call('CLIENT', 'KILL', 'TYPE', 'replica');
      await sleep(1_000);
      const [kept, lost] = [await positionOn(replica), await positionOn(master)];
      expect(kept < lost, `the replica at ${kept} lacks commits of the master at ${lost}`).toBe(true);
      await master.server.kill();
      await expect.poll(async () => (await cluster.masterOf(KEY)).id).toBe(replica.id);
      await replica.admin.config('SET', 'masterauth', '');
      await master.server.restart();
    }));
});

async function positionOn({ admin }: ClusterNode): Promise<string> {
  await admin.readonly().catch(() => {});
  return String(await admin.hget(KEY, 'position'));
}
