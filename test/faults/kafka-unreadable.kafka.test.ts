/** A producer with access to the topic writes batches that cannot be read, or few bytes that become many; a disk flips a bit. */
import { closeSync, openSync, readdirSync, readSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { openDuckDb } from '@tributary/archive/duckdb';
import { readSegments } from '@tributary/archive/segments';
import { createArchiver, DEFAULT_LIMITS } from '@tributary/archiver/pipeline';
import { createConnections } from '@tributary/log/kafka/connections';
import { crc32c } from '@tributary/log/kafka/crc32c';
import { BATCH_HEADER, encodeBatch, type OutgoingMessage } from '@tributary/log/kafka/record-batch';
import { produceRequest } from '@tributary/log/kafka/requests';
import type { EventLog, LogEntry, Position } from '@tributary/log/port';
import { encodeEvent } from '@tributary/model/event';
import { eventually, readAll } from '@tributary/testkit/contracts/log-reading';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { missingKafka } from '@tributary/testkit/kafka/for-tests';
import { type KafkaCluster, startKafka } from '@tributary/testkit/kafka/kafka-cluster';
import { createMemoryArchiveClaims } from '@tributary/testkit/memory/memory-archive-claims';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import kafkajs from 'kafkajs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createSpeedWorker } from '../../services/speed/src/pipeline.ts';
import { fromStart, openLog, usersByPartition, withAdmin } from './kafka-rig.ts';

const PARTITIONS = 2;
const NOW = { maxEntries: 1_000_000, waitMs: 0 };
const MIB = 1024 * 1024;
const USERS = usersByPartition(PARTITIONS);
const definitions = definitionsOf(SMALL_DEFINITIONS);

const missing = await missingKafka('batches that cannot be read (test/faults/kafka-unreadable.kafka.test.ts)', true);

describe.skipIf(missing !== null)('what lies in the topic cannot be read, or is far larger than it looks', () => {
  let kafka: KafkaCluster;
  let topic: string;
  let log: EventLog;
  let topics = 0;
  beforeAll(async () => {
    kafka = await startKafka();
  });
  afterAll(() => kafka?.stop());
  afterEach(() => log.close());

  async function open(): Promise<void> {
    topic = `unreadable-${++topics}`;
    log = await openLog(kafka.bootstrap, topic, PARTITIONS);
  }

  const append = (partition: number, id: string) => {
    const ts = Date.now();
    const line = encodeEvent({ ts, type: 'click', id, userId: USERS[partition] as string, receivedAt: ts, source: 'test' });
    return log.append(partition, { kind: 'events', body: line });
  };

  /** As a producer that compresses does. Returns the bytes on the wire. */
  async function produce(partition: number, messages: readonly OutgoingMessage[], times = 1): Promise<number> {
    const plain = encodeBatch(messages, Date.now());
    const batch = Buffer.concat([plain.subarray(0, BATCH_HEADER), zstdCompressSync(plain.subarray(BATCH_HEADER))]);
    batch.writeInt32BE(batch.length - 12, 8);
    batch.writeInt16BE(4, 21);
    batch.writeUInt32BE(crc32c(batch, 21), 17);
    const [host = '', port] = kafka.bootstrap.split(':');
    const connections = createConnections({ brokers: [kafka.bootstrap], clientId: 'producer' });
    try {
      const connection = await connections.to({ host, port: Number(port) });
      for (let i = 0; i < times; i++) {
        const [reply] = await connection.send(produceRequest(topic, log.identity, new Map([[partition, batch]]), 30_000));
        expect(reply).toMatchObject({ errorCode: 0 });
      }
      return batch.length * times;
    } finally {
      connections.closeAll();
    }
  }

  const value = (text: string | Buffer): OutgoingMessage => ({ key: null, value: Buffer.from(text), headers: [] });
  const poison = () => [value(Buffer.alloc(65 * MIB, 0x20))];

  it('law 7: a batch beyond the bound is a dead letter in both layers; its partition and the others go on', async () => {
    await open();
    for (const partition of [0, 1]) await log.append(partition, barrier(1));
    await append(0, 'before');
    expect(await produce(0, poison())).toBeLessThan(4_000);
    await append(0, 'after');
    await append(1, 'elsewhere');
    for (const partition of [0, 1]) await log.append(partition, barrier(2));
    const ends = await log.ends();

    const store = createMemoryStore({ partitions: PARTITIONS });
    const resets: unknown[] = [];
    let commits = 0;
    const worker = createSpeedWorker({
      log,
      store: store.speed(),
      definitions,
      partitions: [0, 1],
      sha256Hex,
      digestOf: sha256Hex,
      commitId: () => `${++commits}`,
      limits: { waitMs: 0 },
      onReset: (_, why) => resets.push(why),
    });
    for (let round = 0; round < 8; round++) await worker.runOnce();
    await worker.settle();
    expect(resets).toEqual([]);
    for (const partition of [0, 1])
      expect(await store.speed().loadState(partition)).toMatchObject({ generation: 2, position: ends[partition] });
    expect((await store.serving().deadLetters.page(10)).letters).toMatchObject([
      { code: 'undecodable_record', message: expect.stringContaining('it unpacks to more than 16777216 bytes') },
    ]);

    const dataDir = await mkdtemp(join(tmpdir(), 'tributary-unreadable-'));
    try {
      const archiver = createArchiver({
        log,
        dataDir,
        claims: createMemoryArchiveClaims(),
        writer: 'a1',
        openSession: () => openDuckDb({ memoryLimit: '256MB', threads: 1, tempDir: join(dataDir, 'duckdb') }),
        limits: { ...DEFAULT_LIMITS, waitMs: 0, gatherMs: 0 },
        now: Date.now,
        speedPosition: async () => null,
      });
      for (let round = 0; round < 6; round++) await archiver.turn();
      const sealed = await Promise.all([0, 1].map(async (partition) => (await readSegments(dataDir, partition)).at(-1)));
      expect(sealed).toMatchObject([
        { seals: 2, upTo: ends[0], rows: 2, deadRows: 1 },
        { seals: 2, upTo: ends[1], rows: 1, deadRows: 0 },
      ]);
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
    // How long it has waited is still known.
    const [first] = await log.read(new Map([[0, null]]), { maxEntries: 1, waitMs: 0 });
    expect((await log.ageAfter(new Map([[0, first?.position as Position]]))).get(0)).toBeGreaterThanOrEqual(0);
  });

  it('laws 1 and 3: few bytes that become many are read in pieces, each message once, from wherever a reader resumes', async () => {
    await open();
    const event = { type: 'x', userId: USERS[0] as string, properties: { x: 'a'.repeat(30_000) } };
    const messages = Array.from({ length: 500 }, () => ({ ...value(JSON.stringify(event)), key: Buffer.from(event.userId) }));
    expect(await produce(0, messages, 3)).toBeLessThan(MIB);
    expect(
      await produce(
        1,
        Array.from({ length: 60_000 }, () => value('')),
      ),
    ).toBeLessThan(MIB);
    const pieces = new Map<number, LogEntry[]>([0, 1].map((partition) => [partition, []]));
    const positions = new Map<number, Position | null>(fromStart(PARTITIONS));
    for (;;) {
      const entries = await log.read(positions, NOW);
      if (entries.length === 0) break;
      for (const [partition, own] of Map.groupBy(entries, (entry) => entry.partition)) {
        expect(own.reduce((sum, { body }) => sum + body.length, 0)).toBeLessThan(4.5 * MIB);
        positions.set(partition, own.at(-1)?.position as Position);
        pieces.get(partition)?.push(...own);
      }
    }
    for (const [partition, count] of [1_500, 60_000].entries()) {
      const entries = pieces.get(partition) as LogEntry[];
      const found = [...bodyOf(entries).matchAll(/"(?:id|at)":"[^"]*-(\d+)"/g)].map(([, offset]) => Number(offset));
      expect(found.length).toBe(count);
      expect(found.findIndex((offset, i) => offset !== i)).toBe(-1);
      const middle = entries[Math.floor(entries.length / 2)] as LogEntry;
      const [next] = await log.read(new Map([[partition, middle.position]]), { maxEntries: 1, waitMs: 0 });
      expect(next?.body).toMatch(new RegExp(`-${Number(middle.position) + 1}"`));
    }
  });

  it('law 6: an append that no reader would unpack is refused, however large the batches are that the topic takes', async () => {
    await open();
    await log.close();
    await withAdmin(kafka.bootstrap, (admin) =>
      admin.alterConfigs({
        validateOnly: false,
        resources: [
          {
            type: kafkajs.ConfigResourceTypes.TOPIC,
            name: topic,
            configEntries: [...SETTINGS, ['max.message.bytes', `${64 * MIB}`], ['compression.type', 'zstd']].map(
              ([name = '', text = '']) => ({ name, value: text }),
            ),
          },
        ],
      }),
    );
    await eventually(async () => {
      log = await openLog(kafka.bootstrap, topic, PARTITIONS);
      const appending = log.append(0, { kind: 'events', body: 'x'.repeat(16 * MIB) });
      await expect(appending).rejects.toMatchObject({
        code: 'body_too_large',
        message: expect.stringContaining('must have at most 16777216 bytes'),
      });
    });
    const body = 'x'.repeat(16 * MIB - 1024);
    await log.append(0, { kind: 'events', body });
    expect((await log.read(fromStart(PARTITIONS), NOW)).map((entry) => entry.body === body)).toEqual([true]);
  });

  it('law 7: a partition whose bytes are damaged on the disk is log_unavailable, and holds up no other', async () => {
    await open();
    for (const id of ['a', 'b', 'c']) await append(0, id);
    flipByte(join(dirname(kafka.brokers[0]?.logFile ?? ''), `${topic}-0`), '"id":"b"');
    const start = fromStart(PARTITIONS);
    const ids = (entries: readonly LogEntry[]) => [...bodyOf(entries).matchAll(/"id":"(\w+)"/g)].map(([, id]) => id);
    const [before] = await log.read(new Map([[0, null]]), NOW);
    expect(ids([before as LogEntry])).toEqual(['a']);
    const both = new Map(start).set(0, before?.position as never);
    const failing = { code: 'log_unavailable', message: expect.stringContaining('partition 0 cannot be read from offset 1 on') };
    for (const waitMs of [0, 200]) await expect(log.read(both, { ...NOW, waitMs })).rejects.toMatchObject(failing);
    const positions = new Map<number, Position | null>(both);
    for (const id of ['d', 'e']) {
      await append(1, id);
      const entries = await log.read(positions, NOW);
      expect(ids(entries)).toEqual([id]);
      positions.set(1, entries[0]?.position as Position);
    }
    expect(ids(await eventually(() => readAll(log, new Map([[1, null]]), 10)))).toEqual(['d', 'e']);
  });
});

/** What the log demands of its topic. */
const SETTINGS = [
  ['message.timestamp.type', 'LogAppendTime'],
  ['unclean.leader.election.enable', 'false'],
];

const barrier = (generation: number) => ({
  kind: 'barrier' as const,
  body: JSON.stringify({ generation, definitions: definitions.json }),
});

const bodyOf = (entries: readonly LogEntry[]): string => entries.map(({ body }) => body).join('\n');

/** As a disk does that lost what it held. */
function flipByte(folder: string, text: string): void {
  const segment = readdirSync(folder).find((name) => name.endsWith('.log')) ?? '';
  const file = openSync(join(folder, segment), 'r+');
  const bytes = Buffer.alloc(64 * 1024);
  const found = bytes.subarray(0, readSync(file, bytes, 0, bytes.length, 0)).indexOf(text);
  expect(found).toBeGreaterThan(0);
  writeSync(file, Buffer.from('X'), 0, 1, found);
  closeSync(file);
}
