/** Fault 8: what an operator or a lost disk does to the topic is a named error, never a silent reset. */
import { closeSync, ftruncateSync, openSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { EventLog, Position } from '@tributary/log/port';
import { eventually, readAll } from '@tributary/testkit/contracts/log-reading';
import { missingKafka } from '@tributary/testkit/kafka/for-tests';
import { type KafkaCluster, startKafka } from '@tributary/testkit/kafka/kafka-cluster';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openLedger, openLog, positionOf, withAdmin } from './kafka-rig.ts';

const PARTITIONS = 2;
const NOW = { maxEntries: 100, waitMs: 0 };

const missing = await missingKafka('faults of topics (test/faults/kafka-topic.kafka.test.ts)', true);

describe.skipIf(missing !== null)('fault 8: the topic changes behind the back of its readers', () => {
  let kafka: KafkaCluster;
  let topics = 0;
  const opened: EventLog[] = [];
  beforeAll(async () => {
    kafka = await startKafka();
  });
  afterAll(() => kafka.stop());
  afterEach(async () => {
    for (const log of opened.splice(0)) await log.close();
  });

  async function open(topic: string, partitions = PARTITIONS): Promise<EventLog> {
    const log = await openLog(kafka.bootstrap, topic, partitions);
    opened.push(log);
    return log;
  }

  /** A topic with ten entries in each partition; `positions` are those of partition 0. */
  async function filled(): Promise<{ topic: string; log: EventLog; positions: Position[] }> {
    const topic = `topic-${++topics}`;
    const log = await open(topic);
    const ledger = openLedger(PARTITIONS);
    const positions: Position[] = [];
    for (let i = 0; i < 10; i++) {
      positions.push(positionOf(await ledger.append(log, 0, 0)));
      await ledger.append(log, 0, 1);
    }
    return { topic, log, positions };
  }

  const deleted = (topic: string) => withAdmin(kafka.bootstrap, (admin) => admin.deleteTopics({ topics: [topic] }));
  const created = (topic: string, numPartitions = PARTITIONS) =>
    eventually(() =>
      withAdmin(kafka.bootstrap, async (admin) => {
        const configEntries = [{ name: 'message.timestamp.type', value: 'LogAppendTime' }];
        const wanted = [{ topic, numPartitions, replicationFactor: 1, configEntries }];
        // The client's own wait fails where a broker does not know its new topic yet.
        if (!(await admin.createTopics({ topics: wanted, waitForLeaders: false }))) throw new Error('still there');
      }),
    ).then(() => eventually(() => withAdmin(kafka.bootstrap, (admin) => admin.fetchTopicOffsets(topic))));
  const code = (named: string) => expect.objectContaining({ code: named });
  /** A handle looks again at what its topic is every half minute. */
  const soon = { timeout: 45_000 };

  it('a deleted topic is log_recreated for readers and appenders, and is not created again by them', async () => {
    const { topic, log, positions } = await filled();
    await deleted(topic);
    await expect
      .poll(() => log.read(new Map([[0, positions[3] as string]]), NOW).catch((error) => error), soon)
      .toEqual(code('log_recreated'));
    await expect
      .poll(() => log.append(0, { kind: 'events', body: 'a' }).catch((error) => error), soon)
      .toEqual(code('log_recreated'));
    const left = await withAdmin(kafka.bootstrap, (admin) => admin.listTopics());
    expect(left).not.toContain(topic);
  });

  it('a topic deleted and created again is another log: the handles say so, a new handle has another identity', async () => {
    const { topic, log, positions } = await filled();
    await deleted(topic);
    await created(topic);
    await expect
      .poll(() => log.read(new Map([[0, positions[3] as string]]), NOW).catch((error) => error), soon)
      .toEqual(code('log_recreated'));
    await expect
      .poll(() => log.append(0, { kind: 'events', body: 'a' }).catch((error) => error), soon)
      .toEqual(code('log_recreated'));
    const again = await open(topic);
    expect(again.identity).not.toBe(log.identity);
    await expect(again.read(new Map([[0, positions[3] as string]]), NOW)).rejects.toEqual(code('log_recreated'));
  });

  it('a topic created again and filled past the old position: the old handle never reads the new one', async () => {
    const { topic, log, positions } = await filled();
    await deleted(topic);
    await created(topic);
    const other = await open(topic);
    const ledger = openLedger(PARTITIONS);
    for (let i = 0; i < 30; i++) await ledger.append(other, 1, 0);
    const answer = await expectNoEntries(() => log.read(new Map([[0, positions[9] as string]]), NOW));
    expect(answer).toBe('log_recreated');
  });

  it('records deleted below a reader are position_expired; a reader at the edge and one from the start go on', async () => {
    const { topic, log, positions } = await filled();
    const [third, sixth] = [positions[2] as string, positions[5] as string];
    await withAdmin(kafka.bootstrap, async (admin) => {
      // Makes the admin client know the topic: deleteTopicRecords alone does not (kafkajs 2.2.4).
      await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(BigInt(offsetIn(sixth)) + 1n) }] });
    });
    await expect(log.read(new Map([[0, third]]), NOW)).rejects.toEqual(code('position_expired'));
    await expect((await open(topic)).read(new Map([[0, third]]), NOW)).rejects.toEqual(code('position_expired'));
    const [atEdge, fromOldest] = [new Map([[0, sixth]]), new Map([[0, null]])];
    expect(linesOf(await readAll(log, atEdge, 100))).toHaveLength(4);
    expect(linesOf(await readAll(log, fromOldest, 100))).toHaveLength(4);
    expect(linesOf(await readAll(log, new Map([[1, null]]), 100)), 'the other partition is whole').toHaveLength(10);
  });

  it('added partitions are partition_mismatch, for open handles and for those that open it', async () => {
    const { topic, log, positions } = await filled();
    await withAdmin(kafka.bootstrap, (admin) => admin.createPartitions({ topicPartitions: [{ topic, count: PARTITIONS + 1 }] }));
    const opening = () =>
      openLog(kafka.bootstrap, topic, PARTITIONS)
        .then(closeAndFail)
        .catch((error) => error);
    await expect.poll(opening, soon).toEqual(code('partition_mismatch'));
    await expect
      .poll(() => log.append(0, { kind: 'events', body: 'a' }).catch((error) => error), soon)
      .toEqual(code('partition_mismatch'));
    await expect
      .poll(() => log.read(new Map([[0, positions[9] as string]]), NOW).catch((error) => error), soon)
      .toEqual(code('partition_mismatch'));
  });

  it('a partition that lost its tail with its disk is an error for a reader who was further', async () => {
    const { topic, log, positions } = await filled();
    const [broker] = kafka.brokers;
    await broker?.kill();
    truncateHalf(join(dirname(broker?.logFile ?? ''), `${topic}-0`));
    await broker?.start();
    const read = () => log.read(new Map([[0, positions[9] as string]]), NOW);
    expect(await expectNoEntries(() => read())).toBe('log_recreated');
    const left = await eventually(() => readAll(log, new Map([[0, null]]), 100));
    expect(linesOf(left).length).toBeLessThan(10);
  });
});

