/** Where a segment ends: both layers must cut at the same entry. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DEFAULT_LIMITS } from '@tributary/archiver/pipeline';
import { encodeEvent } from '@tributary/model/event';
import { createMemoryLog, recreateMemoryDisk } from '@tributary/testkit/memory/memory-log';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { archivedRows, createRig, placesInArchive, placesInLog, type Rig, someEvents } from './archiver-rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await createRig();
});
afterEach(() => rig.close());

const seals = async (partition: number) => (await rig.segments(partition)).map((segment) => segment.seals);

test('law 1: the first barrier of a newer generation ends a segment; repeated and older ones mean nothing, their range is covered', async () => {
  const archiver = await rig.start();
  await rig.append(someEvents(9));
  await rig.barrier(2);
  await rig.append(someEvents(9, 9));
  await rig.barrier(2); // repeated
  await rig.barrier(1); // older
  await rig.append(someEvents(9, 18));
  await rig.barrier(3);
  for (let i = 0; i < 4; i++) await archiver.turn();
  for (let partition = 0; partition < rig.partitions; partition++) {
    expect(await seals(partition)).toEqual([2, 3]);
    const ends = await rig.log.ends();
    expect((await rig.segments(partition)).at(-1)?.upTo).toBe(ends[partition]);
  }
  expect(await placesInArchive(rig)).toEqual(await placesInLog(rig));
});

test('law 1: the rule about older barriers survives a restart', async () => {
  const first = await rig.start();
  await rig.barrier(5);
  await first.turn();
  const second = await rig.start();
  await rig.append(someEvents(6));
  await rig.barrier(5);
  await rig.barrier(4);
  await rig.barrier(6);
  await second.turn();
  expect(await seals(0)).toEqual([5, 6]);
  expect(await placesInArchive(rig)).toEqual(await placesInLog(rig));
});

test('law 1: an event after the barrier is not in its segment, one before it is', async () => {
  await rig.close();
  rig = await createRig(1);
  const [before, after] = someEvents(2);
  const archiver = await rig.start();
  if (before === undefined || after === undefined) throw new Error('two events');
  await rig.append([before]);
  await rig.barrier(1);
  await rig.append([after]);
  await archiver.turn();
  const rows = await archivedRows(rig);
  expect(rows.map((row) => row['id'])).toEqual([before.id]);
});

test('law 7: an empty range still seals its partition', async () => {
  const archiver = await rig.start();
  await rig.barrier(1);
  await archiver.turn();
  for (let partition = 0; partition < rig.partitions; partition++) {
    const [segment] = await rig.segments(partition);
    expect(segment).toMatchObject({ number: 0, seals: 1, rows: 0, deadRows: 0, files: [], dead: null });
  }
});

test('a barrier on some partitions only seals those; the others go on, and a newer one seals all', async () => {
  const archiver = await rig.start();
  await rig.append(someEvents(30));
  await rig.barrier(1, [1]);
  await archiver.turn();
  expect([await seals(0), await seals(1), await seals(2)]).toEqual([[], [1], []]);
  await rig.append(someEvents(30, 30));
  await rig.barrier(2);
  await archiver.turn();
  expect([await seals(0), await seals(1), await seals(2)]).toEqual([[2], [1, 2], [2]]);
  expect(await placesInArchive(rig)).toEqual(await placesInLog(rig));
});

test('bounded: spools close without a barrier at their rows and at their age, ranges contiguous', async () => {
  const limits = { ...DEFAULT_LIMITS, waitMs: 0, gatherMs: 0, spoolRows: 20, maxEntries: 4 };
  const archiver = await rig.start({ limits });
  await rig.append(someEvents(90));
  for (let i = 0; i < 12; i++) {
    await archiver.turn();
    expect(archiver.spools().reduce((sum, spool) => sum + spool.rows, 0)).toBeLessThan(20);
  }
  expect(await seals(0)).toContain(null);
  const archivedByRows = (await placesInArchive(rig)).length;
  expect(archivedByRows).toBeGreaterThan(60);

  rig.nowMs += limits.maxAgeMs - 1;
  await archiver.turn();
  expect(await placesInArchive(rig)).toHaveLength(archivedByRows);
  rig.nowMs += 1;
  await archiver.turn();
  expect(await placesInArchive(rig)).toEqual(await placesInLog(rig));
});

test('law 6: records that are not events are kept raw with the reason, and the partition moves on', async () => {
  await rig.close();
  rig = await createRig(1);
  const archiver = await rig.start();
  const [good] = someEvents(1);
  if (good === undefined) throw new Error('one event');
  const raws = [
    '{"ts":1,"type":"x"',
    '{"ts":"tomorrow","type":"x","id":"1"}',
    '',
    'null',
    '\ud800 lone',
    '{"ts":1e999,"__proto__":{}}',
  ];
  await rig.log.append(0, { kind: 'events', body: [...raws, encodeEvent(good)].join('\n') });
  await rig.log.append(0, { kind: 'barrier', body: '{"generation":"seven"}' });
  await rig.log.append(0, { kind: 'heartbeat', body: '{"receivedAt":1}' });
  await rig.barrier(1);
  await archiver.turn();
  const [segment] = await rig.segments(0);
  expect(segment).toMatchObject({ rows: 1, deadRows: raws.length + 1, seals: 1 });
  const text = await readFile(join(rig.dataDir, segment?.dead?.path ?? ''), 'utf8');
  const dead = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { raw: string; entryIndex: number; code: string; message: string });
  expect(dead.map((record) => record.raw)).toEqual([...raws, '{"generation":"seven"}']);
  expect(dead.every((record) => record.message.length > 10 && record.code.length > 0)).toBe(true);
  expect((await archivedRows(rig)).map((row) => row['entry_index'])).toEqual([raws.length]);
});

test('the log is trimmed by the smaller of both positions, and never without the speed layer', async () => {
  await rig.close();
  rig = await createRig(1);
  const archiver = await rig.start();
  await rig.append(someEvents(9));
  await rig.barrier(1);
  await archiver.turn();
  expect(await placesInLog(rig)).toHaveLength(9);
  const first = (await rig.log.read(new Map([[0, null]]), { maxEntries: 1, waitMs: 0 }))[0]?.position ?? '';
  rig.speedPosition = first;
  rig.nowMs += 5_000;
  await archiver.turn();
  expect(await placesInLog(rig)).toHaveLength(6);
  rig.speedPosition = '9'; // far ahead of the archive
  await rig.append(someEvents(3, 9));
  rig.nowMs += 5_000;
  await archiver.turn();
  expect(await placesInLog(rig)).toHaveLength(3); // read, not archived
});

test('law 7: a recreated log is refused; its events would look archived', async () => {
  const archiver = await rig.start();
  await rig.append(someEvents(3));
  await rig.barrier(1);
  await archiver.turn();
  recreateMemoryDisk(rig.disk);
  const log = createMemoryLog({ partitions: rig.partitions, disk: rig.disk });
  const second = await rig.start({ log });
  await expect(second.turn()).rejects.toMatchObject({ code: 'log_recreated' });
});

test('law 7: a log that was trimmed past the archive is a hole, reported and not skipped', async () => {
  await rig.close();
  rig = await createRig(1);
  const archiver = await rig.start();
  await rig.append(someEvents(3));
  await rig.barrier(1);
  await archiver.turn();
  await rig.append(someEvents(6, 3));
  const [end] = await rig.log.ends();
  await rig.log.trim(0, end ?? '');
  await expect((await rig.start()).turn()).rejects.toMatchObject({ code: 'position_expired' });
});

test('a log that lost its tail is reported; what comes later is archived', async () => {
  await rig.close();
  rig = await createRig(1);
  await rig.append(someEvents(9));
  await rig.barrier(1);
  await (await rig.start()).turn();
  const partition = rig.disk.partitions[0];
  if (partition === undefined) throw new Error('a partition');
  // The file lost its last two entries; later positions are larger by the clock.
  partition.entries.splice(-2);
  partition.written = 2;
  const lost: unknown[] = [];
  const archiver = await rig.start({ onLostTail: (...what) => lost.push(what) });
  await archiver.turn();
  expect(lost).toEqual([[0, '0000000000000004', '0000000000000002']]);
  partition.written = 100;
  await rig.append(someEvents(3, 9));
  await rig.barrier(2);
  await archiver.turn();
  expect(await archivedRows(rig)).toHaveLength(12);
});
