import { gzipSync, zstdCompressSync } from 'node:zlib';
import { Reader, readRecordsBatch } from '@platformatic/kafka';
import { describe, expect, it } from 'vitest';
import { visitCommitted } from './committed.ts';
import { crc32c } from './crc32c.ts';
import { BATCH_HEADER, batchesOf, encodeBatch, headersOf, type MessageView, visitMessages } from './record-batch.ts';

const text = (value: string) => Buffer.from(value);
const message = (key: string | null, value: string, headers: Record<string, string> = {}) => ({
  key: key === null ? null : text(key),
  value: text(value),
  headers: Object.entries(headers).map(([name, content]) => [text(name), text(content)] as const),
});

const MESSAGES = [
  message('ümläut', '{"ts":1}', { tributary: 'l', ce_id: 'a' }),
  message(null, ''),
  message('k', 'x'.repeat(70_000), { empty: '' }),
  ...Array.from({ length: 200 }, (_, i) => message(`key ${i}`, `value ${i}`)),
];

/** What a batch holds, as plain values. */
function contentsOf(data: Buffer) {
  const found: { offset: number; timestampMs: number; key: string | null; value: string; headers: object }[] = [];
  const textOf = (view: MessageView, at: number, length: number) =>
    length < 0 ? null : view.data.toString('utf8', at, at + length);
  for (const batch of batchesOf(data))
    visitMessages(batch, (view) => {
      found.push({
        offset: view.offset,
        timestampMs: view.timestampMs,
        key: textOf(view, view.keyAt, view.keyLength),
        value: textOf(view, view.valueAt, view.valueLength) ?? '',
        headers: Object.fromEntries(headersOf(view)),
      });
      return true;
    });
  return found;
}

const wanted = (first: number, timestampMs: number) =>
  MESSAGES.map(({ key, value, headers }, i) => ({
    offset: first + i,
    timestampMs,
    key: key === null ? null : key.toString(),
    value: value.toString(),
    headers: Object.fromEntries(headers.map(([name, content]) => [name.toString(), content.toString()])),
  }));

/** As a broker stores it: with its offset, which the checksum does not cover. */
function stored(batch: Buffer, baseOffset: number): Buffer {
  const copy = Buffer.from(batch);
  copy.writeBigInt64BE(BigInt(baseOffset));
  return copy;
}

/** With other attributes and records, sealed again. */
function changed(batch: Buffer, attributes: number, records = batch.subarray(BATCH_HEADER), producerId = -1): Buffer {
  const copy = Buffer.concat([batch.subarray(0, BATCH_HEADER), records]);
  copy.writeInt32BE(copy.length - 12, 8);
  copy.writeInt16BE(attributes, 21);
  copy.writeBigInt64BE(BigInt(producerId), 43);
  copy.writeUInt32BE(crc32c(copy, 21), 17);
  return copy;
}