/** Reads until an error other than `log_unavailable` says what happened; entries would be a silent reset. */
async function expectNoEntries(read: () => Promise<readonly unknown[]>): Promise<string> {
  const limitMs = performance.now() + 20_000;
  while (performance.now() < limitMs) {
    const outcome = await read().then(
      (entries) => {
        expect(entries, 'entries of another log').toEqual([]);
        return 'nothing';
      },
      (error: { code?: string }) => error.code ?? String(error),
    );
    if (outcome !== 'nothing' && outcome !== 'log_unavailable') return outcome;
  }
  return 'nothing for 20 s';
}

const linesOf = (entries: readonly { readonly body: string }[]): string[] => entries.flatMap(({ body }) => body.split('\n'));
/** Positions are opaque to readers; this test plays the operator, who counts in offsets. */
const offsetIn = (position: Position): string => /\d+/.exec(position)?.[0] ?? '';

async function closeAndFail(log: EventLog): Promise<never> {
  await log.close();
  throw Object.assign(new Error('it opened'), { code: 'opened' });
}

function truncateHalf(folder: string): void {
  const segment = readdirSync(folder).find((name) => name.endsWith('.log'));
  const file = join(folder, segment ?? '');
  const descriptor = openSync(file, 'r+');
  ftruncateSync(descriptor, Math.floor(statSync(file).size / 2));
  closeSync(descriptor);
}
