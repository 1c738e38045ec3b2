/** The topic is an ordinary one: another Kafka client writes events to it and reads ours. */

import type { EventLog } from '@tributary/log/port';
import { encodeEvent } from '@tributary/model/event';
import { decodeLine } from '@tributary/model/reading/decode-line';
import { partitionOf } from '@tributary/model/user-key';
import { readAll } from '@tributary/testkit/contracts/log-reading';
import { type KafkaForTests, kafkaForTests, missingKafka } from '@tributary/testkit/kafka/for-tests';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromStart, openLog } from '../faults/kafka-rig.ts';
import { consumeByKcat, produceByKcat, reportMissingKcat } from './kafka-kcat.ts';

const PARTITIONS = 16;
const TS = 1_767_225_600_000;
/** Users of every length modulo 4 (murmur2 works on words of 4 bytes), ASCII and not. */
const USERS = Array.from({ length: 400 }, (_, i) => `${['', 'u', 'ü', 'λ漢', '😀-'][i % 5]}${i}`);

const missing =
  (await missingKafka('another Kafka client (test/conformance/kafka-clients.kafka.test.ts)')) ??
  reportMissingKcat('another Kafka client');

describe.skipIf(missing !== null)('kcat (librdkafka) on the topic of the log', () => {
  let kafka: KafkaForTests;
  let topic: string;
  let log: EventLog;
  beforeAll(async () => {
    kafka = await kafkaForTests();
    topic = `conformance-${process.pid}-${Date.now()}`;
    log = await openLog(kafka.bootstrap, topic, PARTITIONS);
  });
  afterAll(async () => {
    await log.close();
    await kafka.stop();
  });

  it('a plain JSON event keyed by its user lands in the partition of that user and is read as a valid line', async () => {
    const events = USERS.map((userId, i) => ({ type: 'click', userId, ts: TS + i, source: 'kcat', properties: { i } }));
    await produceByKcat(
      kafka.bootstrap,
      topic,
      events.map((event) => [event.userId, JSON.stringify(event)]),
      { partitioner: 'murmur2_random' },
    );
    const written = await consumeByKcat(kafka.bootstrap, topic);
    expect(written).toHaveLength(USERS.length);
    expect(written.filter(({ key, partition }) => partitionOf(key ?? '', PARTITIONS) !== partition)).toEqual([]);

    const entries = await readAll(log, fromStart(PARTITIONS), 1_000);
    const decoded = entries.flatMap(({ partition, body }) =>
      body.split('\n').map((line) => decodeLine(line, partition, PARTITIONS, Date.now())),
    );
    expect(decoded.filter(({ ok }) => !ok)).toEqual([]);
    const seen = new Map(decoded.flatMap((one) => (one.ok ? [[one.userKey, one.event] as const] : [])));
    expect([...seen.keys()].sort()).toEqual([...USERS].sort());
    for (const event of events) expect(seen.get(event.userId)).toMatchObject(event);
    expect(new Set(decoded.map((one) => (one.ok ? one.event.id : ''))).size, 'each got an id of its own').toBe(USERS.length);
  });

  it('every reader makes the same bytes of what kcat wrote', async () => {
    const other = await openLog(kafka.bootstrap, topic, PARTITIONS);
    try {
      const lines = async (one: EventLog, most: number) =>
        (await readAll(one, fromStart(PARTITIONS), most))
          .map(({ partition, body }) => `${partition} ${body}`)
          .join('\n')
          .split('\n')
          .sort();
      const first = (await readAll(log, fromStart(PARTITIONS), 1_000)).flatMap(({ body }) => body.split('\n')).sort();
      expect((await readAll(other, fromStart(PARTITIONS), 7)).flatMap(({ body }) => body.split('\n')).sort()).toEqual(first);
      expect((await lines(other, 1)).length).toBe(first.length);
    } finally {
      await other.close();
    }
  });

  it('what is not an event comes out as one undecodable line, and the partition moves on', async () => {
    const [user] = USERS as [string];
    const partition = partitionOf(user, PARTITIONS);
    const before = (await log.ends())[partition] as string;
    const good = JSON.stringify({ type: 'click', userId: user, ts: TS, source: 'kcat' });
    const foul = ['not json', '{"type":"click"}', '[1,2]', '{"__proto__":{"a":1},"type":"click"}', '""'];
    await produceByKcat(
      kafka.bootstrap,
      topic,
      [...foul, good].map((value) => [user, value] as const),
      { partitioner: 'murmur2_random' },
    );
    const entries = await readAll(log, new Map([[partition, before]]), 100);
    const fates = entries.flatMap(({ body }) =>
      body.split('\n').map((line) => decodeLine(line, partition, PARTITIONS, Date.now()).ok),
    );
    expect(fates).toEqual([...foul.map(() => false), true]);
  });

  it("librdkafka's own default partitioner is another one: such an event is recognised, not counted for the wrong user", async () => {
    const strays = USERS.map((userId) => JSON.stringify({ type: 'stray', userId, ts: TS, source: 'kcat' }));
    const ends = await log.ends();
    await produceByKcat(
      kafka.bootstrap,
      topic,
      strays.map((value, i) => [USERS[i] as string, value] as const),
    );
    const entries = await readAll(log, new Map(ends.entries()), 1_000);
    const fates = entries.flatMap(({ partition, body }) =>
      body.split('\n').map((line) => decodeLine(line, partition, PARTITIONS, Date.now())),
    );
    expect(fates).toHaveLength(USERS.length);
    const parked = fates.filter(({ ok }) => !ok);
    expect(parked.length).toBeGreaterThan(USERS.length / 2);
    for (const one of parked) expect(one).toMatchObject({ message: expect.stringContaining('must lie in partition') });
  });

  it('kcat reads what the log wrote: the user as key, the line as value, CloudEvents in the headers', async () => {
    const ours = USERS.slice(0, 40).map((userId, i) => ({
      partition: partitionOf(userId, PARTITIONS),
      userId,
      id: `ours-${i}`,
      line: encodeEvent({
        ts: TS + i,
        type: 'purchase',
        id: `ours-${i}`,
        userId,
        receivedAt: TS + i,
        source: 'shop',
        value: 100,
      }),
    }));
    for (const { partition, line } of ours) await log.append(partition, { kind: 'events', body: line });
    await log.append(3, { kind: 'barrier', body: '{"generation":1}' });
    const written = await consumeByKcat(kafka.bootstrap, topic);
    for (const { partition, userId, id, line } of ours) {
      const found = written.filter(({ headers }) => headers['ce_id'] === id);
      expect(found).toHaveLength(1);
      expect(found[0]).toMatchObject({
        partition,
        key: userId,
        value: line,
        headers: { ce_specversion: '1.0', ce_type: 'purchase', ce_source: 'shop', ce_id: id, 'content-type': 'application/json' },
      });
      expect(Date.parse(found[0]?.headers['ce_time'] ?? '')).toBe((JSON.parse(line) as { ts: number }).ts);
    }
    const barriers = written.filter(({ headers }) => headers['ce_type'] === 'tributary.barrier');
    expect(barriers.map(({ partition, key, value }) => [partition, key, value])).toEqual([[3, null, '{"generation":1}']]);
  });
});
