import { expect, test } from 'vitest';
import { createWeights } from './weights.ts';

const MIB = 1024 * 1024;
const of = (length: number) => ({ body: 'x'.repeat(length) });

test('a first read asks for little; light entries let it ask for all', () => {
  const weights = createWeights();
  expect(weights.entriesWithin(MIB, 200)).toBe(4);
  for (let i = 0; i < 20; i++) weights.note([of(250)]);
  expect(weights.entriesWithin(MIB, 200)).toBe(200);
});

test('one heavy entry among light ones is enough to ask for few', () => {
  const weights = createWeights();
  weights.note([of(100), of(512 * 1024), of(100)]);
  expect(weights.entriesWithin(MIB, 200)).toBe(2);
  weights.note([of(100)]);
  expect(weights.entriesWithin(MIB, 200)).toBe(2);
  weights.note([of(100)]);
  expect(weights.entriesWithin(MIB, 200)).toBe(4);
});

test('an entry that is heavier than the bound is read all the same, alone', () => {
  const weights = createWeights();
  weights.note([of(2 * MIB)]);
  expect(weights.entriesWithin(MIB, 200)).toBe(1);
});

test('a read that found nothing says nothing', () => {
  const weights = createWeights();
  weights.note([]);
  expect(weights.entriesWithin(MIB, 200)).toBe(4);
});
