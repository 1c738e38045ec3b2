/**
 * Real faults on the real processes, under load, the log in Kafka on three brokers. After each: every acknowledged event is in the
 * archive, counted once, and the merged answer equals the naive computation over all that was ever acknowledged.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { missingKafka } from '@tributary/testkit/kafka/for-tests';
import { type Broker, type KafkaCluster, startKafka } from '@tributary/testkit/kafka/kafka-cluster';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../e2e/client.ts';
import { leaderOf, withAdmin } from './kafka-rig.ts';
import {
  endOneAfterTheOther,
  killCoordinator,
  killRedis,
  killTwice,
  type Rig,
  readersWhilePublishing,
  sleepAndWake,
  startRig,
} from './processes-rig.ts';

const TOPIC = 'tributary.events';
/** Each broker leads one at least; what is appended, copied and read is by partition, and most of what brokers do here. */
const PARTITIONS = 4;
/** A silent broker loses its partitions after this, ms; Kafka's default is 9 s. */
const SETTINGS = {
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500',
  'replica.lag.time.max.ms': '3000',
};

const missing = await missingKafka('faults of processes on Kafka (test/faults/kafka-processes.kafka.test.ts)', true);

describe.skipIf(missing !== null)('laws 1, 3 and 6 hold on real processes, the log in Kafka', () => {
  let kafka: KafkaCluster;
  let rig: Rig;

  beforeAll(async () => {
    kafka = await startKafka({ brokers: 3, settings: SETTINGS });
    rig = await startRig({
      TRIBUTARY_KAFKA_BROKERS: kafka.bootstrap,
      TRIBUTARY_KAFKA_REPLICATION: '3',
      TRIBUTARY_PARTITIONS: String(PARTITIONS),
      TRIBUTARY_MEMBER_TTL_MS: '1000',
    });
  });

  afterEach(async () => {
    for (const broker of kafka.brokers) {
      broker.resume();
      if (broker.pid === null) await broker.start();
    }
  });

  afterAll(async () => {
    await rig?.stop();
    await kafka?.stop();
  });

  async function leader(partition = 0): Promise<Broker> {
    const id = await leaderOf(kafka.bootstrap, TOPIC, partition);
    return kafka.brokers.find((broker) => broker.id === id) as Broker;
  }

  // Which role it was, should one fail: processes.e2e.test.ts kills each for itself.
  it('fault 1: the speed worker, the archiver, the collector and recompute are killed (kill -9), each twice, the others going on', () =>
    rig.survives(async () => {
      for (const role of ['speed', 'archiver', 'collector', 'recompute'] as const) await killTwice(rig, role);
    }));

  it('fault 2: Redis is killed (kill -9): positions and state are as they were, the log is read on', () =>
    rig.survives(() => killRedis(rig)));

  it('fault 4: a speed worker, then an archiver, sleeps for twice its lease, another takes over, and the zombie wakes', () =>
    rig.survives(async () => {
      for (const role of ['speed', 'archiver'] as const) await sleepAndWake(rig, role, 2_500);
    }));

  it('fault 5: the broker that leads most is paused for ten seconds', () =>
    rig.survives(async () => {
      const broker = await leader();
      await broker.pause();
      await sleep(10_000);
      broker.resume();
    }));

  it('fault 5: Redis stands still for five seconds', () =>
    rig.survives(async () => {
      rig.platform.redis.kill('SIGSTOP');
      await sleep(5_000);
      rig.platform.redis.kill('SIGCONT');
    }));

  it('fault 7: a broker is killed (kill -9) while it is written to; its partitions move, and it comes back', () =>
    rig.survives(async () => {
      const broker = await leader();
      await broker.kill();
      await sleep(3_000);
      await broker.start();
    }));

  it('fault 7: leadership moves in good order', () =>
    rig.survives(async () => {
      const broker = await leader(1);
      await broker.stop();
      await broker.start();
    }));

  it('a rebalance storm: workers join, leave, die and sleep under load', () =>
    rig.survives(async () => {
      for (let round = 0; round < 4; round++) {
        const [first, second] = [rig.another('speed'), rig.another('archiver')];
        await Promise.all([first.ready, second.ready]);
        await sleep(700);
        first.kill(round % 2 === 0 ? 'SIGKILL' : 'SIGTERM');
        second.kill(round % 2 === 0 ? 'SIGTERM' : 'SIGKILL');
      }
    }));

  it('every role is asked to stop (SIGTERM), one after the other', () => rig.survives(() => endOneAfterTheOther(rig)));

  it('fault 15: the coordinator is killed while barriers are on their way', () => rig.survives(() => killCoordinator(rig)));

  it('fault 16: generations are published under readers, and no answer mixes two', () =>
    rig.survives(async () => {
      await until('a generation is served', 30_000, async () => (await rig.client.read('/v1/activity')).meta.generation > 0);
      expect(await readersWhilePublishing(rig, 4)).toBeGreaterThan(100);
    }));

  it('fault 8: the topic is deleted and created again: the roles stop and say why, and answers say that they are incomplete', async () => {
    const before = (await rig.client.read('/v1/activity')).totals.events;
    await withAdmin(kafka.bootstrap, async (admin) => {
      await admin.deleteTopics({ topics: [TOPIC] });
      await until('the topic is gone', 30_000, async () => !(await admin.listTopics()).includes(TOPIC));
      const configEntries = [{ name: 'message.timestamp.type', value: 'LogAppendTime' }];
      const topics = [{ topic: TOPIC, numPartitions: PARTITIONS, replicationFactor: 3, configEntries }];
      await admin.createTopics({ topics, waitForLeaders: false });
    });
    for (const role of ['speed', 'archiver'] as const) {
      await until(`the ${role} has said why it ends`, 60_000, async () =>
        (await readFile(rig.platform.logFile(role), 'utf8')).includes('log_recreated'),
      );
      await until(`the ${role} is not ready`, 30_000, async () => {
        const ready = await fetch(`http://127.0.0.1:${rig.platform.ports[role]}/readyz`).catch(() => null);
        return ready === null || ready.status === 503;
      });
    }
    await until('the collector takes no events for a log without a reader, and says so', 60_000, async () =>
      /no event is taken any more|this platform was built upon/.test(await readFile(rig.platform.logFile('collector'), 'utf8')),
    );
    const { totals } = await rig.client.read('/v1/activity');
    expect(totals.events, 'what was counted stays').toBe(before);
    await until(
      'answers say that they are incomplete',
      30_000,
      async () => !(await rig.client.read('/v1/activity')).meta.complete,
    );
  });
});
