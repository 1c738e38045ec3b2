import { sfc32 } from '@tributary/model/sfc32';
import { expect, test, vi } from 'vitest';
import { placesOf } from '../line-places.ts';
import { createEntryBuilder, type EntryBuilder } from './entries.ts';
import { batchesOf, encodeBatch, type OutgoingMessage, visitMessages } from './record-batch.ts';

const LIMITS = { mergeEvents: 4, mergeBytes: 200_000 };
const TIMES = 300;

/** A line of an append, marked as its last one or not. */
function message(value: Buffer, mark: 'l' | 'e'): OutgoingMessage {
  return { key: null, value, headers: [[Buffer.from('tributary'), Buffer.from(mark)]] };
}

/** Shows the builder the messages, one append. */
function show(builder: EntryBuilder, values: readonly Buffer[]): void {
  const messages = values.map((value, i) => message(value, i === values.length - 1 ? 'e' : 'l'));
  for (const batch of batchesOf(encodeBatch(messages, 1))) visitMessages(batch, builder.message);
}

function builderOf(limits = LIMITS): EntryBuilder {
  return createEntryBuilder('topic', 0, limits, Number.POSITIVE_INFINITY);
}

/** What each value is as a text by itself. */
const texts = (values: readonly Buffer[]) => values.map((value) => value.toString('utf8'));

test('law 2: the text of an entry is its lines, each as it is by itself, whatever bytes they hold', () => {
  const bits = sfc32(7, 11, 13);
  // Bytes with which texts of UTF-8 are begun, continued and cut, among others.
  const bytes = [0x0a, 0x41, 0x7f, 0x80, 0xbf, 0xc3, 0xe2, 0x82, 0xac, 0xed, 0xa0, 0xf0, 0x9f, 0x98, 0x80, 0xff, 0xef, 0xbb];
  for (let time = 0; time < TIMES; time++) {
    const values = Array.from({ length: 1 + (bits() % 6) }, () =>
      Buffer.from(Array.from({ length: bits() % 9 }, () => bytes[bits() % bytes.length] as number)),
    );
    const builder = builderOf();
    show(builder, values);
    const entries = builder.take();
    expect(entries.map(({ body }) => body).join('\n')).toEqual(texts(values).join('\n'));
    // A message of several lines, which none of ours is, is an entry by itself.
    if (!values.some((value) => value.includes(0x0a))) expect(entries).toHaveLength(1);
  }
});

test('laws 1 and 3: a line has the same place wherever the entry ends in which it is read, its own offset where its message is one line', () => {
  const bits = sfc32(3, 5, 8);
  const batches: Buffer[] = [];
  let offset = 0;
  for (let n = 0; n < 60; n++) {
    // Offsets are left out between batches: what ends a transaction has one.
    offset += bits() % 8 === 0 ? 1 : 0;
    const values = Array.from({ length: 1 + (bits() % 5) }, (_, i) => Buffer.from(bits() % 9 === 0 ? `a\nb\n${n}` : `${n} ${i}`));
    const batch = encodeBatch(
      values.map((value, i) => message(value, i === values.length - 1 ? 'e' : 'l')),
      1,
    );
    batch.writeBigInt64BE(BigInt(offset), 0);
    batches.push(batch);
    offset += values.length;
  }
  /** By place, read with these bounds, ending entries between these batches too. */
  const read = (mergeEvents: number, endsAfter: (batch: number) => boolean) => {
    const lines: [place: string, line: string][] = [];
    const builder = builderOf({ mergeEvents, mergeBytes: 100 + (bits() % 200) });
    const take = () => {
      for (const entry of builder.take()) {
        const placeOf = placesOf(entry);
        for (const [i, line] of entry.body.split('\n').entries()) {
          const { position, line: number } = placeOf(i);
          lines.push([`${position}.${String(number).padStart(7, '0')}`, line]);
        }
      }
    };
    for (const [i, batch] of batches.entries()) {
      for (const one of batchesOf(batch)) visitMessages(one, builder.message);
      if (endsAfter(i)) take();
    }
    take();
    return lines;
  };
  const once = read(1, () => true);
  expect(once.map(([place]) => place)).toEqual([...new Set(once.map(([place]) => place))].sort());
  expect(once.some(([place]) => place.endsWith('.0000002'))).toBe(true);
  for (let time = 0; time < 20; time++) expect(read(1 + (bits() % 40), () => bits() % 3 === 0)).toEqual(once);
});

test('law 2: lines of several builders at work never mix, and lines longer than what one left are whole', () => {
  const [a, b] = [builderOf(), builderOf()];
  const of = (letter: string, lengths: readonly number[]) => lengths.map((length) => Buffer.from(letter.repeat(length)));
  for (const lengths of [[1, 2], [70_000], [10, 0, 3], [1_000, 150_000, 1], [2_000_000], [5]]) {
    // Appends of one line are merged: what the builders have begun stays begun.
    show(a, of('a', lengths));
    show(b, of('b', lengths));
  }
  const lines = (builder: EntryBuilder) => builder.take().flatMap(({ body }) => body.split('\n'));
  const [ofA, ofB] = [lines(a), lines(b)];
  expect(ofA.map(({ length }) => length)).toEqual([1, 2, 70_000, 10, 0, 3, 1_000, 150_000, 1, 2_000_000, 5]);
  expect(ofA.every((line) => /^a*$/.test(line))).toBe(true);
  expect(ofB).toEqual(ofA.map((line) => line.replaceAll('a', 'b')));
});

test('law 7: what a builder leaves for the next one is never larger than a MiB', () => {
  const made = vi.spyOn(Buffer, 'allocUnsafe');
  const taken = (values: readonly Buffer[]) => {
    made.mockClear();
    const builder = builderOf();
    show(builder, values);
    expect(builder.take().map(({ body }) => body.length)).toEqual([values[0]?.length]);
    return made.mock.calls.map(([size]) => size).filter((size) => size === 65_536).length;
  };
  try {
    taken([Buffer.from('short')]);
    expect(taken([Buffer.from('short')])).toBe(0);
    expect(taken([Buffer.alloc(4_000_000, 'x')])).toBe(0);
    expect(taken([Buffer.from('short')])).toBe(1);
  } finally {
    made.mockRestore();
  }
});