describe('record batches', () => {
  it('come back as they were written, several in a row, far beyond 2^32', () => {
    const first = 2 ** 40 + 7;
    const batch = encodeBatch(MESSAGES, 1_700_000_000_123);
    const data = Buffer.concat([stored(batch, first), stored(batch, first + MESSAGES.length)]);
    expect(contentsOf(data)).toEqual([
      ...wanted(first, 1_700_000_000_123),
      ...wanted(first + MESSAGES.length, 1_700_000_000_123),
    ]);
  });

  it('are read by another client', () => {
    const { records } = readRecordsBatch(Reader.from(encodeBatch(MESSAGES, 5)));
    const read = records.map(({ key, value, headers }) => ({
      key,
      value,
      headers: headers.map(([name, content]) => [String(name), String(content)]),
    }));
    const written = MESSAGES.map(({ key, value, headers }) => ({
      key,
      value,
      headers: headers.map(([name, content]) => [String(name), String(content)]),
    }));
    expect(read).toEqual(written);
  });

  it.each([
    ['gzip', 1, gzipSync],
    ['zstd', 4, zstdCompressSync],
  ] as const)('are unpacked from %s', (_, codec, pack) => {
    const batch = encodeBatch(MESSAGES, 9);
    expect(contentsOf(changed(batch, codec, pack(batch.subarray(BATCH_HEADER))))).toEqual(wanted(0, 9));
  });

  it('stamped by the broker carry its clock', () => {
    const batch = changed(encodeBatch(MESSAGES.slice(0, 2), 9), 0x08);
    batch.writeBigInt64BE(77n, 35);
    batch.writeUInt32BE(crc32c(batch, 21), 17);
    expect(contentsOf(batch).map(({ timestampMs }) => timestampMs)).toEqual([77, 77]);
  });

  it('cut anywhere by the broker, give the whole ones', () => {
    const batch = encodeBatch(MESSAGES.slice(3, 8), 1);
    const data = Buffer.concat([batch, stored(batch, 5)]);
    for (let end = 0; end <= data.length; end++) {
      const whole = Math.floor(end / batch.length) * 5;
      expect(contentsOf(data.subarray(0, end))).toHaveLength(whole);
    }
  });

  it('with any byte of the checked part flipped are damaged, not misread', () => {
    const batch = encodeBatch(MESSAGES.slice(3, 6), 1);
    for (let at = 17; at < batch.length; at++) {
      const damaged = Buffer.from(batch);
      damaged[at] = (damaged[at] as number) ^ 0x10;
      expect(() => contentsOf(damaged)).toThrow('damaged');
    }
  });

  it('crc32c is that of the standard', () => {
    expect(crc32c(text('123456789'))).toBe(0xe3069283);
  });
});

describe('what counts of a fetch', () => {
  const batch = encodeBatch([message('k', 'a'), message('k', 'b')], 1);
  const fetched = (records: Buffer, aborted: { producerId: number; firstOffset: number }[] = []) => ({
    partition: 3,
    errorCode: 0,
    logStart: 0,
    aborted,
    records,
  });
  const offsetsOf = (records: Buffer, from: number, aborted: { producerId: number; firstOffset: number }[] = []) => {
    const offsets: number[] = [];
    const { next, failure } = visitCommitted(fetched(records, aborted), from, {
      message: ({ offset }) => offsets.push(offset) > 0,
      unreadable: () => expect.unreachable('all of it can be read'),
    });
    if (failure !== null) throw failure;
    return { offsets, next };
  };
  const TRANSACTION = 0x10;
  const END = 0x30;

  it('begins in the middle of a batch', () => {
    const data = Buffer.concat([stored(batch, 4), stored(batch, 6)]);
    expect(offsetsOf(data, 5)).toEqual({ offsets: [5, 6, 7], next: 8 });
    expect(offsetsOf(stored(batch, 4), 6)).toEqual({ offsets: [], next: 6 });
  });

  it('a hole is reported, never skipped', () => {
    const data = Buffer.concat([stored(batch, 4), stored(batch, 7)]);
    expect(() => offsetsOf(data, 4)).toThrowError(expect.objectContaining({ code: 'position_expired' }));
    expect(() => offsetsOf(stored(batch, 4), 3)).toThrowError(expect.objectContaining({ code: 'position_expired' }));
  });

  it('aborted transactions and control records do not count; committed ones of the same producer do', () => {
    const records = batch.subarray(BATCH_HEADER);
    const transactional = (at: number, producerId: number) => stored(changed(batch, TRANSACTION, records, producerId), at);
    const end = (at: number, producerId: number) => stored(changed(batch, END, records, producerId), at);
    const data = Buffer.concat([
      transactional(0, 7),
      transactional(2, 8),
      stored(batch, 4),
      end(6, 7),
      transactional(8, 7),
      end(10, 8),
      end(12, 7),
    ]);
    expect(offsetsOf(data, 0, [{ producerId: 7, firstOffset: 0 }])).toEqual({ offsets: [2, 3, 4, 5, 8, 9], next: 14 });
  });
});
