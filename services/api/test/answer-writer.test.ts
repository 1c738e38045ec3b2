/** Answers written as bytes: what was written, in its order, within a bound. */
import { expect, test } from 'vitest';
import { createAnswerWriter } from '../src/http/answer-writer.ts';

test('bytes and texts follow one another, however long they are', () => {
  const writer = createAnswerWriter(1_000_000);
  const parts = ['', 'a', 'é', '日本😀', 'x'.repeat(50_000), 'ü'.repeat(40_000)];
  for (const part of parts) {
    writer.text(part);
    writer.bytes(Buffer.from(part));
  }
  const expected = Buffer.from(parts.map((part) => part + part).join(''));
  expect(writer.written().equals(expected)).toBe(true);
  expect(writer.length()).toBe(expected.length);
});

test('law 7: what would be longer than an answer may be is refused while it is written', () => {
  const writer = createAnswerWriter(100_000);
  let written = 0;
  const write = () => {
    for (; written < 100; written++) writer.text('x'.repeat(20_000));
  };
  expect(write).toThrow(
    expect.objectContaining({ code: 'too_much_asked', message: expect.stringContaining('at most 100000 bytes') }),
  );
  expect(written).toBeLessThan(20);
  expect(() => writer.written()).toThrow('at most 100000 bytes');
});

test('room for what is likely changes nothing of what is written, nor of the bound', () => {
  for (const likely of [0, 1, 40_000, 1e12]) {
    const writer = createAnswerWriter(60_000, likely);
    for (let i = 0; i < 50; i++) writer.text('é'.repeat(500));
    expect(writer.written().toString()).toBe('é'.repeat(25_000));
    writer.bytes(Buffer.alloc(10_001));
    expect(() => writer.written()).toThrow(/^the answer must have at most 60000 bytes/);
  }
});

test('what is known last may stand before all that was written, and parts of other bytes within it', () => {
  const writer = createAnswerWriter(1_000_000);
  writer.text('x'.repeat(20_000));
  writer.part(Buffer.from('0123456789'), 2, 5);
  expect(writer.since(19_999).toString()).toBe('x234');
  expect(writer.writtenBehind('{"é":').toString()).toBe(`{"é":${'x'.repeat(20_000)}234`);
  expect(writer.writtenBehind('').equals(writer.written())).toBe(true);
  expect(() => writer.writtenBehind('x'.repeat(65))).toThrow('at most 64 bytes (got 65)');
});
