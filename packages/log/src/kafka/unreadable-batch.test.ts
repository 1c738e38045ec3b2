import { gzipSync, zstdCompressSync } from 'node:zlib';
import { decodeLine } from '@tributary/model/reading/decode-line';
import { describe, expect, it } from 'vitest';
import type { LogEntry } from '../port.ts';
import { visitCommitted } from './committed.ts';
import { crc32c } from './crc32c.ts';
import { MAX_UNPACKED_BYTES } from './decompress.ts';
import { createEntryBuilder, ENTRY_LIMITS, weightOf } from './entries.ts';
import { BATCH_HEADER, encodeBatch, type OutgoingMessage } from './record-batch.ts';

const MS = 1_700_000_000_000;
const message = (value: string | Buffer, mark?: string): OutgoingMessage => ({
  key: Buffer.from('u'),
  value: Buffer.from(value),
  headers: mark === undefined ? [] : [[Buffer.from('tributary'), Buffer.from(mark)]],
});
const event = (id: string) => message(JSON.stringify({ type: 't', userId: 'u', id }));

interface Changes {
  readonly codec?: number;
  readonly pack?: (records: Buffer) => Buffer;
}

/** As a broker stores it: the checksum is that of the producer's bytes. */
function stored(baseOffset: number, messages: readonly OutgoingMessage[], { codec = 0, pack = Buffer.from }: Changes = {}) {
  const batch = encodeBatch(messages, MS);
  const copy = Buffer.concat([batch.subarray(0, BATCH_HEADER), pack(batch.subarray(BATCH_HEADER))]);
  copy.writeBigInt64BE(BigInt(baseOffset));
  copy.writeInt32BE(copy.length - 12, 8);
  copy.writeInt16BE(codec, 21);
  copy.writeUInt32BE(crc32c(copy, 21), 17);
  return copy;
}

function read(batches: readonly Buffer[], from = 0, room = Number.POSITIVE_INFINITY, work = Number.POSITIVE_INFINITY) {
  const builder = createEntryBuilder('shop', 3, ENTRY_LIMITS, room);
  const fetched = { partition: 3, errorCode: 0, logStart: 0, aborted: [], records: Buffer.concat(batches) };
  const visited = visitCommitted(fetched, from, builder, work);
  return { ...visited, entries: builder.take() };
}

const idsOf = (entries: readonly LogEntry[]) =>
  entries.flatMap(({ body }) => body.split('\n')).map((line) => /"id":"(\w+)"/.exec(line)?.[1] ?? line.slice(0, 15));
const UNREADABLE = '{"undecodable":';
const spaces = (bytes: number) => [message(Buffer.alloc(bytes, 0x20))];
const cut = (records: Buffer) => gzipSync(records).subarray(0, -9);
const outOfOrder = (records: Buffer) => {
  // The offset of the second message, behind length, attributes and time.
  const copy = Buffer.from(records);
  copy[(records[0] as number) / 2 + 1 + 3] = 0;
  return copy;
};

describe('a batch that no reader can read', () => {
  it.each([
    ['grows beyond the bound (gzip)', spaces(MAX_UNPACKED_BYTES), { codec: 1, pack: (records: Buffer) => gzipSync(records) }],
    [
      'grows beyond the bound (zstd)',
      spaces(MAX_UNPACKED_BYTES),
      { codec: 4, pack: (records: Buffer) => zstdCompressSync(records) },
    ],
    // Literals of one byte, repeated: https://github.com/google/snappy/blob/main/format_description.txt
    ['grows beyond the bound (Snappy)', [event('a')], { codec: 2, pack: () => snappyBomb(MAX_UNPACKED_BYTES + 64) }],
    ['is cut', [event('a')], { codec: 1, pack: cut }],
    ['is not what its codec says', [event('a')], { codec: 3 }],
    ['has an unknown codec', [event('a')], { codec: 7 }],
  ])('law 7: one that %s is one entry at its last offset, and reading goes on behind it', (_, messages, changes) => {
    const batches = [stored(4, [event('before')]), stored(5, messages, changes), stored(6, [event('after')])];
    for (const from of [4, 5]) {
      const { next, failure, entries } = read(batches, from);
      expect([next, failure]).toEqual([7, null]);
      expect(idsOf(entries)).toEqual(['before', UNREADABLE, 'after'].slice(from - 4));
      expect(entries.at(-2)).toMatchObject({ kind: 'events', position: '0000000000000005', appendedMs: MS });
      expect(decodeLine(entries.at(-2)?.body as string, 3, 4, MS)).toMatchObject({
        ok: false,
        code: 'undecodable_record',
        message: expect.stringContaining('the batch with offsets 5 to 5 cannot be read: '),
      });
    }
  });

  it('law 7: messages before the fault count; the rest is reported as one, also to a reader that resumes among them', () => {
    const messages = [event('a'), event('b'), event('c')];
    const batches = [stored(0, messages, { pack: (records) => records.subarray(0, -1) }), stored(3, [event('after')])];
    for (const [from, ids] of [['a', 'b'], ['b'], []].entries()) {
      const { next, entries } = read(batches, from);
      expect(idsOf(entries)).toEqual([...ids, UNREADABLE, 'after']);
      expect(next).toBe(4);
      expect(entries.at(-2)).toMatchObject({ position: '0000000000000002', body: expect.stringContaining('2 to 2 cannot') });
    }
    const { entries } = read([stored(0, messages, { pack: outOfOrder }), stored(3, [event('after')])]);
    expect(idsOf(entries)).toEqual(['a', UNREADABLE, 'after']);
  });

  it('the largest batch of ours fits, also where the broker packs it', () => {
    const line = 'x'.repeat(MAX_UNPACKED_BYTES / 4 - 64);
    const messages = ['l', 'l', 'l', 'e'].map((mark) => message(line, mark));
    for (const [codec, pack] of [
      [1, gzipSync],
      [4, zstdCompressSync],
    ] as const) {
      const { entries } = read([stored(0, messages, { codec, pack: (records) => pack(records) })]);
      expect(entries.map(({ body }) => body.length)).toEqual([line.length * 4 + 3]);
    }
  });

  it('law 6: a copy that is damaged on its way or on a disk is a failure, not a dead letter; what lies before it is read', () => {
    const damaged = stored(1, [event('b')]);
    damaged[70] = (damaged[70] as number) ^ 1;
    const { next, failure, entries } = read([stored(0, [event('a')]), damaged, stored(2, [event('c')])]);
    expect([next, idsOf(entries)]).toEqual([1, ['a']]);
    expect(failure?.message).toContain('partition 3 cannot be read from offset 1 on: the batch at offset 1 is damaged');
  });
});

describe('what a reply unpacks to', () => {
  const pack = (records: Buffer) => zstdCompressSync(records);
  const ROOM = 1024 * 1024;

  /** Each read goes on where the one before it ended, with what the broker would send: all batches again. */
  function readOn(batches: readonly Buffer[], end: number): LogEntry[][] {
    const reads: LogEntry[][] = [];
    for (let from = 0; from < end; ) {
      const { next, entries } = read(batches, from, ROOM);
      expect(Number(entries.at(-1)?.position)).toBe(next - 1);
      reads.push(entries);
      from = next;
    }
    return reads;
  }

  it('law 3: ends with the room there is, in the middle of a batch, and goes on there', () => {
    const messages = Array.from({ length: 300 }, (_, i) =>
      message(JSON.stringify({ type: 't', userId: 'u', id: `e${i}`, page: 'x'.repeat(2_000) })),
    );
    const batches = [stored(0, messages, { codec: 4, pack }), stored(300, messages, { codec: 4, pack })];
    const reads = readOn(batches, 600);
    expect(reads.length).toBeGreaterThan(1);
    for (const entries of reads) expect(weightOf(entries)).toBeLessThan(ROOM * 1.1);
    expect(idsOf(reads.flat())).toEqual([...messages, ...messages].map((_, i) => `e${i % 300}`));
  });

  it.each([
    ['events', undefined],
    ['heartbeats', 'h'],
  ])('messages without a value are weighed as the entries that they become: %s', (_, mark) => {
    const messages = Array.from({ length: 20_000 }, () => message('', mark));
    const batch = stored(0, messages, { codec: 4, pack });
    const reads = readOn([batch], messages.length);
    expect(reads.length).toBeGreaterThan(1);
    for (const entries of reads) expect(weightOf(entries)).toBeLessThan(ROOM * 1.1);
  });

  it('law 7: ends with the work there is: batches that are refused are few bytes each, and cost as much as large ones', () => {
    const bomb = (at: number) => stored(at, spaces(MAX_UNPACKED_BYTES), { codec: 4, pack });
    const batches = [bomb(0), bomb(1), stored(2, [event('a')])];
    expect(batches[0]?.length).toBeLessThan(1_000);
    const { next, work, entries } = read(batches, 0, ROOM, MAX_UNPACKED_BYTES);
    expect([next, work, idsOf(entries)]).toEqual([1, MAX_UNPACKED_BYTES, [UNREADABLE]]);
    expect(read(batches, 0, ROOM, MAX_UNPACKED_BYTES + 1).next).toBe(2);
  });

  it('an append is never cut, however little room there is; another begins with the next batch', () => {
    const line = 'x'.repeat(ROOM);
    const batch = (at: number) => stored(at, [message(line, 'l'), message(line, 'l'), message('end', 'e')], { codec: 4, pack });
    const open = stored(6, [message(line, 'l'), message(line, 'l')], { codec: 4, pack });
    expect(
      readOn([batch(0), batch(3), open, batch(8)], 11).map((entries) => entries.map(({ position }) => Number(position))),
    ).toEqual([[2], [5], [7], [10]]);
  });
});

/** One literal, then copies of 64 bytes from just before. */
function snappyBomb(bytes: number): Buffer {
  const copies = Array.from({ length: Math.ceil(bytes / 64) }, () => [(63 << 2) | 2, 1, 0]);
  return Buffer.from([0x80, 0x80, 0x80, 0x08, 0, 0x20, ...copies.flat()]);
}
